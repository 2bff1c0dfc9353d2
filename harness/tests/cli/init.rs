//! `jobtune init` on archives of many kinds.

use std::fs;
use std::path::{Path, PathBuf};

use harness::scenario::{self, Dataset, Overrides};

use super::{Place, assert_done, has_server, stderr, stdout};

fn archives() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dumps = fs::read_dir(here.join("tests/archives")).unwrap().flatten();
    let dumps = dumps.map(|entry| entry.path());
    let dumps = dumps.filter(|path| path.extension().is_some_and(|of| of == "dump"));
    let core = here.join("../restore-core/tests/archives");
    let formats = ["13/custom", "15/directory", "17/custom-zstd", "17/directory-lz4", "18/tar"];
    let mut found: Vec<PathBuf> = dumps
        .chain(formats.map(|name| core.join(name)))
        .map(|path| path.canonicalize().unwrap())
        .collect();
    found.sort();
    assert!(found.len() > 15, "{found:?}");
    found
}

/// The text with every key that is switched off switched on.
fn switched_on(text: &str) -> String {
    let is_key = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[');
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if is_key(rest) => rest.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(|of| line(of) + "\n").collect()
}

#[test]
fn every_archive_gets_a_scenario_that_loads() {
    let place = Place::new();
    fs::create_dir(place.path("scenarios")).unwrap();
    for (number, archive) in archives().into_iter().enumerate() {
        let out = format!("scenarios/{number}.toml");
        let path = archive.to_string_lossy();
        let output = place.run(&["init", &path, "--out", &out]);
        assert_done(&output);
        assert!(stdout(&output).contains(&format!("jobtune sweep {out} --dry-run")));
        let text = fs::read_to_string(place.path(&out)).unwrap();
        let loaded = scenario::load(&place.path(&out), &Overrides::default());
        let loaded = loaded.unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
        let Dataset::Archive { path: named } = &loaded.variants[0].dataset else {
            panic!("{path}: no archive\n{text}")
        };
        assert_eq!(*named, archive);
        assert!(!loaded.sweep.jobs.is_empty() && !loaded.restore.owner);

        let all = switched_on(&text);
        assert!(all.contains("\n[workload]\n") && all.contains("\nseed "), "{all}");
        let file = place.path(&format!("scenarios/{number}-all.toml"));
        fs::write(&file, &all).unwrap();
        let all_on = scenario::load(&file, &Overrides::default());
        let all_on = all_on.unwrap_or_else(|error| panic!("{path}: {error}\n{all}"));
        assert!(all_on.variants.len() == 2 && all_on.variants[0].workload.is_some());
    }
}

#[test]
fn what_an_archive_needs_is_said() {
    let place = Place::new();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archives/supabase.dump");
    let output = place.run(&["init", &archive.to_string_lossy()]);
    assert_done(&output);
    let text = fs::read_to_string(place.path("supabase.toml")).unwrap();
    for words in [
        "name  = \"supabase\"\n",
        "from PostgreSQL 15.",
        "they need the roles \"anon\", \"authenticated\"",
        "- role \"anon\" for POLICY ",
        ": created on servers that jobtune starts",
        "- extension \"",
        "#image    = \"postgres:15\"\n",
        "# Here it takes about ",
        "jobs   = [1, 2",
    ] {
        assert!(text.contains(words), "{words:?} is missing:\n{text}");
    }
    let lines: Vec<&str> = text.lines().filter(|line| line.chars().count() > 90).collect();
    assert!(lines.iter().all(|line| !line.starts_with("# ")), "{lines:?}");
}

#[test]
fn a_file_that_is_there_is_kept() {
    let place = Place::new();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archives/mixture.dump");
    let archive = archive.to_string_lossy();
    fs::write(place.path("mixture.toml"), "mine\n").unwrap();
    let output = place.run(&["init", &archive]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--force"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(place.path("mixture.toml")).unwrap(), "mine\n");
    assert_done(&place.run(&["init", &archive, "--force"]));
    assert!(fs::read_to_string(place.path("mixture.toml")).unwrap().contains("[dataset]"));

    fs::write(place.path("script.sql"), "--\n-- PostgreSQL database dump\n--\n").unwrap();
    let output = place.run(&["init", "script.sql"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("SQL script"), "{}", stderr(&output));
    assert!(!place.path("script.toml").exists());
}

#[test]
fn the_written_scenario_runs_as_it_is() {
    let place = Place::new();
    let archives = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archives");
    fs::create_dir(place.path("dumps")).unwrap();
    fs::copy(archives.join("owner-grants.dump"), place.path("dumps/shop 1.dump")).unwrap();
    assert_done(&place.run(&["init", "dumps/shop 1.dump"]));
    let text = fs::read_to_string(place.path("shop-1.toml")).unwrap();
    assert!(text.contains("archive = { path = \"dumps/shop 1.dump\" }"), "{text}");
    let output = place.run(&["sweep", "shop-1.toml", "--dry-run"]);
    assert_done(&output);
    assert!(stdout(&output).contains("shop 1.dump"), "{}", stdout(&output));
    if !has_server() {
        return;
    }
    let output = place.run(&["sweep", "shop-1.toml", "--blocks", "1", "--out", "run"]);
    assert_done(&output);
    place.assert_clean();
    let trials = place.named_trials("run");
    assert!(trials.len() >= 2, "{trials:?}");
    assert!(trials.iter().all(|trial| trial["outcome"] == "completed"), "{trials:?}");

    // What the cluster ran on is recorded with it.
    let record = fs::read_to_string(place.path("run/run.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let conditions = &record["servers"]["base"]["conditions"];
    assert!(conditions["data_checksums"].is_boolean(), "{conditions}");
    if cfg!(target_os = "linux") {
        assert!(conditions["file_system"].is_string(), "{conditions}");
        assert!(conditions["mount_options"].as_str().unwrap().starts_with("rw"), "{conditions}");
    }
}
