//! The committed runs are whole, and can be judged with no server near.

use std::path::{Path, PathBuf};

use super::{Place, assert_done};

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
