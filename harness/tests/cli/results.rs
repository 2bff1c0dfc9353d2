//! The committed runs are whole, and can be judged with no server near.

use std::path::{Path, PathBuf};

use super::{Place, assert_done, stderr};

fn committed_runs() -> Vec<PathBuf> {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results");
    let folders = std::fs::read_dir(results).unwrap().flatten().map(|entry| entry.path());
    let mut runs: Vec<PathBuf> = folders.filter(|path| path.join("run.json").is_file()).collect();
    runs.sort();
    assert!(!runs.is_empty(), "no run is committed");
    runs
}

#[test]
fn committed_runs_are_whole_and_can_be_judged_anywhere() {
    for run in committed_runs() {
        let mut reader = csv::Reader::from_path(run.join("trials.csv")).unwrap();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        for (number, row) in (1_usize..).zip(&rows) {
            assert_eq!(row[0], number.to_string(), "{}", run.display());
        }
        let place = Place::new();
        let output = place
            .jobtune(&["recommend", &run.to_string_lossy(), "--format", "json"])
            .env("PATH", "")
            .output()
            .unwrap();
        assert_done(&output);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["measured"]["trials"], rows.len(), "{}", run.display());
        assert_eq!(report["measured"]["completed"], rows.len(), "{}", run.display());
        assert!(report["curves"].as_array().is_some_and(|curves| !curves.is_empty()));
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A committed run of schema 2 as the first program would have left it: rows
/// without load, no plans, and none of the keys that came later.
fn as_schema_1(from: &Path, to: &Path) {
    copy(from, to);
    std::fs::remove_file(to.join("load.csv")).unwrap();
    std::fs::remove_dir_all(to.join("plans")).unwrap();
    let mut rows = csv::Reader::from_path(from.join("trials.csv")).unwrap();
    let mut old = csv::Writer::from_path(to.join("trials.csv")).unwrap();
    // The last of them is the message.
    old.write_record(rows.headers().unwrap().iter().take(22)).unwrap();
    for row in rows.records() {
        old.write_record(row.unwrap().iter().take(22)).unwrap();
    }
    old.flush().unwrap();
    let path = to.join("run.json");
    let mut run: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    run["schema"] = 1.into();
    run.as_object_mut().unwrap().remove("load_notes");
    let scenario = run["scenario"].as_object_mut().unwrap();
    scenario.remove("phase");
    for key in ["load_interval", "warm_up"] {
        scenario["sweep"].as_object_mut().unwrap().remove(key);
    }
    scenario["limits"] = serde_json::json!({ "tolerance": "5%", "connections": null });
    std::fs::write(&path, serde_json::to_vec_pretty(&run).unwrap()).unwrap();
}

#[test]
fn runs_of_every_schema_are_read_by_every_verb() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results");
    let place = Place::new();
    std::fs::create_dir(place.path("runs")).unwrap();
    as_schema_1(&results.join("small-database"), &place.path("runs/one"));
    copy(&results.join("small-database"), &place.path("runs/two"));
    copy(&results.join("engines-tiny-tables"), &place.path("runs/three"));
    for (schema, run) in [(1, "runs/one"), (2, "runs/two"), (3, "runs/three")] {
        let text = std::fs::read_to_string(place.path(run).join("run.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(record["schema"], schema, "{run}");
        for format in ["text", "markdown", "json"] {
            assert_done(&place.run(&["recommend", run, "--format", format]));
            assert_done(&place.run(&["recommend", run, "--format", format, "--by", "host"]));
            assert_done(&place.run(&["claims", run, "--format", format]));
        }
        assert_done(&place.run(&["report", run, "--out", &format!("report-{schema}")]));
        // Few blocks: the same thing may be inconclusive, and is no error.
        let compared = place.run(&["compare", run, run]);
        assert!(matches!(compared.status.code(), Some(0 | 3)), "{}", stderr(&compared));
        assert_done(&place.run(&["sweep", "--like", run, "--dry-run"]));
        // What cannot be done with a run is told for what it is.
        for (args, said) in [
            (&["noise", run][..], "is not an A/A run"),
            (&["merge", run, "--out", "merged"], "is no shard"),
            (&["sweep", "--resume", run], "was made on another host"),
        ] {
            let output = place.run(args);
            assert_eq!(output.status.code(), Some(2), "{args:?}");
            assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
        }
    }
    let history = place.run(&["history", "runs", "--format", "json"]);
    assert_done(&history);
    let history: serde_json::Value = serde_json::from_slice(&history.stdout).unwrap();
    assert_eq!(history["runs"], 3, "{history}");
}
