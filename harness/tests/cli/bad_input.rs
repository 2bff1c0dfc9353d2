//! What cannot work is said, with what, where and what to do; the exit status
//! is 2 and nothing is left behind.

use std::fs;

use super::{Place, has_server, stderr};

const TPCH: &str = "dataset = { tpch = { scale = 0.001 } }\n";

#[track_caller]
fn assert_refused(place: &Place, args: &[&str], expected: &[&str]) {
    let output = place.run(args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for words in expected {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
    assert!(!place.path("run").exists(), "a run folder was made");
    place.assert_clean();
}

#[test]
fn scenarios_are_checked_with_their_lines() {
    let cases = [
        ("[sweep]\njbos = [1]", "scenario.toml:3: unknown field `jbos`"),
        ("[sweep]\njobs = [0]", "scenario.toml:3: 0 is not a number of jobs"),
        ("[sweep]\njobs = []", "scenario.toml:3: jobs is empty"),
        ("[sweep]\njobs = [1, 4]\nformats = [\"tar\"]", "scenario.toml:4: format tar cannot"),
    ];
    for (text, expected) in cases {
        let place = Place::new();
        let scenario = place.scenario(&format!("{TPCH}{text}"));
        assert_refused(&place, &["sweep", &scenario, "--out", "run"], &[expected]);
    }
}

#[test]
fn a_missing_scenario_is_named() {
    let place = Place::new();
    assert_refused(&place, &["sweep", "nowhere.toml"], &["nowhere.toml", "cannot read"]);
}

#[test]
fn no_programs() {
    let place = Place::new();
    fs::create_dir(place.path("bin")).unwrap();
    let scenario = place.scenario(TPCH);
    let args = ["sweep", &scenario, "--out", "run", "--bindir", "bin"];
    assert_refused(&place, &args, &["has no", "pg_restore", "initdb"]);
}

#[test]
fn programs_of_different_majors() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    fs::create_dir(place.path("bin")).unwrap();
    for program in ["initdb", "pg_ctl", "postgres", "pg_dump", "pg_restore", "psql"] {
        let major = if program == "pg_dump" { 15 } else { 17 };
        let path = place.path("bin").join(program);
        fs::write(&path, format!("#!/bin/sh\necho '{program} (PostgreSQL) {major}.1'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let scenario = place.scenario(TPCH);
    let args = ["sweep", &scenario, "--out", "run", "--bindir", "bin"];
    assert_refused(&place, &args, &["mixes major versions", "--bindir"]);
}

#[test]
fn archives_that_are_none() {
    let place = Place::new();
    fs::write(place.path("text.dump"), "hello").unwrap();
    fs::write(place.path("cut.dump"), b"PGDMP\x01\x0e\x00\x04\x08\x01").unwrap();
    let sweep = |name| ["sweep", "--archive", name, "--out", "run"];
    assert_refused(&place, &sweep("missing.dump"), &["missing.dump"]);
    assert_refused(&place, &sweep("text.dump"), &["text.dump"]);
    assert_refused(&place, &sweep("cut.dump"), &["cut.dump"]);
}

#[test]
fn a_folder_that_exists() {
    let place = Place::new();
    let scenario = place.scenario(TPCH);
    fs::create_dir(place.path("there")).unwrap();
    let args = ["sweep", &scenario, "--out", "there"];
    assert_refused(&place, &args, &["there exists already", "--resume"]);
}

#[test]
fn a_server_that_does_not_answer() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(TPCH);
    let args = [
        "sweep",
        &scenario,
        "--out",
        "run",
        "--provider",
        "external",
        "--conninfo",
        "host=/nowhere dbname=x",
    ];
    assert_refused(&place, &args, &["cannot connect", "/nowhere"]);
}

#[test]
fn settings_that_no_server_takes() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(&format!("{TPCH}[server.settings]\nshared_bufers = \"1GB\""));
    let args = ["sweep", &scenario, "--out", "run"];
    assert_refused(&place, &args, &["does not start", "shared_bufers"]);
}

#[test]
fn a_scale_that_does_not_fit() {
    let place = Place::new();
    let scenario = place.scenario("dataset = { tpch = { scale = 90000 } }\n");
    let args = ["sweep", &scenario, "--out", "run"];
    assert_refused(&place, &args, &["of disk space will be needed", "--data-dir"]);
}

#[test]
fn folders_that_are_no_runs() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    assert_refused(&place, &["recommend", "empty"], &["not a run folder"]);
    assert_refused(&place, &["sweep", "--resume", "empty"], &["not a run folder"]);
}

#[test]
fn no_container_engine() {
    let place = Place::new();
    let scenario = place.scenario(TPCH);
    let output = place
        .jobtune(&["sweep", &scenario, "--out", "run", "--provider", "docker"])
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no container engine answers"), "{}", stderr(&output));
    place.assert_clean();
}
