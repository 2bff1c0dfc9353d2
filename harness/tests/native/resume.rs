//! Interrupted restores go on where they were.

use std::path::PathBuf;
use std::time::Duration;

use super::Arena;
use super::place::stderr;

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
        let program = assert_cmd::cargo::cargo_bin("jobtune");
        #[expect(clippy::disallowed_methods, reason = "the test kills the program")]
        let mut child = std::process::Command::new(program)
            .args(args)
            .arg(&archive)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
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
