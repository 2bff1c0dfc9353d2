//! `jobtune runs` on the committed runs and on damaged ones.

use std::fs;
use std::path::Path;

use super::{Place, assert_done, stderr, stdout};

fn results() -> String {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results");
    results.canonicalize().unwrap().to_string_lossy().into_owned()
}

#[test]
fn runs_are_listed_with_what_they_say() {
    let place = Place::new();
    let output = place.run(&["runs", &results(), "--format", "json"]);
    assert_done(&output);
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let runs = list["runs"].as_array().unwrap();
    let folders = fs::read_dir(results()).unwrap().flatten();
    let folders = folders.filter(|entry| entry.path().join("run.json").is_file()).count();
    assert_eq!(runs.len(), folders);
    assert!(list["damaged"].as_array().unwrap().is_empty());
    let times: Vec<&str> = runs.iter().map(|run| run["created_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");

    let tpch = runs.iter().find(|run| run["name"] == "tpch-sf1").unwrap();
    assert_eq!(tpch["trials"], tpch["trials_completed"]);
    assert!(tpch["trials_most"].as_u64() >= tpch["trials"].as_u64());
    assert!(tpch["verdict"].as_str().unwrap().contains("-j 2"), "{tpch}");
    assert!(tpch["server_versions"][0].as_str().unwrap().starts_with("17"), "{tpch}");

    let text = place.run(&["runs", &format!("{}/tpch-sf1", results())]);
    assert_done(&text);
    let text = stdout(&text);
    assert!(text.starts_with("1 run in "), "{text}");
    let row = text.lines().find(|line| line.trim_start().starts_with("tpch-sf1")).unwrap();
    assert!(row.contains("-j 2"), "{text}");
}

#[test]
fn damaged_folders_are_named_and_no_more() {
    let place = Place::new();
    let run = |name: &str| place.path("runs").join(name);
    for name in ["good", "torn", "no-record", "newer", "not-a-run"] {
        fs::create_dir_all(run(name)).unwrap();
    }
    for (from, to) in [("run.json", "good"), ("trials.csv", "good"), ("trials.csv", "no-record")] {
        fs::copy(format!("{}/tpch-sf1/{from}", results()), run(to).join(from)).unwrap();
    }
    let record = fs::read_to_string(run("good").join("run.json")).unwrap();
    fs::write(run("torn").join("run.json"), &record[..record.len() / 2]).unwrap();
    let newer = record.replacen("\"schema\": ", "\"schema\": 99", 1);
    fs::write(run("newer").join("run.json"), newer).unwrap();
    fs::write(run("not-a-run").join("notes.txt"), "").unwrap();

    let output = place.run(&["runs"]);
    assert_done(&output);
    let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.starts_with("1 run in runs; 3 folders cannot be read."), "{text}");
    for words in ["no-record: ", "is not a run folder", "torn: ", "newer: "] {
        assert!(text.contains(words), "{words:?} is missing: {text}");
    }
    assert!(!text.contains("not-a-run"), "{text}");

    let output = place.run(&["runs", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot read the folder nowhere"), "{}", stderr(&output));
}

/// The list must say what `jobtune recommend` says, limits of a workload included.
#[test]
fn verdicts_are_those_of_recommend() {
    let place = Place::new();
    for name in ["production", "foreign-keys", "dump"] {
        let run = format!("{}/{name}", results());
        let list = place.run(&["runs", &run, "--format", "json"]);
        let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
        let verdict = list["runs"][0]["verdict"].as_str().unwrap();
        let study = place.run(&["recommend", &run, "--format", "json"]);
        let study: serde_json::Value = serde_json::from_slice(&study.stdout).unwrap();
        for curve in study["curves"].as_array().unwrap() {
            let said = match curve["verdict"]["jobs"].as_u64() {
                Some(jobs) => format!("-j {jobs}"),
                None => "inconclusive".to_owned(),
            };
            assert!(verdict.contains(&said), "{name}: {said} is not in {verdict:?}");
        }
    }
}
