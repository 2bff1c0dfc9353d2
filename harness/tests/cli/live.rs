//! Whole sweeps on a throw-away cluster.

use std::fs;

use super::{Place, assert_done, bindir, has_server, stderr, stdout};

/// Every format at once, on little data.
const SCENARIO: &str = r#"
name = "formats"
dataset = { tpch = { scale = 0.01 } }
[server.settings]
fsync = false
[sweep]
jobs = [1, 2]
formats = ["custom", "directory", "tar", "plain"]
compression = ["none", "gzip:1"]
blocks = { min = 2, max = 2 }
seed = 7
"#;

#[test]
fn a_sweep_over_every_format_is_recorded_and_recommends() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(SCENARIO);
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_done(&output);
    place.assert_clean();
    // 2 formats x 2 compressions x 2 jobs, and 2 serial points of reference.
    let trials = place.trials("run");
    assert_eq!(trials.len(), 2 * (8 + 2));
    assert!(trials.iter().all(|row| row.get(9) == Some("completed")), "{trials:?}");
    assert!(stdout(&output).contains("custom none"), "{}", stdout(&output));

    for trial in 1..=trials.len() {
        let items = fs::read_to_string(place.path("run").join(format!("items/{trial}.csv")));
        assert!(items.is_ok(), "trial {trial} has no items");
    }
    let json = place.run(&["recommend", "run", "--format", "json"]);
    assert_done(&json);
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(report["curves"].as_array().map(Vec::len), Some(6));

    // The archives are in the cache now; one that is damaged is made again.
    let again = place.run(&["sweep", &scenario, "--out", "run2"]);
    assert_done(&again);
    assert!(!stderr(&again).contains("dumping"), "{}", stderr(&again));
    let archives = fs::read_dir(place.path("cache/archives")).unwrap();
    let damaged = archives
        .flatten()
        .find_map(|entry| Some(entry.path().join("archive.tar")).filter(|path| path.is_file()))
        .unwrap();
    fs::write(&damaged, "no tar").unwrap();
    let mended = place.run(&["sweep", &scenario, "--out", "run3"]);
    assert_done(&mended);
    assert_eq!(stderr(&mended).matches("dumping it as").count(), 1, "{}", stderr(&mended));
}

#[test]
fn pgbench_sql_and_a_given_archive() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let sql = "CREATE TABLE \"odd \"\"name\" (id int PRIMARY KEY, t text);\n\
               INSERT INTO \"odd \"\"name\" SELECT g, repeat('x', g % 50) \
               FROM generate_series(1, 1000) g;\n\
               CREATE INDEX ON \"odd \"\"name\" (t);\n";
    fs::write(place.path("schema.sql"), sql).unwrap();
    let sweep = "[sweep]\njobs = [2]\nformats = [\"directory\"]\nblocks = { min = 1, max = 1 }\n";
    for dataset in ["pgbench = { scale = 1 }", "sql = { files = [\"schema.sql\"] }"] {
        let scenario = place.scenario(&format!("dataset = {{ {dataset} }}\n{sweep}"));
        let _ = fs::remove_dir_all(place.path("run"));
        assert_done(&place.run(&["sweep", &scenario, "--out", "run"]));
        assert_eq!(place.trials("run").len(), 1);
    }
    // What the cache holds is as good as any other archive.
    let archives = fs::read_dir(place.path("cache/archives")).unwrap();
    let archive = archives
        .flatten()
        .find_map(|entry| Some(entry.path().join("archive.dir")).filter(|path| path.is_dir()))
        .unwrap();
    let archive = archive.to_string_lossy();
    let output = place.run(&[
        "sweep",
        "--archive",
        &archive,
        "--jobs",
        "1,2",
        "--blocks",
        "1",
        "--out",
        "own",
    ]);
    assert_done(&output);
    assert_eq!(place.trials("own").len(), 2);
    place.assert_clean();
}

#[test]
fn a_failing_script_is_told_with_its_line() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    fs::write(place.path("bad.sql"), "CREATE TABLE t (id int);\nCREATE TABEL u ();\n").unwrap();
    let scenario = place.scenario("dataset = { sql = { files = [\"bad.sql\"] } }\n");
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("bad.sql:2: ERROR:"), "{}", stderr(&output));
    place.assert_clean();
}

#[test]
fn a_compression_that_this_pg_dump_does_not_know() {
    let Some(bindir) = bindir() else {
        assert!(!has_server());
        return;
    };
    let said =
        std::process::Command::new(bindir.join("pg_dump")).arg("--version").output().unwrap();
    let version = stdout(&said);
    let is_old = ["13.", "14.", "15."].iter().any(|old| version.contains(&format!(") {old}")));
    if !is_old {
        eprintln!("skipped: {version} knows every compression");
        return;
    }
    let place = Place::new();
    let scenario = place
        .scenario("dataset = { tpch = { scale = 0.001 } }\n[sweep]\ncompression = [\"zstd:3\"]\n");
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("zstd needs pg_dump 16 or newer"), "{}", stderr(&output));
    place.assert_clean();
}

#[test]
fn a_dry_run_does_nothing() {
    let place = Place::new();
    let scenario = place.scenario(SCENARIO);
    let output = place.run(&["sweep", &scenario, "--out", "run", "--dry-run"]);
    assert_done(&output);
    assert!(stdout(&output).contains("trials      20 to 20: 10 cells"), "{}", stdout(&output));
    assert!(!place.path("run").exists() && !place.path("cache").exists());
}
