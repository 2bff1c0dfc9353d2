//! Shards of a sweep, and the run that is made of them. The trials are run by the
//! scripted engine, so that the same trial comes out the same on any host; what
//! is compared is every file of the run folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use async_trait::async_trait;
use harness::design::{ArchiveKey, Cell, Design, Shard, Trial};
use harness::printer::Printer;
use harness::record::{
    ControlRow, Ending, ErrorRow, ItemRow, LatencyRow, LoadSample, Outcome, RunFolder, RunRecord,
    Stretch, TrialRow,
};
use harness::scenario::{Overrides, Phase};
use harness::sweep::source::check;
use harness::sweep::{
    Bench, BlockSource, Finished, ShardSource, Source, StopRule, WarmedUp, Watch,
};
use restore_core::engine::scripted::{Script, Scripted};
use restore_core::engine::{Engine, RestoreRequest, Target};
use restore_core::event::Step;
use restore_core::format::Format;
use restore_core::options::RestoreOptions;
use serde_json::json;

use super::support;
use super::survival::{place, start, wait_for_rows};
use super::{Place, assert_done, has_server, stderr, stdout};

const BLOCKS: u32 = 7;
const CELLS: usize = 4;

/// What a host is to the scripted engine: the shard that it has, and its name.
#[derive(Clone)]
struct Host {
    shard: Option<Shard>,
    name: &'static str,
    /// The host dies after so many trials.
    dies_after: Option<usize>,
    /// Names of the variants, of which the second is the first once more.
    variants: &'static [&'static str],
}

impl Host {
    fn of(index: u32, count: u32) -> Self {
        let names = ["ada", "bob", "cyd", "dot", "eve", "fay", "gus"];
        let shard = Some(Shard::new(index, count).unwrap());
        Self { shard, name: names[index as usize - 1], ..WHOLE }
    }
}

/// The record of a run that `host` makes.
fn record(place: &Place, host: &Host) -> RunRecord {
    let path = place.path("scripted.toml");
    let text = format!(
        "dataset = {{ tpch = {{ scale = 1.0 }} }}\n[sweep]\njobs = [1, 2, 4, 8]\nseed = 5\n\
         formats = [\"directory\"]\nblocks = {{ min = {BLOCKS}, max = {BLOCKS} }}\n"
    );
    let others = host.variants.iter().skip(1);
    let text = others.fold(text, |text, name| text + &format!("[[variant]]\nname = {name:?}\n"));
    fs::write(&path, text).unwrap();
    let scenario = harness::scenario::load(&path, &Overrides::default()).unwrap();
    let keys: Vec<ArchiveKey> = host
        .variants
        .iter()
        .map(|&variant| ArchiveKey {
            variant: variant.to_owned(),
            format: Format::Directory,
            compression: "gzip:6".parse().unwrap(),
        })
        .collect();
    let design = Design::new(Phase::Restore, &keys, &scenario.sweep, 5);
    let server = json!({
        "provider": "local", "version": "17.5 (Debian 17.5-1)", "major": 17,
        "client_version": "17.5", "cores": 4,
        "settings": { "shared_buffers": "128MB", "max_connections": "100" }, "notes": [],
    });
    let servers: BTreeMap<&str, serde_json::Value> =
        host.variants.iter().map(|&variant| (variant, server.clone())).collect();
    let archives: Vec<serde_json::Value> = keys
        .iter()
        .map(|key| {
            json!({
                "key": key, "path": "/nowhere/archive", "bytes": 123_456,
                "sha256": "ab12ab12ab12ab12ab12", "dumped_by": "17.5", "items": 46,
                "has_offsets": true,
                "largest_item": { "name": "public.lineitem", "share": 0.42 }, "rows": null,
            })
        })
        .collect();
    let mut record = json!({
        "schema": 3, "jobtune_version": "0.1.0", "run": format!("{:0>8}", host.name),
        "created_at": "2026-01-01T00:00:00.000Z", "scenario": scenario, "design": design,
        "host": {
            "os": "Linux", "kernel": "6.1", "cpu_model": "a processor", "cores": 4,
            "memory_bytes": 8_000_000_000_u64,
        },
        "servers": servers, "archives": archives,
        "sessions": 1, "ended": null,
    });
    if let Some(shard) = host.shard {
        record["shard"] = json!(shard);
        record["identity"] = json!({ "name": host.name });
    }
    serde_json::from_value(record).unwrap()
}

struct NoRule;

impl StopRule for NoRule {
    fn decide(&self, _: &[TrialRow]) -> Option<Ending> {
        None
    }
}

fn source(run: &RunRecord) -> Box<dyn Source + '_> {
    let blocks = run.scenario.sweep.blocks;
    match run.shard {
        Some(shard) => Box::new(ShardSource::new(&run.design, blocks.max, shard)),
        None => Box::new(BlockSource::new(&run.design, blocks, &NoRule)),
    }
}

/// Sweeps into the folder `name`, from its beginning or from where it is, as a
/// session does.
fn sweep(place: &Place, name: &str, host: &Host) -> anyhow::Result<Ending> {
    let path = place.path(name);
    let (folder, run) = if path.exists() {
        let folder = RunFolder::open(&path)?;
        folder.mend()?;
        let run = folder.run()?;
        check(source(&run).as_ref(), &folder.trials()?)?;
        (folder, run)
    } else {
        let run = record(place, host);
        (RunFolder::create(&path, &run, &[])?, run)
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let mut machine = Machine { left: host.dies_after };
    let printer = Printer::new(true);
    let source = source(&run);
    let swept = harness::sweep::run(&mut machine, &folder, &run, source.as_ref(), &printer);
    let ending = runtime.block_on(swept)?;
    folder.write_run(&RunRecord { ended: Some(ending), ..folder.run()? })?;
    Ok(ending)
}

/// Runs trials whose outcome depends on the trial alone.
struct Machine {
    /// Trials until the host dies.
    left: Option<usize>,
}

/// Every ninth trial fails, so that there are errors and logs.
fn fails(trial: u32) -> bool {
    trial % 9 == 4
}

#[async_trait]
impl Bench for Machine {
    fn warm_ups(&self) -> Vec<Cell> {
        Vec::new()
    }

    async fn warm_up(&mut self, _: &Cell, _: Watch<'_>) -> anyhow::Result<WarmedUp> {
        Ok(WarmedUp::default())
    }

    async fn run(
        &mut self,
        trial: &Trial<'_>,
        session: u32,
        _: Watch<'_>,
    ) -> anyhow::Result<Finished> {
        if let Some(left) = &mut self.left {
            if *left == 0 {
                bail!("the host is gone");
            }
            *left -= 1;
        }
        let (number, jobs) = (trial.number, trial.cell.jobs.get());
        let noise = f64::from(number * 7919 % 101) / 5_000.0;
        let wall = Duration::from_secs_f64(60.0 / f64::from(jobs.min(4)) * (1.0 + noise));
        let error = fails(number)
            .then(|| "pg_restore: error: could not execute query: ERROR:  x".to_owned());
        let engine = Scripted::new(move |_: &RestoreRequest| Script {
            wall,
            items: 6,
            error: error.clone(),
        });
        let request = RestoreRequest {
            archive: "archive".into(),
            target: Target { conninfo: String::new(), env: Vec::new() },
            jobs: trial.cell.jobs,
            options: RestoreOptions::without_roles(),
            time_limit: trial.limit,
        };
        let report = engine.start(&request).await?.end.await;
        let seconds = report.wall.as_secs_f64();
        let mut row =
            support::row(number, trial.block, trial.position, Format::Directory, jobs, seconds);
        row.session = session;
        row.variant.clone_from(&trial.cell.archive.variant);
        if fails(number) {
            row.outcome = Outcome::Failed;
            row.errors = 1;
        }
        let item = ItemRow {
            lane: 1,
            start_ns: 0,
            end_ns: row.wall_ns,
            dump_id: Some(number),
            kind: "TABLE DATA".to_owned(),
            name: "public.t".to_owned(),
            bytes: Some(7),
            step: Step::Whole,
        };
        let sample =
            |at_ns| LoadSample { trial: number, at_ns, interval_ns: 5, ..LoadSample::default() };
        let error = ErrorRow {
            dump_id: Some(3),
            line: None,
            kind: "TABLE".to_owned(),
            name: "public.t".to_owned(),
            class: "other".to_owned(),
            accepted: false,
            of_session: false,
            message: "ERROR:  x".to_owned(),
            detail: None,
            hint: None,
            context: None,
            statement: None,
        };
        let decision = ControlRow {
            at_ns: u64::from(number),
            jobs,
            flow: 100,
            parallel_workers: None,
            limit: "latency".to_owned(),
            reading: "1 ms".to_owned(),
            pressure: 0.25,
            reason: "more".to_owned(),
        };
        Ok(Finished {
            row,
            items: vec![item],
            load: vec![sample(5), sample(10)],
            load_notes: Vec::new(),
            latency: vec![LatencyRow {
                stretch: Stretch::During,
                latency_us: 900,
                transactions: u64::from(number),
            }],
            decisions: vec![decision],
            errors: if fails(number) { vec![error] } else { Vec::new() },
            error_reference: None,
            reached_end: true,
            log: if fails(number) { vec![format!("trial {number} failed")] } else { Vec::new() },
        })
    }
}

/// Every file of a run folder but run.json, by its name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn add(folder: &Path, root: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                add(&path, root, found);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    add(folder, folder, &mut found);
    found.remove("run.json").unwrap();
    found
}

/// The shards of a sweep, each in a folder of its own.
fn shards(place: &Place, count: u32) -> Vec<String> {
    (1..=count)
        .map(|index| {
            let name = format!("{index}of{count}");
            assert_eq!(sweep(place, &name, &Host::of(index, count)).unwrap(), Ending::MaxBlocks);
            name
        })
        .collect()
}

fn merge(place: &Place, runs: &[String], out: &str, more: &[&str]) -> std::process::Output {
    let runs = runs.iter().map(String::as_str);
    let args: Vec<&str> = ["merge"]
        .into_iter()
        .chain(runs)
        .chain(["--out", out])
        .chain(more.iter().copied())
        .collect();
    place.run(&args)
}

#[track_caller]
fn assert_refused(place: &Place, output: &std::process::Output, expected: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for words in expected {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
    assert!(!place.path("merged").exists(), "a run folder was made");
}

const WHOLE: Host = Host { shard: None, name: "one", dies_after: None, variants: &["base"] };

#[test]
fn shards_merged_in_any_order_are_the_run_in_one_piece() {
    let place = Place::new();
    sweep(&place, "whole", &WHOLE).unwrap();
    let whole = files(&place.path("whole"));
    for name in [
        "trials.csv",
        "load.csv",
        "items/1.csv",
        "latency/1.csv",
        "control/1.csv",
        "errors/4.csv",
        "logs/4.log",
    ] {
        assert!(whole.contains_key(name), "{name} is compared");
    }
    for count in [1, 2, 3, 7] {
        let mut runs = shards(&place, count);
        for turn in 0..count {
            runs.rotate_left(1);
            if turn % 2 == 1 {
                runs.reverse();
            }
            let out = format!("merged-{count}-{turn}");
            assert_done(&merge(&place, &runs, &out, &[]));
            assert_eq!(files(&place.path(&out)), whole, "{count} shards: {runs:?}");
            let record = |out: &str| fs::read(place.path(out).join("run.json")).unwrap();
            assert_eq!(record(&out), record(&format!("merged-{count}-0")), "{runs:?}");
        }
    }
    let run = RunFolder::open(&place.path("merged-3-0")).unwrap().run().unwrap();
    assert_eq!(run.shard, None);
    assert_eq!(run.ended, Some(Ending::MaxBlocks));
    let hosts: Vec<(Option<&str>, &[u32])> =
        run.hosts.iter().map(|of| (of.identity.name.as_deref(), of.blocks.as_slice())).collect();
    assert_eq!(
        hosts,
        [(Some("ada"), &[1, 4, 7][..]), (Some("bob"), &[2, 5]), (Some("cyd"), &[3, 6])]
    );
    // Every verb that reads runs reads this one.
    for verb in ["recommend", "claims", "report"] {
        assert_done(&place.run(&[verb, "merged-3-0"]));
    }
    assert_done(&place.run(&["history", "."]));
    let compared = place.run(&["compare", "merged-3-0", "merged-3-0"]);
    assert!(compared.status.code() != Some(2), "{}", stderr(&compared));
}

#[test]
fn each_kind_of_host_has_its_own_answer_and_its_price() {
    let place = Place::new();
    let runs = shards(&place, 2);
    for (run, label, price) in [("1of2", "small", 0.36), ("2of2", "large", 3.6)] {
        edit(&place, run, |record| {
            record["identity"]["label"] = json!(label);
            record["identity"]["price_per_hour"] = json!(price);
        });
    }
    assert_done(&merge(&place, &runs, "merged", &[]));
    let of_run = |args: &[&str]| {
        let output = place.run(&[&["recommend", "merged"], args].concat());
        assert_done(&output);
        // Lines are broken to the width of the terminal.
        stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let seen: serde_json::Value =
        serde_json::from_str(&of_run(&["--by", "host", "--format", "json"])).unwrap();
    assert_eq!(seen["by"], "host");
    let hosts = seen["hosts"].as_array().unwrap();
    let of = |key: &str| -> Vec<serde_json::Value> {
        hosts.iter().map(|host| host[key].clone()).collect()
    };
    assert_eq!(of("label"), ["large", "small"]);
    assert_eq!(of("blocks"), [3, 4]);
    assert_eq!(of("price_per_hour"), [3.6, 0.36]);
    for host in hosts {
        let best = &host["best"][0];
        let cost = best["cost_per_restore"]["value"].as_f64().unwrap();
        let seconds = best["time_seconds"]["value"].as_f64().unwrap();
        let price = host["price_per_hour"].as_f64().unwrap();
        assert!((cost / (seconds * price / 3600.0) - 1.0).abs() < 1e-5, "{host}");
        assert_eq!(host["recommendation"]["curves"][0]["blocks"], host["blocks"]);
        assert_eq!(host["recommendation"]["curves"][0]["hosts"], serde_json::Value::Null);
    }
    let said = of_run(&["--by", "host"]);
    assert!(said.contains("They are cheapest on small: 0.00"), "{said}");
    // All together: two hosts, which is said.
    let together = of_run(&[]);
    assert!(together.contains("on 2 hosts (ada (small), bob (large))"), "{together}");
    assert!(together.contains("2 hosts: what is said of all of them"), "{together}");
    // A shard by itself is one host.
    assert_done(&place.run(&["recommend", "1of2", "--by", "host"]));
}

#[test]
fn the_gate_and_noise_have_hosts_as_observations() {
    let place = Place::new();
    let runs: Vec<String> = (1..=3)
        .map(|index| {
            let host = Host { variants: &["base", "again"], ..Host::of(index, 3) };
            sweep(&place, &format!("{index}"), &host).unwrap();
            index.to_string()
        })
        .collect();
    assert_done(&merge(&place, &runs, "merged", &[]));
    let answer = |args: &[&str]| -> serde_json::Value {
        let output = place.run(&[args, &["--format", "json"]].concat());
        assert!(matches!(output.status.code(), Some(0 | 3)), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let noise = answer(&["noise", "merged"]);
    assert_eq!(noise["blocks"], BLOCKS - 1, "a trial that failed leaves no pair in its block");
    let metrics = noise["metrics"].as_array().unwrap();
    assert!(metrics.iter().all(|metric| metric["between_hosts_ratio"].is_number()), "{noise}");
    let compared = answer(&["compare", "merged"]);
    // Three hosts leave two degrees of freedom: the same rows on one host have
    // other bounds, from as many blocks.
    edit(&place, "merged", |record| record["hosts"] = json!([]));
    let alone = answer(&["compare", "merged"]);
    let at_one_job = |answer: &serde_json::Value| {
        let mut metrics = answer["metrics"].as_array().unwrap().iter();
        let metric = metrics.find(|metric| metric["jobs"] == 1).unwrap();
        let bound = |key: &str| metric[key].as_f64().unwrap();
        (metric["blocks"].clone(), bound("ratio_high").ln() - bound("ratio_low").ln())
    };
    let ((blocks, over_hosts), (same, over_blocks)) = (at_one_job(&compared), at_one_job(&alone));
    assert_eq!(blocks, same);
    assert!((over_hosts - over_blocks).abs() > 1e-6, "{over_hosts} {over_blocks}");
    assert_eq!(answer(&["noise", "merged"])["metrics"][0]["between_hosts_ratio"], json!(null));
}

#[test]
fn shards_of_one_host_are_one_host() {
    let place = Place::new();
    let runs = shards(&place, 3);
    for run in &runs[1..] {
        edit(&place, run, |record| record["identity"]["name"] = json!("ada"));
    }
    let merged = merge(&place, &runs, "merged", &[]);
    assert_done(&merged);
    assert!(stdout(&merged).contains("28 trials in 7 blocks on 1 host."), "{}", stdout(&merged));
    let run = RunFolder::open(&place.path("merged")).unwrap().run().unwrap();
    let [host] = &run.hosts[..] else { panic!("{:?}", run.hosts) };
    assert_eq!(host.blocks, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(host.runs.len(), 3);
}

/// Changes run.json of a run.
fn edit(place: &Place, run: &str, change: impl FnOnce(&mut serde_json::Value)) {
    let path = place.path(run).join("run.json");
    let mut record = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut record);
    fs::write(&path, serde_json::to_vec(&record).unwrap()).unwrap();
}

#[test]
fn a_lost_shard_is_named_with_the_command_that_runs_it() {
    let place = Place::new();
    let mut runs = shards(&place, 3);
    runs.remove(1);
    assert_refused(
        &place,
        &merge(&place, &runs, "merged", &[]),
        &[
            "2 of 7 blocks are missing",
            "shard 2/3, with blocks 2, 5: jobtune sweep --like 1of3 --shard 2/3",
            "--allow missing",
        ],
    );
    let allowed = merge(&place, &runs, "merged", &["--allow", "missing"]);
    assert_done(&allowed);
    assert!(stderr(&allowed).contains("left out, as allowed: shard 2/3"), "{}", stderr(&allowed));
    let blocks: Vec<String> = place.trials("merged").iter().map(|row| row[1].to_owned()).collect();
    assert_eq!(blocks.len(), 5 * CELLS);
    assert!(!blocks.iter().any(|block| ["2", "5"].contains(&block.as_str())), "{blocks:?}");
    let run = RunFolder::open(&place.path("merged")).unwrap().run().unwrap();
    assert_eq!(run.ended, None, "something is left to do");
    assert_done(&place.run(&["recommend", "merged"]));
    // The rest belongs to its shard, not to the merged run.
    let resumed = place.run(&["sweep", "--resume", "merged"]);
    assert_eq!(resumed.status.code(), Some(2));
    assert!(stderr(&resumed).contains("was merged from shards"), "{}", stderr(&resumed));
    // The command says what it would do, with the seed and blocks of the others.
    let described = place.run(&["sweep", "--like", "1of3", "--shard", "2/3", "--dry-run"]);
    assert_done(&described);
    let said = stdout(&described);
    assert!(said.contains("2/3: 8 trials, the blocks 2, 5 of 7"), "{said}");
    let first = RunFolder::open(&place.path("1of3")).unwrap().run().unwrap();
    let block = first.design.block(2);
    assert!(said.contains(&block[0].cell.to_string()) && said.contains("seed"), "{said}");
}

#[test]
fn an_interrupted_shard_goes_on_and_its_whole_blocks_can_be_had_before() {
    let place = Place::new();
    sweep(&place, "whole", &WHOLE).unwrap();
    let mut runs = shards(&place, 3);
    fs::remove_dir_all(place.path("1of3")).unwrap();
    // Within the second of its three blocks.
    let dying = Host { dies_after: Some(CELLS + 2), ..Host::of(1, 3) };
    sweep(&place, "1of3", &dying).unwrap_err();
    runs.reverse();
    assert_refused(
        &place,
        &merge(&place, &runs, "merged", &[]),
        &[
            "2 of 7 blocks are missing",
            "of shard 1/3 in 1of3 blocks 4, 7: jobtune sweep --resume 1of3",
        ],
    );
    let allowed = merge(&place, &runs, "merged", &["--allow", "missing"]);
    assert_done(&allowed);
    assert_eq!(place.trials("merged").len(), 5 * CELLS, "half a block is no block");
    assert!(!place.path("merged/items/13.csv").exists(), "nor are its tables there");
    assert!(place.path("1of3/items/13.csv").exists());

    assert_eq!(sweep(&place, "1of3", &Host::of(1, 3)).unwrap(), Ending::MaxBlocks);
    assert_done(&merge(&place, &runs, "again", &[]));
    assert_eq!(files(&place.path("again")), files(&place.path("whole")));
}

#[test]
fn a_shard_counts_once() {
    let place = Place::new();
    let mut runs = shards(&place, 2);
    sweep(&place, "again", &Host::of(2, 2)).unwrap();
    runs.push("again".to_owned());
    assert_refused(
        &place,
        &merge(&place, &runs, "merged", &["--allow", "missing"]),
        &["2of2 and again are both shard 2/2"],
    );
    let twice = ["1of2".to_owned(), "1of2".to_owned()];
    assert_refused(&place, &merge(&place, &twice, "merged", &[]), &["are both shard 1/2"]);
}

#[test]
fn shards_of_other_sweeps_are_refused() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(Change, &str); 8] = [
        (|run| run["design"]["seed"] = json!(6), "seed: 5 and 6"),
        (|run| run["shard"] = json!("2/4"), "number of shards: 2 and 4"),
        (
            |run| run["scenario"]["sweep"]["cache"] = json!("cold"),
            "scenario: sweep.cache is \"warm\" and \"cold\"",
        ),
        (|run| run["scenario"]["sweep"]["blocks"]["max"] = json!(8), "sweep.blocks.max is 7 and 8"),
        (
            |run| run["scenario"]["variants"][0]["dataset"] = json!({ "tpch": { "scale": 2.0 } }),
            "variants 1.dataset.tpch.scale is 1.0 and 2.0",
        ),
        (
            |run| run["archives"][0]["sha256"] = json!("cd34"),
            "archive: base directory gzip:6 is another one",
        ),
        (
            |run| run["servers"]["base"]["version"] = json!("17.6 (Debian 17.6-1)"),
            "version: base: PostgreSQL 17.5 with programs 17.5 and PostgreSQL 17.6 with programs 17.5",
        ),
        (
            |run| {
                run["design"]["cells"].as_array_mut().unwrap().pop();
            },
            "cells: the designs have other cells",
        ),
    ];
    let place = Place::new();
    let runs = shards(&place, 2);
    let whole = fs::read(place.path("2of2/run.json")).unwrap();
    for (change, expected) in cases {
        edit(&place, "2of2", change);
        let refused = merge(&place, &runs, "merged", &["--allow", "missing"]);
        assert_refused(&place, &refused, &["are not shards of the same sweep", expected]);
        fs::write(place.path("2of2/run.json"), &whole).unwrap();
    }
    // Where something is on a host, and how long it may take, is the host's affair.
    edit(&place, "2of2", |run| {
        run["scenario"]["variants"][0]["server"]["provider"]["bindir"] = json!("/elsewhere/bin");
        run["scenario"]["sweep"]["budget"] = json!("2h");
        run["archives"][0]["path"] = json!("/elsewhere/archive");
        run["archives"][0]["sha256"] = json!("cd34");
        run["servers"]["base"]["version"] = json!("17.5");
        run["servers"]["base"]["settings"]["shared_buffers"] = json!("1GB");
    });
    let refused = merge(&place, &runs, "merged", &[]);
    assert_refused(&place, &refused, &["archive: ", "say --allow archive"]);
    let merged = merge(&place, &runs, "merged", &["--allow", "archive"]);
    assert_done(&merged);
    assert!(stderr(&merged).contains("shared_buffers = 128MB and 1GB"), "{}", stderr(&merged));
}

#[test]
fn what_is_no_shard_is_not_merged() {
    let place = Place::new();
    sweep(&place, "whole", &WHOLE).unwrap();
    let merged = merge(&place, &["whole".to_owned()], "merged", &[]);
    assert_refused(&place, &merged, &["whole is no shard: it was not swept with --shard"]);
    let runs = shards(&place, 2);
    assert_done(&merge(&place, &runs, "first", &[]));
    let merged = merge(&place, &["first".to_owned()], "merged", &[]);
    assert_refused(&place, &merged, &["first was merged already"]);
    let exists = merge(&place, &runs, "first", &[]);
    assert_eq!(exists.status.code(), Some(2));
    assert!(stderr(&exists).contains("exists already"), "{}", stderr(&exists));
    // Rows that are not the design's are damage.
    let trials = place.path("2of2/trials.csv");
    let text = fs::read_to_string(&trials).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let swapped = [&lines[..1], &lines[2..3], &lines[1..2], &lines[3..]].concat().join("\n");
    fs::write(&trials, swapped + "\n").unwrap();
    let merged = merge(&place, &runs, "merged", &[]);
    assert_refused(&place, &merged, &["cannot merge 2of2", "does not follow the design"]);
}

const SCENARIO: &str = "name = \"sharded\"\ndataset = { tpch = { scale = 0.01 } }\n\
    [sweep]\njobs = [1, 2]\nformats = [\"directory\"]\nblocks = { min = 1, max = 4 }\n\
    warm_up = \"off\"\nload_interval = \"off\"\n";

#[test]
fn a_shard_that_cannot_be_a_part_is_refused() {
    let place = Place::new();
    let scenario = place.scenario(SCENARIO);
    let sweep = |more: &[&str]| {
        place.run(&[&["sweep", &scenario, "--out", "merged", "--dry-run"], more].concat())
    };
    assert_refused(&place, &sweep(&["--shard", "1/2"]), &["--shard 1/2 needs a seed"]);
    let seeded = |shard| sweep(&["--seed", "5", "--shard", shard]);
    assert_refused(&place, &seeded("1/5"), &["4 blocks cannot be shared out among 5 shards"]);
    assert_refused(&place, &seeded("3/2"), &["there is no shard 3 of 2"]);
    assert_refused(&place, &seeded("two"), &["a shard is INDEX/COUNT"]);
    // All blocks are run that there may be: a shard cannot decide that it is enough.
    let described = seeded("2/3");
    assert_done(&described);
    let said = stdout(&described);
    assert!(said.contains("2/3: 2 trials, the blocks 2 of 4"), "{said}");
    assert!(said.contains("8 to 8: 2 cells in 4 to 4 blocks"), "{said}");
}

#[test]
fn the_environment_of_a_task_tells_its_shard() {
    let place = Place::new();
    let scenario = place.scenario(SCENARIO);
    let said = |shard: &str, environment: &[(&str, &str)]| {
        let mut command =
            place.jobtune(&["sweep", &scenario, "--seed", "5", "--dry-run", "--shard", shard]);
        for name in [
            "SLURM_ARRAY_TASK_ID",
            "JOB_COMPLETION_INDEX",
            "CI_NODE_INDEX",
            "AWS_BATCH_JOB_ARRAY_INDEX",
            "SGE_TASK_ID",
        ] {
            command.env_remove(name);
        }
        let output = command.envs(environment.iter().copied()).output().unwrap();
        stdout(&output) + &stderr(&output)
    };
    assert!(said("auto/4", &[("JOB_COMPLETION_INDEX", "0")]).contains("1/4: 2 trials"));
    assert!(
        said("auto", &[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "2")]).contains("2/2: 4 trials")
    );
    assert!(said("auto", &[]).contains("--shard auto finds no index in the environment"));
}

#[test]
fn shards_of_a_server_are_swept_interrupted_resumed_and_merged() {
    if !has_server() {
        return;
    }
    let place = place();
    let scenario = place.scenario(SCENARIO);
    let of = |shard: &'static str, out: &'static str| {
        let args = ["--seed", "5", "--shard", shard, "--out", out, "--host-label", "small"];
        [&["sweep", scenario.as_str()][..], &args, &["--price-per-hour", "0.5"]].concat()
    };
    let mut child = start(&place, &of("1/2", "run"));
    wait_for_rows(&place, 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_done(&place.run(&["clean"]));
    // What has another label is another host.
    let other = place.run(&["sweep", "--resume", "run", "--host-label", "large"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(
        stderr(&other).contains("its label is \"small\", that of this one \"large\""),
        "{}",
        stderr(&other)
    );
    assert_done(&place.run(&["sweep", "--resume", "run"]));
    let blocks: Vec<String> = place.trials("run").iter().map(|row| row[1].to_owned()).collect();
    assert_eq!(blocks, ["1", "1", "3", "3"]);
    let numbers: Vec<String> = place.trials("run").iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(numbers, ["1", "2", "5", "6"], "as in the whole design");

    assert_done(&place.run(&of("2/2", "second")));
    assert_done(&place.run(&["merge", "second", "run", "--out", "merged"]));
    let rows = place.trials("merged");
    assert_eq!(rows.len(), 8);
    assert!((1..=8).zip(&rows).all(|(number, row)| row[0] == number.to_string()));
    assert_done(&place.run(&["recommend", "merged"]));
    place.assert_clean();
}
