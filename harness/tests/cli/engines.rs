//! The engine as an axis of a sweep: `pg_restore` and the native engine on the same archive.

use std::collections::{BTreeMap, BTreeSet};

use super::containers::has_images;
use super::{Place, assert_done, has_server, stderr, stdout};

const SWEEP: &str = "dataset = { tpch = { scale = 0.01 } }\n\
     [sweep]\njobs = [1, 2]\nengines = [\"pg_restore\", \"native\"]\n\
     blocks = { min = 3, max = 3 }\nwarm_up = \"off\"\n";

/// How many trials each engine has, all of which completed.
fn trials_by_engine(place: &Place, run: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in place.named_trials(run) {
        assert_eq!(row["outcome"], "completed", "{row:?}");
        *counts.entry(row["engine"].clone()).or_default() += 1;
    }
    counts
}

#[test]
fn both_engines_are_compared_in_the_same_blocks() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(&format!("{SWEEP}formats = [\"directory\"]\n"));
    let swept = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_done(&swept);
    let each = |count: usize| {
        BTreeMap::from([("native".to_owned(), count), ("pg_restore".to_owned(), count)])
    };
    assert_eq!(trials_by_engine(&place, "run"), each(6));
    assert!(stderr(&swept).contains("native directory gzip:6"), "{}", stderr(&swept));

    // Each engine has a curve of its own, and the two are compared.
    let judged = place.run(&["recommend", "run", "--format", "json"]);
    assert_done(&judged);
    let judged: serde_json::Value = serde_json::from_slice(&judged.stdout).unwrap();
    let engines: Vec<&str> = judged["curves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|curve| curve["engine"].as_str().unwrap())
        .collect();
    assert_eq!(engines.len(), 2, "{engines:?}");
    assert!(engines.contains(&"native") && engines.contains(&"pg_restore"));
    let text = stdout(&place.run(&["recommend", "run"]));
    assert!(text.contains("Between curves"), "{text}");

    // The steps of the native engine are recorded.
    let native = place.named_trials("run").into_iter().find(|row| row["engine"] == "native");
    let trial = native.unwrap()["trial"].clone();
    let mut items =
        csv::Reader::from_path(place.path("run").join(format!("items/{trial}.csv"))).unwrap();
    let items: Vec<BTreeMap<String, String>> = items.deserialize().map(Result::unwrap).collect();
    // A row for each worker that loads slices of a table.
    let loads = items.iter().filter(|row| row["step"].starts_with("load"));
    let tables: BTreeSet<&str> = loads.map(|row| row["name"].as_str()).collect();
    assert_eq!(tables.len(), 8, "those of TPC-H");

    // A page can be made of it.
    assert_done(&place.run(&["report", "run"]));
    // A run goes on only by the engines that it began with.
    assert_eq!(
        place.run(&["sweep", "--resume", "run", "--engines", "native"]).status.code(),
        Some(2)
    );
    assert_done(&place.run(&["sweep", "--resume", "run"]));
    place.assert_clean();
}

#[test]
fn the_native_engine_restores_within_the_container() {
    if !has_images() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(
        "dataset = { tpch = { scale = 0.01 } }\n[server]\nprovider = \"docker\"\n\
         [sweep]\njobs = [2]\nengines = [\"native\"]\nformats = [\"custom\", \"tar\"]\n\
         blocks = { min = 1, max = 1 }\n",
    );
    for major in ["15", "17", "18"] {
        let image = format!("postgres:{major}");
        assert_done(&place.run(&["sweep", &scenario, "--image", &image, "--out", major]));
        let rows = place.named_trials(major);
        let of_engine =
            |row: &BTreeMap<String, String>| (row["format"].clone(), row["jobs"].clone());
        let mut cells: Vec<_> = rows.iter().map(of_engine).collect();
        cells.sort();
        let expected = [("custom", "2"), ("tar", "2")];
        assert_eq!(cells, expected.map(|(format, jobs)| (format.to_owned(), jobs.to_owned())));
        assert!(rows.iter().all(|row| row["outcome"] == "completed"), "{rows:?}");
        assert!(rows.iter().all(|row| row["client_cpu_ns"] != "0"), "its own client is measured");
    }
    place.assert_clean();
}

#[test]
fn what_the_native_engine_does_not_do_is_refused() {
    let place = Place::new();
    let refusal = |sweep: &str| {
        let scenario =
            place.scenario(&format!("dataset = {{ tpch = {{ scale = 0.01 }} }}\n{sweep}"));
        let output = place.run(&["sweep", &scenario, "--out", "run"]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        stderr(&output)
    };
    let dump = refusal("phase = \"dump\"\n[sweep]\nengines = [\"native\"]\n");
    assert!(dump.contains("engine native restores, it makes no dumps"), "{dump}");
    let plain = refusal("[sweep]\nengines = [\"native\"]\nformats = [\"plain\"]\n");
    assert!(plain.contains("native") && plain.contains("plain"), "{plain}");
    let unknown = refusal("[sweep]\nengines = [\"pgcopydb\"]\n");
    assert!(unknown.contains("scenario.toml:") && unknown.contains("pg_restore"), "{unknown}");
}

#[test]
fn hashes_of_what_was_restored_are_held_against_the_archive() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario =
        place.scenario(&format!("{SWEEP}formats = [\"custom\"]\n[restore]\nverify = \"hashes\"\n"));
    assert_done(&place.run(&["sweep", &scenario, "--out", "run", "--jobs", "2"]));
    assert_eq!(trials_by_engine(&place, "run")["native"], 3);

    // As many rows as before, but one of them is another one.
    std::fs::write(
        place.path("tamper.sql"),
        "UPDATE region SET r_comment = 'tampered' WHERE r_regionkey = 1;\n",
    )
    .unwrap();
    let tamper = place.path("tamper.sql").display().to_string();
    let args = ["--out", "other", "--jobs", "2", "--after", &tamper];
    let swept = place.run(&[&["sweep", &scenario][..], &args].concat());
    assert!(!swept.status.success());
    for row in place.named_trials("other") {
        assert_eq!(row["outcome"], "invalid", "{row:?}");
        let message = &row["message"];
        assert!(message.contains("rows of public.region: the archive has 5 rows"), "{message}");
    }
    // The counts alone do not show it.
    let counted = ["--out", "third", "--jobs", "2", "--after", &tamper, "--verify", "rows"];
    assert_done(&place.run(&[&["sweep", &scenario][..], &counted].concat()));
}

#[test]
fn auto_is_a_cell_beside_fixed_numbers_and_its_decisions_are_recorded() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(
        "dataset = { tpch = { scale = 0.01 } }\n[sweep]\njobs = [1, 2, \"auto\"]\n\
         engines = [\"native\"]\nformats = [\"custom\"]\nblocks = { min = 3, max = 3 }\n\
         warm_up = \"off\"\n[restore]\nkeep = [\"connections=50\"]\n",
    );
    let swept = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_done(&swept);
    let expected = BTreeMap::from([("native".to_owned(), 6), ("native-auto".to_owned(), 3)]);
    assert_eq!(trials_by_engine(&place, "run"), expected);
    let auto = place.named_trials("run").into_iter().filter(|row| row["engine"] == "native-auto");
    for row in auto {
        assert_eq!(row["jobs"], "2", "the most that there may be");
        let path = place.path("run").join(format!("control/{}.csv", row["trial"]));
        // A restore that ends within the first period decides nothing.
        let Ok(mut table) = csv::Reader::from_path(path) else { continue };
        let rows: Vec<BTreeMap<String, String>> = table.deserialize().map(Result::unwrap).collect();
        assert!(rows.iter().all(|row| row["limit"] == "connections=50"), "{rows:?}");
    }
    let judged = place.run(&["recommend", "run"]);
    assert_done(&judged);
    assert!(stdout(&judged).contains("native-auto custom"), "{}", stdout(&judged));

    // What cannot be asked for is told with its place.
    for (sweep, words) in [
        ("jobs = [1, \"auto\"]", "add engines = [\"native\"]"),
        ("jobs = [\"auto\"]\nengines = [\"native\"]", "give numbers to compare it with"),
        ("jobs = [1, \"many\"]", "is not a number of jobs"),
        ("jobs = [1, \"auto\"]\nengines = [\"native\"]", "needs something to keep"),
        ("engines = [\"native\"]\n[restore]\nkeep = [\"cpu=80%\"]", "restore.keep is for jobs"),
    ] {
        let text = format!("dataset = {{ tpch = {{ scale = 0.01 }} }}\n[sweep]\n{sweep}\n");
        let refused = place.run(&["sweep", &place.scenario(&text), "--dry-run"]);
        assert_eq!(refused.status.code(), Some(2), "{sweep}");
        assert!(stderr(&refused).contains(words), "{sweep}: {}", stderr(&refused));
    }
}
