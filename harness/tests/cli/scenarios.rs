//! The project's own scenarios at their smallest, and what goes wrong with
//! scenarios.

use std::path::{Path, PathBuf};

use super::containers::has_images;
use super::{Place, assert_done, has_server, stderr, stdout};

fn library() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    found.sort();
    found
}

#[test]
fn every_scenario_says_what_it_is_for_and_what_it_takes() {
    for path in library() {
        let text = std::fs::read_to_string(&path).unwrap();
        let head: String = text.lines().take_while(|line| line.starts_with('#')).collect();
        for words in ["minutes", "disk"] {
            assert!(head.contains(words), "{}: no {words:?} in {head}", path.display());
        }
    }
}

/// One command with one summary, and every restore and dump of it verified.
#[test]
fn the_whole_library_runs_at_its_smallest() {
    if !has_server() || !has_images() {
        return;
    }
    let place = Place::new();
    let library = library();
    let mut args = vec!["sweep"];
    args.extend(library.iter().map(|path| path.to_str().unwrap()));
    args.extend(["--scale", "small", "--jobs", "1,2", "--blocks", "1", "--out", "runs"]);
    let output = place.run(&args);
    assert_done(&output);
    place.assert_clean();
    let said = stdout(&output);
    assert!(said.starts_with(&format!("{} scenarios", library.len())), "{said}");
    for path in library {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let trials = place.trials(&format!("runs/{name}"));
        assert!(!trials.is_empty(), "{name} has no trials");
        let outcomes: Vec<&str> = trials.iter().filter_map(|row| row.get(9)).collect();
        assert!(outcomes.iter().all(|outcome| *outcome == "completed"), "{name}: {trials:?}");
        let line = format!("\n{name}: {0} of {0} trials completed\n", trials.len());
        assert!(said.contains(&line), "{line:?} is not in {said}");
    }
}

const SQL: &str = "dataset = { sql = { files = [\"shape.sql\"], size = \"1GB\" } }\n\
                   sweep = { jobs = [1], formats = [\"directory\"], blocks = { min = 1, max = 1 } }\n";

#[test]
fn sql_that_fails_is_told_with_file_and_line() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    std::fs::write(place.path("shape.sql"), "SELECT 1;\n\nSELECT nothing;\n").unwrap();
    let output = place.run(&["sweep", &place.scenario(SQL), "--out", "run"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    for words in ["shape.sql failed", "shape.sql:3: ERROR:  column \"nothing\" does not exist"] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
    place.assert_clean();
}

#[test]
fn a_scale_beyond_the_disk_is_refused_before_it_starts() {
    let place = Place::new();
    std::fs::write(place.path("shape.sql"), "SELECT 1;\n").unwrap();
    let output = place.run(&["sweep", &place.scenario(SQL), "--scale", "100000"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    for words in ["of disk space will be needed", "are free", "choose a smaller scale"] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
    assert!(!place.path("runs").exists() && !place.path("state").exists(), "something was begun");
}

#[test]
fn without_containers_a_scenario_is_skipped_and_the_exit_status_says_so() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let here = place.path("here.toml");
    let sweep = "[sweep]\njobs = [1]\nformats = [\"custom\"]\nblocks = { min = 1, max = 1 }\n";
    let dataset = "dataset = { pgbench = { scale = 1 } }\n";
    std::fs::write(&here, format!("{dataset}{sweep}")).unwrap();
    let there = place.path("there.toml");
    std::fs::write(&there, format!("{dataset}server.provider = \"docker\"\n{sweep}")).unwrap();
    let paths = [there, here].map(|path| path.to_string_lossy().into_owned());
    let output = place
        .jobtune(&["sweep", &paths[0], &paths[1], "--out", "runs"])
        .env("DOCKER_HOST", "tcp://127.0.0.1:9")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("there: skipped, it needs containers"), "{said}");
    assert!(said.contains("here: 1 of 1 trials completed"), "{said}");
    assert!(!place.path("runs/there").exists());
    place.assert_clean();
}

#[test]
fn dumps_are_swept_and_recommended_as_dumps() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(
        "phase = \"dump\"\ndataset = { pgbench = { scale = 1 } }\n\
         [sweep]\njobs = [1, 2]\nformats = [\"directory\", \"custom\", \"tar\", \"plain\"]\n\
         blocks = { min = 3, max = 3 }\n",
    );
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_done(&output);
    place.assert_clean();
    assert_eq!(
        std::fs::read_dir(place.path("cache/dumps")).unwrap().count(),
        0,
        "archives are left"
    );
    // Directories with each number of jobs, all others with one.
    let trials = place.trials("run");
    assert_eq!(trials.len(), 3 * (2 + 3));
    assert!(trials.iter().all(|row| row.get(5) == Some("pg_dump")), "{trials:?}");
    assert!(trials.iter().all(|row| row.get(9) == Some("completed")), "{trials:?}");
    let mut reader = csv::Reader::from_path(place.path("run/trials.csv")).unwrap();
    let column = reader.headers().unwrap().iter().position(|name| name == "archive_bytes");
    let bytes = |row: &csv::StringRecord| row[column.unwrap()].parse::<u64>().unwrap();
    assert!(trials.iter().all(|row| bytes(row) > 100_000), "{trials:?}");
    let said = stdout(&output);
    assert!(said.contains("pg_dump directory gzip:6"), "{said}");
    assert!(said.contains("Dumping took") && !said.contains("Restoring"), "{said}");
}
