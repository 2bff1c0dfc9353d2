//! A machine whose restores follow a script, swept as a real one is: the design
//! draws the order, the sweep's own loop runs the trials on the `scripted` engine
//! under a paused clock, and the rows are those that the run folder has in the
//! end.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use harness::design::{ArchiveKey, Cell, Design, Trial};
use harness::printer::Printer;
use harness::record::run::SCHEMA;
use harness::record::{Ending, Host, RunFolder, RunRecord, TrialRow};
use harness::scenario::quantity::Percent;
use harness::scenario::{Blocks, Overrides, Phase, Scenario};
use harness::stats::random;
use harness::sweep::{Bench, BlockSource, Finished, StopRule, WarmedUp, Watch};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use restore_core::engine::scripted::{Script, Scripted};
use restore_core::engine::{Engine, RestoreRequest, Target};
use restore_core::options::RestoreOptions;
use restore_core::units::Jobs;
use tokio::runtime::{Builder, Runtime};

use crate::Row;
use crate::support;

const ARMS: [&str; 2] = ["base", "candidate"];

/// Sweeps one experiment after the other.
pub(crate) struct Laboratory {
    /// In memory: the disk has nothing to do with how often the gate errs.
    place: tempfile::TempDir,
    scenario: Scenario,
    runtime: Runtime,
}

impl Laboratory {
    /// One with its folders below `memory`.
    pub(crate) fn new(memory: &Path) -> Self {
        let place = tempfile::tempdir_in(memory).unwrap();
        let path = place.path().join("simulated.toml");
        let text = "dataset = { tpch = { scale = 1.0 } }\n[[variant]]\nname = \"candidate\"\n";
        std::fs::write(&path, text).unwrap();
        let scenario = harness::scenario::load(&path, &Overrides::default()).unwrap();
        let runtime =
            Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        Self { place, scenario, runtime }
    }

    /// The rows of a run with this seed.
    pub(crate) fn sweep(&self, row: &Row, seed: u64) -> Vec<TrialRow> {
        let run = self.record(row, seed);
        let path = self.place.path().join("run");
        let folder = RunFolder::create(&path, &run, &[]).unwrap();
        let source = BlockSource::new(&run.design, run.scenario.sweep.blocks, &NoRule);
        let mut bench = Machine::new(row, &run.design, seed);
        let printer = Printer::new(true);
        let swept = harness::sweep::run(&mut bench, &folder, &run, &source, &printer);
        assert_eq!(self.runtime.block_on(swept).unwrap(), Ending::MaxBlocks);
        let rows = folder.trials().unwrap();
        std::fs::remove_dir_all(path).unwrap();
        rows
    }

    fn record(&self, row: &Row, seed: u64) -> RunRecord {
        let mut scenario = self.scenario.clone();
        let precision = Percent::new(3);
        scenario.sweep.blocks = Blocks { min: row.blocks, max: row.blocks, precision };
        scenario.sweep.jobs =
            row.curve.times.iter().map(|&(jobs, _)| Jobs::new(jobs).unwrap()).collect();
        let keys = ARMS.map(|variant| ArchiveKey {
            variant: variant.to_owned(),
            format: row.curve.format,
            compression: "gzip:6".parse().unwrap(),
        });
        RunRecord {
            schema: SCHEMA,
            jobtune_version: env!("CARGO_PKG_VERSION").to_owned(),
            run: "simulated".to_owned(),
            created_at: "2026-01-01T00:00:00.000Z".to_owned(),
            design: Design::new(Phase::Restore, &keys, &scenario.sweep, seed),
            scenario,
            adaptive: None,
            shard: None,
            identity: None,
            hosts: Vec::new(),
            host: Host {
                os: "none".to_owned(),
                kernel: "none".to_owned(),
                cpu_model: "none".to_owned(),
                cores: 4,
                memory_bytes: 1 << 30,
            },
            servers: BTreeMap::new(),
            archives: Vec::new(),
            scripts: Vec::new(),
            sessions: 1,
            load_notes: Vec::new(),
            error_notes: Vec::new(),
            ended: None,
        }
    }
}

/// As many blocks as were asked for.
struct NoRule;

impl StopRule for NoRule {
    fn decide(&self, _: &[TrialRow]) -> Option<Ending> {
        None
    }
}

/// Restores in the true times, with noise.
struct Machine<'a> {
    row: &'a Row,
    trials: u32,
    random: ChaCha8Rng,
    /// What all restores of a block have in common: the block, and ln of its
    /// factor.
    block: (u32, f64),
}

impl<'a> Machine<'a> {
    fn new(row: &'a Row, design: &Design, seed: u64) -> Self {
        let trials = row.blocks * design.cells().len() as u32;
        Self { row, trials, random: random::stream(seed, "scripted machine"), block: (0, 0.0) }
    }

    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.random)
    }

    /// The times of a block differ from those of others by half of what those
    /// within it differ by; the machine becomes slower from the first trial to
    /// the last by the drift.
    fn wall(&mut self, trial: &Trial<'_>) -> Duration {
        let spread = self.row.spread;
        if self.block.0 != trial.block {
            self.block = (trial.block, 0.5 * spread * self.normal());
        }
        let Cell { archive, jobs, .. } = trial.cell;
        let (_, truth) =
            *self.row.curve.times.iter().find(|(known, _)| *known == jobs.get()).unwrap();
        let effect = if archive.variant == ARMS[0] { 1.0 } else { self.row.effect };
        let passed = f64::from(trial.number - 1) / f64::from(self.trials - 1);
        let noise = self.block.1 + spread * self.normal() + self.row.drift.ln_1p() * passed;
        Duration::from_secs_f64(truth * effect * noise.exp())
    }
}

#[async_trait]
impl Bench for Machine<'_> {
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
        let wall = self.wall(trial);
        let Cell { archive, jobs, .. } = trial.cell;
        let request = RestoreRequest {
            archive: "archive".into(),
            target: Target { conninfo: String::new(), env: Vec::new() },
            jobs: *jobs,
            options: RestoreOptions::without_roles(),
            time_limit: trial.limit,
        };
        let engine =
            Scripted::new(move |_: &RestoreRequest| Script { wall, items: 0, error: None });
        let report = engine.start(&request).await?.end.await;
        let restored = support::row(
            trial.number,
            trial.block,
            trial.position,
            archive.format,
            jobs.get(),
            report.wall.as_secs_f64(),
        );
        Ok(Finished {
            row: TrialRow {
                session,
                variant: archive.variant.clone(),
                engine: engine.name().to_owned(),
                ..restored
            },
            items: Vec::new(),
            load: Vec::new(),
            load_notes: Vec::new(),
            latency: Vec::new(),
            decisions: Vec::new(),
            errors: Vec::new(),
            error_reference: None,
            reached_end: true,
            log: Vec::new(),
        })
    }
}
