//! Restores that are steered: by the control socket, and by the limits that they keep.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Arena;
use super::place::{stderr, stdout};
use super::resume::wait_until_alone;

/// Rows that each take a while, of which the client sends a few at a time.
const LONG: &str = "
    CREATE TABLE pace (id int PRIMARY KEY);
    INSERT INTO pace VALUES (1);
    CREATE FUNCTION slowly(int) RETURNS bool LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(0.001); RETURN true; END';
    CREATE TABLE a (id int CHECK (slowly(id)), t text);
    CREATE TABLE b (id int CHECK (slowly(id)), t text);
    CREATE INDEX ON a (id);
    CREATE INDEX ON b (id);
    INSERT INTO a SELECT i, repeat(md5(i::text), 100) FROM generate_series(1, 1000) i;
    INSERT INTO b SELECT i, repeat(md5(i::text), 100) FROM generate_series(1, 1000) i;
";

fn long(arena: &Arena) -> PathBuf {
    arena.server.create("source");
    arena.server.sql("source", LONG);
    let archive = arena.place.path("long");
    arena.server.dump("source", &archive, &["-Fc"]);
    arena.server.create("ours");
    archive
}

/// A restore that runs, and the socket by which it is asked.
struct Running {
    child: Child,
    socket: PathBuf,
}

impl Running {
    fn start(arena: &Arena, archive: &Path, args: &[&str]) -> Self {
        let socket = arena.place.path("control.sock");
        let target = arena.server.conninfo("ours");
        let mut command = arena.place.process(&["restore", "-d", &target, "--control"]);
        command.arg(&socket).args(args).arg(archive);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child, socket }
    }

    fn ask(&self, arena: &Arena, request: &[&str]) -> Result<String, String> {
        let mut command = arena.place.jobtune(&["control", "--socket"]);
        let output = command.arg(&self.socket).args(request).output().unwrap();
        if output.status.success() { Ok(stdout(&output)) } else { Err(stderr(&output)) }
    }

    /// Asks for the status until it has these words.
    fn wait_for(&self, arena: &Arena, words: &str) -> String {
        let mut last = String::new();
        for _ in 0..400 {
            last = self.ask(arena, &["status"]).unwrap_or_else(|error| error);
            if last.contains(words) {
                return last;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("{words:?} does not come: {last}");
    }

    fn end(self) -> String {
        let output = self.child.wait_with_output().unwrap();
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        assert!(!self.socket.exists());
        said
    }
}

fn assert_restored(arena: &Arena, archive: &Path) {
    let expected = arena.server.contents("source");
    super::assert_same(&expected, &arena.server.contents("ours"), archive, &["controlled"]);
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'jobtune_journal'";
    assert_eq!(arena.server.sql("ours", left), "0");
}

/// Bytes that a status says are sent.
fn sent(status: &str) -> String {
    status.lines().next().unwrap().split(", ").nth(1).unwrap().to_owned()
}

#[test]
fn a_restore_pauses_changes_its_workers_and_goes_on() {
    let Some(arena) = Arena::new() else { return };
    let archive = long(&arena);
    let running = Running::start(&arena, &archive, &["-j", "2"]);
    running.wait_for(&arena, "2 busy");
    assert!(running.ask(&arena, &["pause"]).unwrap().contains("paused"));
    let paused = running.wait_for(&arena, "paused; 2 busy");
    std::thread::sleep(Duration::from_millis(500));
    let before = sent(&running.ask(&arena, &["status"]).unwrap());
    // The whole restore takes less.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(sent(&running.ask(&arena, &["status"]).unwrap()), before, "{paused}");
    assert!(running.ask(&arena, &["jobs", "1"]).unwrap().contains("1 worker"));
    running.ask(&arena, &["resume"]).unwrap();
    assert!(running.ask(&arena, &["jobs", "8"]).unwrap().contains("8 workers"));
    let refused = running.ask(&arena, &["keep", "p99=5ms"]).unwrap_err();
    assert!(refused.contains("-j auto --keep"), "{refused}");
    let said = running.end();
    assert!(said.contains("note: control: pause"), "{said}");
    assert_restored(&arena, &archive);
}

#[test]
fn a_restore_that_is_killed_in_a_pause_can_be_resumed() {
    let Some(arena) = Arena::new() else { return };
    let archive = long(&arena);
    let mut running = Running::start(&arena, &archive, &["-j", "2"]);
    running.wait_for(&arena, "2 busy");
    running.ask(&arena, &["pause"]).unwrap();
    running.wait_for(&arena, "paused");
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    wait_until_alone(&arena);
    // Its socket is left, answers nobody, and is in nobody's way.
    let gone = running.ask(&arena, &["status"]).unwrap_err();
    assert!(gone.contains("may have ended"), "{gone}");
    Running::start(&arena, &archive, &["-j", "2", "--resume"]).end();
    assert_restored(&arena, &archive);
}

#[test]
fn a_restore_gives_way_to_sessions_that_wait_for_locks() {
    let Some(arena) = Arena::new() else { return };
    let archive = long(&arena);
    arena.server.sql("postgres", "CREATE TABLE contested (id int)");
    let args = ["-j", "auto", "--max-jobs", "2", "--keep", "locks-waiting=0"];
    let running = Running::start(&arena, &archive, &args);
    running.wait_for(&arena, "0 read");
    let lock = "BEGIN; LOCK TABLE contested; SELECT pg_sleep(4); COMMIT";
    let holder = |sql: &str| {
        let mut psql = arena.server.client("psql");
        psql.args(["-X", "-q", "-d", "postgres", "-c", sql]).stdout(Stdio::null());
        psql.spawn().unwrap()
    };
    let mut held = holder(lock);
    let locks = "SELECT count(*) FROM pg_locks WHERE relation = 'contested'::regclass";
    while arena.server.sql("postgres", locks) == "0" {}
    let mut waiting = holder("SELECT count(*) FROM contested");
    let status = running.wait_for(&arena, "data flow shut");
    assert!(status.contains("locks-waiting=0: 1 read"), "{status}");
    held.wait().unwrap();
    waiting.wait().unwrap();
    let said = running.end();
    assert!(said.contains("the limit is not kept"), "{said}");
    assert!(
        said.contains("well within the limit again") || said.contains("data flow open"),
        "{said}"
    );
    assert_restored(&arena, &archive);
}

/// Events of a restore as they come, with the time at which each was read.
#[expect(clippy::disallowed_methods, reason = "a restore is timed from outside")]
fn events(child: &mut Child) -> std::sync::mpsc::Receiver<(Instant, Value)> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let output = child.stdout.take().unwrap();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let event = serde_json::from_str(&line).unwrap();
            if sender.send((Instant::now(), event)).is_err() {
                return;
            }
        }
    });
    receiver
}

#[test]
#[expect(clippy::print_stdout, reason = "with --nocapture the test tells what it measured")]
fn streams_are_shut_within_two_probes_of_a_breach() {
    const INTERVAL: Duration = Duration::from_millis(20);
    const LIMIT: Duration = Duration::from_millis(200);

    let Some(arena) = Arena::new() else { return };
    let archive = long(&arena);
    arena.server.sql("postgres", "CREATE TABLE production (id int)");
    let mut args = vec!["-j", "auto", "--max-jobs", "2", "--keep", "p99=200ms", "--events", "json"];
    args.extend(["--probe", "SELECT count(*) FROM production", "--probe-dbname", "postgres"]);
    let mut running = Running::start(&arena, &archive, &args);
    let events = events(&mut running.child);
    let is_load = |event: &Value| event["event"] == "started" && event["step"] == "load";
    while !is_load(&events.recv().unwrap().1) {}

    // Nobody is answered until the transaction ends.
    let lock = "BEGIN; LOCK TABLE production; SELECT clock_timestamp(); SELECT pg_sleep(2); COMMIT";
    let mut psql = arena.server.client("psql");
    psql.args(["-X", "-q", "-A", "-t", "-d", "postgres", "-c", lock]).stdout(Stdio::piped());
    let holder = psql.spawn().unwrap();
    let locks = "SELECT count(*) FROM pg_locks WHERE relation = 'production'::regclass AND \
                 mode = 'AccessExclusiveLock' AND granted";
    while arena.server.sql("postgres", locks) == "0" {}
    #[expect(clippy::disallowed_methods, reason = "the reaction is timed from outside")]
    let locked = Instant::now();
    let shut = |event: &Value| event["event"] == "decision" && event["flow"] == 0;
    let (at, decision) = loop {
        let (at, event) = events.recv().unwrap();
        if shut(&event) {
            break (at, event);
        }
    };
    assert_eq!(decision["limit"], "p99=200ms");
    // The limit is passed when the second of 100 probes is late: a percentile is not passed by
    // one. Those that came before the lock was seen were late earlier.
    let breach = LIMIT + INTERVAL;
    let reaction = at.saturating_duration_since(locked);
    println!(
        "locked, then shut after {reaction:?}: {:?} after the breach",
        reaction.saturating_sub(breach)
    );
    // Beside other tests the machine itself may take its time.
    assert!(reaction <= breach + 2 * INTERVAL + Duration::from_millis(150), "{reaction:?}");
    let open = |event: &Value| event["event"] == "decision" && event["flow"] == 100;
    while !open(&events.recv().unwrap().1) {}
    let ended = events.iter().any(|(_, event)| event["event"] == "ended");
    assert!(ended);
    holder.wait_with_output().unwrap();
    running.child.wait().unwrap();
    assert_restored(&arena, &archive);
}

#[test]
fn limits_that_make_no_sense_are_refused_before_anything_is_restored() {
    let Some(arena) = Arena::new() else { return };
    let archive = long(&arena);
    arena.server.sql("postgres", "CREATE TABLE production (id int)");
    let target = arena.server.conninfo("ours");
    let probe = ["--probe-dbname", "postgres", "--probe"];
    let refused = |args: &[&str]| {
        let mut command = arena.place.jobtune(&["restore", "-d", &target]);
        let output = command.args(args).arg(&archive).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        stderr(&output)
    };
    for (args, words) in [
        (&["-j", "auto"][..], "-j auto needs a limit to keep"),
        (&["-j", "2", "--keep", "cpu=80%"], "are for -j auto"),
        (&["-j", "auto", "--keep", "p99=5ms"], "say what it asks with --probe"),
        (&["-j", "auto", "--keep", "p98=5ms"], "is no limit: give p99=12ms"),
        (&["-j", "auto", "--keep", "lag=5s"], "no replica streams from this server"),
        (
            &[&["-j", "auto", "--keep", "p99=5ms"][..], &probe, &["SELECT * FROM nowhere"]]
                .concat(),
            "the probe fails on database postgres: relation \"nowhere\" does not exist",
        ),
        (
            &[&["-j", "auto", "--keep", "p99=5ms"][..], &probe, &["DELETE FROM production"]]
                .concat(),
            "the probe writes",
        ),
        (
            &[&["-j", "auto", "--keep", "p99=1us"][..], &probe, &["SELECT 1"]].concat(),
            "is not kept before the restore has begun",
        ),
    ] {
        let said = refused(args);
        assert!(said.contains(words), "{args:?}: {said}");
    }
    // Over the network nobody sees the server's processors.
    let mut command = arena.place.jobtune(&["restore", "-d", "host=127.0.0.1 port=1 user=x"]);
    let output = command.args(["-j", "auto", "--keep", "cpu=80%"]).arg(&archive).output().unwrap();
    assert!(!output.status.success());
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(arena.server.sql("ours", tables), "0");
    let output = arena.place.jobtune(&["control", "--socket", "/nowhere.sock", "status"]).output();
    let said = stderr(&output.unwrap());
    assert!(said.contains("cannot ask /nowhere.sock"), "{said}");
}
