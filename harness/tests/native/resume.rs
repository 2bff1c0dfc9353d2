//! Interrupted restores go on where they were.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::Arena;
use super::place::{stderr, stdout};

/// Tables whose restore takes a while.
const SLOW: &str = "
    CREATE TABLE a (id int PRIMARY KEY, t text);
    CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a, t text);
    CREATE INDEX ON b (t);
    INSERT INTO a SELECT i, repeat(md5(i::text), 3) FROM generate_series(1, 20000) i;
    INSERT INTO b SELECT i, i, repeat(md5(i::text), 3) FROM generate_series(1, 20000) i;
    CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM a;
    SELECT lo_from_bytea(0, decode(repeat('00ff', i * 500), 'hex')) FROM generate_series(1, 50) i;
";

fn slow(arena: &Arena) -> PathBuf {
    arena.server.create("source");
    arena.server.sql("source", SLOW);
    let archive = arena.place.path("slow");
    arena.server.dump("source", &archive, &["-Fc"]);
    archive
}

#[test]
fn a_killed_restore_is_resumed_to_the_same_contents() {
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    let expected = arena.server.contents("source");
    let target = arena.server.conninfo("ours");
    let mut resumed = 0;
    for attempt in 0..12_u64 {
        arena.server.create("ours");
        let args = ["restore", "-d", &target, "-j", "2", "--force-slices", "100000"];
        let mut command = arena.place.process(&args);
        let mut child = command.arg(&archive).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(30 + attempt * 40));
        child.kill().unwrap();
        child.wait().unwrap();
        wait_until_alone(&arena);
        let journal = "SELECT to_regclass('jobtune_journal.done') IS NOT NULL";
        let mut again = vec!["-j", "2", "--force-slices", "100000"];
        if arena.server.sql("ours", journal) == "t" {
            again.push("--resume");
            resumed += 1;
        } else if arena.server.sql("ours", "SELECT to_regclass('b') IS NOT NULL") == "t" {
            // It was faster than its death.
            continue;
        }
        assert_eq!(arena.restore("ours", &archive, &again), Vec::<String>::new());
        super::assert_same(&expected, &arena.server.contents("ours"), &archive, &again);
    }
    assert!(resumed > 2, "only {resumed} restores were interrupted");
}

/// The server notices only by and by that a client is gone.
fn wait_until_alone(arena: &Arena) {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'ours'";
    while arena.server.sql("postgres", others) != "0" {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a restore, does something to the server meanwhile, and resumes until
/// the restore has ended well.
fn disturb(arena: &Arena, archive: &Path, after: Duration, disturbance: impl Fn()) -> u32 {
    arena.server.create("ours");
    let target = arena.server.conninfo("ours");
    let args = ["--quiet", "restore", "-d", &target, "-j", "2", "--force-slices", "100000"];
    let mut interruptions = 0;
    loop {
        let mut command = arena.place.process(&args);
        if interruptions > 0 {
            command.arg("--resume");
        }
        let child = command.arg(archive).stderr(Stdio::piped()).spawn().unwrap();
        if interruptions == 0 {
            std::thread::sleep(after);
            disturbance();
        }
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        if output.status.success() {
            return interruptions;
        }
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("--resume") || said.contains("cannot connect"), "{said}");
        wait_until_alone(arena);
        // Before the journal was there, nothing was done.
        let journal = "SELECT to_regclass('jobtune_journal.done') IS NOT NULL";
        if arena.server.sql("ours", journal) != "t" {
            return 0;
        }
        interruptions += 1;
        assert!(interruptions < 5, "{said}");
    }
}

#[test]
fn a_restore_survives_the_death_of_its_backends_and_of_the_server() {
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    let expected = arena.server.contents("source");
    let terminate = || {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ours'";
        arena.server.sql("postgres", sql);
    };
    let crash = || arena.server.crash_and_restart();
    let mut interrupted = 0;
    for step in 0..6_u64 {
        let after = Duration::from_millis(60 + step * 60);
        let interruptions = if step % 2 == 0 {
            disturb(&arena, &archive, after, terminate)
        } else {
            disturb(&arena, &archive, after, crash)
        };
        if arena.server.sql("ours", "SELECT to_regclass('b') IS NULL") == "t" {
            continue;
        }
        interrupted += interruptions;
        super::assert_same(&expected, &arena.server.contents("ours"), &archive, &[]);
    }
    assert!(interrupted > 0, "no restore was interrupted");
}

#[test]
fn a_restore_tells_json_and_takes_commands() {
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    arena.server.create("ours");
    let target = arena.server.conninfo("ours");
    let args = ["restore", "-d", &target, "-j", "1", "--events", "json"];
    let output =
        arena.place.jobtune(&args).arg(&archive).write_stdin("jobs 3\nnonsense\n").output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("no such command"), "{}", stderr(&output));
    let events: Vec<serde_json::Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).count();
    assert_eq!(of("begun"), 1);
    assert!(of("phase") >= 3);
    assert_eq!(of("started"), of("finished"));
    assert!(events.iter().any(|event| event["event"] == "jobs" && event["jobs"] == 3));
    let rows: u64 = events.iter().filter_map(|event| event["rows"].as_u64()).sum();
    assert_eq!(rows, 40_000);
}

#[test]
fn an_item_that_failed_can_be_mended_and_resumed() {
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    arena.server.create("ours");
    // The index of the archive cannot be made while another has its name.
    arena.server.sql("ours", "CREATE TABLE other (a int); CREATE INDEX b_t_idx ON other (a)");
    let args = ["-j", "2", "--exit-on-error"];
    let found = arena.restore("ours", &archive, &args);
    assert_eq!(found, ["ERROR:  relation \"b_t_idx\" already exists"]);
    arena.server.sql("ours", "DROP TABLE other");
    let refused = arena.place.jobtune(&["restore", "-d", &arena.server.conninfo("ours")]);
    let refused = { refused }.arg(&archive).output().unwrap();
    assert!(stderr(&refused).contains("unfinished restore"), "{}", stderr(&refused));
    let found = arena.restore("ours", &archive, &[&args[..], &["--resume"]].concat());
    assert_eq!(found, Vec::<String>::new());
    let expected = arena.server.contents("source");
    super::assert_same(&expected, &arena.server.contents("ours"), &archive, &args);
}

#[test]
fn what_cannot_be_resumed_is_refused() {
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    arena.server.create("ours");
    let target = arena.server.conninfo("ours");
    let output =
        arena.place.jobtune(&["restore", "--resume", "-d", &target]).arg(&archive).output();
    let said = stderr(&output.unwrap());
    assert!(said.contains("no journal"), "{said}");
}
