//! Scripts and commands around a restore, and databases with a name of the
//! user's.

use std::fs;

use super::cases::archive;
use super::survival::{place, start, wait_for_rows};
use super::{Place, assert_done, has_server, stderr};

/// The tables of data-only.dump.
const TABLES: &str = "CREATE TABLE city (id int PRIMARY KEY, name text);\n\
                      CREATE TABLE person (id int PRIMARY KEY, city int);\n";

/// A scenario over an archive, with these keys of `[restore]`.
fn scenario(place: &Place, archive_name: &str, restore: &str, more: &str) -> String {
    place.scenario(&format!(
        "dataset.archive.path = {:?}\n[sweep]\njobs = [1, 2]\n\
         blocks = {{ min = 1, max = 1 }}\n[restore]\n{restore}\n{more}",
        archive(archive_name)
    ))
}

#[test]
fn a_data_only_archive_is_restored_into_tables_made_before() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    fs::write(place.path("tables.sql"), TABLES).unwrap();
    let archive = archive("data-only");
    let args = ["sweep", "--archive", &archive, "--jobs", "1,2", "--blocks", "1", "--out", "run"];
    assert_done(&place.run(&[&args[..], &["--before", "tables.sql"]].concat()));
    let trials = place.named_trials("run");
    assert_eq!(trials.len(), 2);
    for row in &trials {
        assert_eq!((&*row["outcome"], &*row["rows"]), ("completed", "2050"), "{row:?}");
        assert!(row["before_ns"].parse::<u64>().unwrap() > 0);
        assert_eq!(row["after_ns"], "");
    }
    place.assert_clean();
}

#[test]
fn commands_know_the_trial_that_they_are_run_for() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let log = |name: &str| place.path(name).display().to_string();
    let command = |file: &str| {
        format!("echo $JOBTUNE_TRIAL $JOBTUNE_JOBS $JOBTUNE_DATABASE $JOBTUNE_CONNINFO >> {file}")
    };
    let restore = format!(
        "before = [\"tables.sql\"]\nprepare = [{:?}]\ncleanup = [{:?}]\ndatabase = \"the shop\"",
        command(&log("prepared")),
        command(&log("cleaned"))
    );
    fs::write(place.path("tables.sql"), TABLES).unwrap();
    let scenario = scenario(&place, "data-only", &restore, "");
    assert_done(&place.run(&["sweep", &scenario, "--out", "run"]));
    let prepared = fs::read_to_string(place.path("prepared")).unwrap();
    assert_eq!(prepared, fs::read_to_string(place.path("cleaned")).unwrap());
    let lines: Vec<&str> = prepared.lines().collect();
    // A warm-up and two trials.
    assert_eq!(lines.len(), 3, "{prepared}");
    for (line, trial) in lines.iter().zip(["0 ", "1 ", "2 "]) {
        assert!(line.starts_with(trial) && line.contains(" the shop host="), "{line}");
    }
    for row in place.named_trials("run") {
        assert_eq!(row["outcome"], "completed");
        assert!(row["after_ns"].parse::<u64>().unwrap() > 0);
    }
    place.assert_clean();
}

#[test]
fn a_database_that_is_there_already_is_refused() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = scenario(&place, "data-only", "database = \"postgres\"", "");
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(told.contains("database \"postgres\" exists already"), "{told}");
    assert!(!place.path("run").exists());
    place.assert_clean();
}

#[test]
fn what_fails_before_or_after_is_named_with_file_and_line() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    fs::write(place.path("tables.sql"), TABLES).unwrap();
    fs::write(place.path("bad.sql"), "SELECT 1;\nDO $x$ BEGIN\nEND $x$;\nSELECT no_such;\n")
        .unwrap();
    for (restore, told) in [
        ("before = [\"bad.sql\"]", "[restore] before failed: "),
        ("before = [\"tables.sql\"]\nafter = [\"bad.sql\"]", "[restore] after failed: "),
    ] {
        let scenario = scenario(&place, "data-only", restore, "");
        let output = place.run(&["sweep", &scenario, "--out", "run"]);
        assert_eq!(output.status.code(), Some(2));
        let seen = stderr(&output);
        assert!(seen.contains(told), "{seen}");
        assert!(seen.contains("bad.sql:4: ERROR:  column \"no_such\" does not exist"), "{seen}");
        let _ = fs::remove_dir_all(place.path("run"));
    }
    let scenario = scenario(&place, "data-only", "prepare = [\"echo why >&2; exit 3\"]", "");
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_eq!(output.status.code(), Some(2));
    let seen = stderr(&output);
    let expected = "[restore] prepare failed: `echo why >&2; exit 3` ended with exit status 3: why";
    assert!(seen.contains(expected), "{seen}");
    place.assert_clean();
}

#[test]
fn a_resumed_run_refuses_a_script_that_has_changed() {
    if !has_server() {
        return;
    }
    let place = place();
    let tables = place.path("tables.sql");
    fs::write(&tables, "\\ir really.sql\n").unwrap();
    fs::write(place.path("really.sql"), TABLES).unwrap();
    let archive = archive("data-only");
    let args = ["sweep", "--archive", &archive, "--jobs", "1,2", "--blocks", "30", "--out", "run"];
    let mut child = start(&place, &[&args[..], &["--before", "tables.sql"]].concat());
    wait_for_rows(&place, 1);
    child.kill().unwrap();
    child.wait().unwrap();
    fs::write(place.path("really.sql"), format!("{TABLES}-- changed\n")).unwrap();
    let output = place.run(&["sweep", "--resume", "run"]);
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(told.contains("tables.sql has changed since the run was made"), "{told}");
    place.assert_clean();
}

/// Each of these keeps `DROP DATABASE` from its work. The slot comes first: it
/// would wait for the end of the prepared transaction.
const OBSTACLES: &str = "\
SELECT pg_create_logical_replication_slot('slot_' || current_database(), 'pgoutput');
BEGIN; CREATE TABLE more (id int); PREPARE TRANSACTION 'it''s prepared';
CREATE SUBSCRIPTION sub CONNECTION 'host=publisher.invalid' PUBLICATION p WITH (connect = false);
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
  $$BEGIN RAISE EXCEPTION 'no such command here'; END$$;
CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION refuse();
SELECT format('ALTER DATABASE %I IS_TEMPLATE true', current_database()) \\gexec
";

#[test]
fn a_database_is_dropped_whatever_holds_it() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    fs::write(place.path("tables.sql"), TABLES).unwrap();
    fs::write(place.path("obstacles.sql"), OBSTACLES).unwrap();
    let restore = "before = [\"tables.sql\"]\nafter = [\"obstacles.sql\"]";
    let settings = "[server.settings]\nmax_prepared_transactions = 4\nwal_level = \"logical\"\n";
    let scenario = scenario(&place, "data-only", restore, settings);
    // The name of the prepared transaction is taken as long as the one of the
    // trial before is there.
    assert_done(&place.run(&["sweep", &scenario, "--out", "run"]));
    let trials = place.named_trials("run");
    assert_eq!(trials.len(), 2);
    assert!(trials.iter().all(|row| row["outcome"] == "completed"), "{trials:?}");
    place.assert_clean();
}
