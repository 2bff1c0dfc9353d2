//! Interrupted restores go on where they were.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

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

pub(crate) fn slow(arena: &Arena) -> PathBuf {
    arena.server.create("source");
    arena.server.sql("source", SLOW);
    let archive = arena.place.path("slow");
    arena.server.dump("source", &archive, &["-Fc"]);
    archive
}

/// Restores that each kind of disturbance must interrupt.
const INTERRUPTED: u32 = 20;

/// Restores at most until then: some instants come after the end.
const MOST: usize = 80;

/// Instants within the time of a restore that nothing disturbs, drawn by a seed.
#[expect(clippy::disallowed_methods, reason = "a restore is timed from outside")]
fn instants(arena: &Arena, archive: &Path, seed: u64) -> Vec<Duration> {
    arena.server.create("ours");
    let began = Instant::now();
    assert_eq!(arena.restore("ours", archive, &WAY), Vec::<String>::new());
    let whole = began.elapsed();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..MOST).map(|_| whole.mul_f64(random.random())).collect()
}

const WAY: [&str; 4] = ["-j", "2", "--force-slices", "100000"];

/// The contents are the expected ones, and no journal is left.
fn assert_restored(arena: &Arena, expected: &[String], archive: &Path) {
    super::assert_same(expected, &arena.server.contents("ours"), archive, &WAY);
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'jobtune_journal'";
    assert_eq!(arena.server.sql("ours", left), "0");
}

#[test]
fn a_killed_restore_is_resumed_to_the_same_contents() {
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    let expected = arena.server.contents("source");
    let target = arena.server.conninfo("ours");
    let mut resumed = 0;
    for instant in instants(&arena, &archive, 1) {
        arena.server.create("ours");
        let args = [&["restore", "-d", &target][..], &WAY].concat();
        let mut command = arena.place.process(&args);
        let mut child = command.arg(&archive).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(instant);
        child.kill().unwrap();
        child.wait().unwrap();
        wait_until_alone(&arena);
        let journal = "SELECT to_regclass('jobtune_journal.done') IS NOT NULL";
        let mut again = WAY.to_vec();
        if arena.server.sql("ours", journal) == "t" {
            again.push("--resume");
            resumed += 1;
        } else if arena.server.sql("ours", "SELECT to_regclass('b') IS NOT NULL") == "t" {
            // It was faster than its death.
            continue;
        }
        assert_eq!(arena.restore("ours", &archive, &again), Vec::<String>::new(), "{instant:?}");
        assert_restored(&arena, &expected, &archive);
        if resumed == INTERRUPTED {
            return;
        }
    }
    panic!("only {resumed} restores were interrupted");
}

/// The server notices only by and by that a client is gone.
pub(crate) fn wait_until_alone(arena: &Arena) {
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
    let args = [&["--quiet", "restore", "-d", &target][..], &WAY].concat();
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

/// Disturbs one restore after the other at drawn instants; each has the same
/// contents in the end.
fn survives(seed: u64, disturbance: impl Fn(&Arena)) {
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    let expected = arena.server.contents("source");
    let mut interrupted = 0;
    for instant in instants(&arena, &archive, seed) {
        let interruptions = disturb(&arena, &archive, instant, || disturbance(&arena));
        if arena.server.sql("ours", "SELECT to_regclass('b') IS NULL") == "t" {
            continue;
        }
        interrupted += u32::from(interruptions > 0);
        assert_restored(&arena, &expected, &archive);
        if interrupted == INTERRUPTED {
            return;
        }
    }
    panic!("only {interrupted} restores were interrupted");
}

#[test]
fn a_restore_survives_the_death_of_its_backends() {
    survives(2, |arena| {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ours'";
        arena.server.sql("postgres", sql);
    });
}

#[test]
fn a_restore_survives_the_death_of_the_server() {
    survives(3, |arena| arena.server.crash_and_restart());
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

#[test]
fn a_key_that_was_begun_is_completed_whatever_the_number_of_workers() {
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    let expected = arena.server.contents("source");
    // Ends before the keys, and leaves the journal.
    arena.server.create("ours");
    let obstacle = "CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS \
                    'BEGIN IF current_query() LIKE ''%VALIDATE CONSTRAINT%'' OR current_query() \
                     LIKE ''%USING INDEX%'' THEN PERFORM pg_terminate_backend(pg_backend_pid()); \
                     END IF; END'; \
                    CREATE EVENT TRIGGER stop ON ddl_command_start EXECUTE FUNCTION stop()";
    arena.server.sql("ours", obstacle);
    let target = arena.server.conninfo("ours");
    let args = [&["--quiet", "restore", "-d", &target][..], &WAY].concat();
    let output = arena.place.jobtune(&args).arg(&archive).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    wait_until_alone(&arena);
    let begun = "SELECT count(*) > 0 FROM jobtune_journal.done WHERE done = -3";
    assert_eq!(arena.server.sql("ours", begun), "t");
    arena.server.sql("ours", "DROP EVENT TRIGGER stop; DROP FUNCTION stop");
    let way = ["-j", "1", "--resume"];
    let slices = ["--force-slices", "100000", "--without", "early-keys,validate"];
    let again = [&way[..], &slices].concat();
    assert_eq!(arena.restore("ours", &archive, &again), Vec::<String>::new());
    assert_restored(&arena, &expected, &archive);
}
