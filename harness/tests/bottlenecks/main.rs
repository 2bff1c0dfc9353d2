//! Planted bottlenecks, on real restores: the cause that is named is the one
//! that was planted. A program of its own, in which one test runs at a time:
//! what fills a processor or a disk here is the restore and no other test.

#![expect(clippy::disallowed_methods, reason = "tests start what they test")]
#![expect(clippy::unwrap_used, reason = "a test fails where something is not as expected")]

mod distance;
#[path = "../support/place.rs"]
mod place;

use std::fmt::Write;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};

use place::{Place, assert_done, can_run, has_server, stdout};

/// Held by the one test that runs.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // A test that failed has left nothing behind that matters to another.
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // What earlier tests wrote would go to the disk while this one measures it.
    nix::unistd::sync();
    guard
}

fn has_image() -> bool {
    let found = std::process::Command::new("docker")
        .args(["image", "inspect", "postgres:17"])
        .output()
        .is_ok_and(|output| output.status.success());
    can_run("a container engine with the image postgres:17", found)
}

/// What limits the curve of a one-block sweep of `scenario` at `jobs`.
#[track_caller]
fn cause(place: &Place, scenario: &str, jobs: u64) -> serde_json::Value {
    let scenario = place.scenario(scenario);
    assert_done(&place.run(&["sweep", &scenario, "--out", "run"]));
    place.assert_clean();
    let output = place.run(&["recommend", "run", "--format", "json"]);
    assert_done(&output);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let bounds = report["curves"][0]["bounds"].as_array().unwrap();
    bounds.iter().find(|bound| bound["jobs"] == jobs).unwrap().clone()
}

#[track_caller]
fn assert_cause(bound: &serde_json::Value, causes: &[&str]) {
    let seen = bound["cause"].as_str().unwrap();
    assert!(causes.contains(&seen), "{seen} is none of {causes:?}: {bound:#}");
}

/// A scenario that restores what `sql` makes.
fn of_sql(place: &Place, sql: &str, rest: &str) -> String {
    fs::write(place.path("schema.sql"), sql).unwrap();
    format!(
        "dataset = {{ sql = {{ files = [\"schema.sql\"] }} }}\n{rest}\n\
         [sweep.blocks]\nmin = 1\nmax = 1\n"
    )
}

#[test]
fn a_container_limited_to_one_processor() {
    if !has_image() {
        return;
    }
    let _alone = alone();
    let mut sql = String::new();
    for number in 1..=8 {
        writeln!(
            sql,
            "CREATE TABLE t{number} AS SELECT g, md5(g::text) FROM generate_series(1, 80000) g;\n\
             CREATE INDEX ON t{number} (md5);"
        )
        .unwrap();
    }
    let server = "[server]\nprovider = \"docker\"\nimage = \"postgres:17\"\ncpus = 1.0\n\
                  settings = { fsync = false }\n[sweep]\njobs = [4]\n\
                  formats = [\"directory\"]\ncompression = [\"none\"]\n";
    // Work of others on this host may keep the container from using what it
    // may: that is said, and measured again.
    let measure = || {
        let place = Place::new();
        let bound = cause(&place, &of_sql(&place, &sql, server), 4);
        (place, bound)
    };
    let (mut place, mut bound) = measure();
    for _ in 0..2 {
        if bound["cause"] == "other_work" {
            (place, bound) = measure();
        }
    }
    assert_cause(&bound, &["cpu"]);
    // The server is told from its container, and the client from both.
    let trials = place.named_trials("run");
    let seconds = |column: &str| trials[0][column].parse::<f64>().unwrap() / 1e9;
    let (container, server) = (seconds("container_cpu_ns"), seconds("server_cpu_ns"));
    let client = seconds("client_cpu_ns");
    assert!(server > 0.3 * container && client > 0.01 * container, "{server} {client} {container}");
    assert!((server + client - container).abs() < 0.1 * container);
}

#[test]
fn one_giant_table_without_indexes() {
    if !has_server() {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    // The check makes the server's work outweigh the client's, so that one item does not keep
    // two processors busy.
    let mut sql =
        "CREATE TABLE giant (id int, note text CHECK (md5(md5(md5(md5(note)))) <> ''));\n\
                   INSERT INTO giant SELECT g, repeat(md5(g::text), 6) \
                   FROM generate_series(1, 700000) g;\n"
            .to_owned();
    for number in 1..=4 {
        write!(
            sql,
            "CREATE TABLE small{number} (id int);\n\
             INSERT INTO small{number} SELECT generate_series(1, 1000);\n"
        )
        .unwrap();
    }
    let rest = "server.settings.fsync = false\n[sweep]\njobs = [4]\nformats = [\"directory\"]\n\
                compression = [\"none\"]\n";
    let bound = cause(&place, &of_sql(&place, &sql, rest), 4);
    assert_cause(&bound, &["critical_path"]);
    assert_eq!(bound["item"], "TABLE DATA public.giant");
}

#[test]
fn many_foreign_keys_to_one_parent() {
    if !has_server() {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    let mut sql = "CREATE TABLE parent (id int PRIMARY KEY);\n\
                   INSERT INTO parent SELECT generate_series(1, 200000);\n"
        .to_owned();
    for number in 1..=4 {
        let columns: Vec<String> =
            (1..=6).map(|column| format!("c{column} int REFERENCES parent")).collect();
        let value = ["g"; 6].join(", ");
        writeln!(
            sql,
            "CREATE TABLE child{number} ({});\n\
             INSERT INTO child{number} SELECT {value} FROM generate_series(1, 100000) g;",
            columns.join(", ")
        )
        .unwrap();
    }
    let rest = "server.settings.fsync = false\n[sweep]\njobs = [4]\nformats = [\"custom\"]\n\
                compression = [\"none\"]\n";
    let bound = cause(&place, &of_sql(&place, &sql, rest), 4);
    assert_cause(&bound, &["locks"]);
}

#[test]
fn tiny_tables_by_the_thousand_with_fsync() {
    if !has_server() {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    // The functions make pre-data the longer half where the disk is fast, too.
    let sql = "DO $$ BEGIN FOR t IN 1..1000 LOOP \
               EXECUTE format('CREATE TABLE tiny%s (id int); INSERT INTO tiny%s VALUES (1)', t, t); \
               EXECUTE format('CREATE FUNCTION f%s() RETURNS int RETURN 1', t); \
               END LOOP; END $$;\n";
    let rest = "[server.settings]\nmax_locks_per_transaction = 256\n[sweep]\njobs = [2]\n\
                formats = [\"directory\"]\ncompression = [\"none\"]\n";
    let bound = cause(&place, &of_sql(&place, sql, rest), 2);
    assert_cause(&bound, &["sync", "serial"]);
}

/// Two tables of digits that gzip makes half as many bytes of, one by one, in
/// long rows that the server only has to copy.
fn digits(rows: u32) -> String {
    let mut sql = String::new();
    for number in 1..=2 {
        write!(
            sql,
            "CREATE UNLOGGED TABLE digits{number} (d text);\n\
             ALTER TABLE digits{number} ALTER d SET STORAGE PLAIN;\n\
             INSERT INTO digits{number} SELECT (SELECT string_agg(md5(g::text || i), '') \
             FROM generate_series(1, 230) i) FROM generate_series(1, {rows}) g;\n"
        )
        .unwrap();
    }
    sql
}

#[test]
fn an_archive_that_is_hard_to_decompress() {
    if !has_server() {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    let rest = "[server.settings]\nfsync = false\nshared_buffers = \"512MB\"\n[sweep]\njobs = [2]\n\
                formats = [\"directory\"]\ncompression = [\"gzip:9\"]\n";
    let bound = cause(&place, &of_sql(&place, &digits(10_000), rest), 2);
    assert_cause(&bound, &["client_decompression"]);
}

#[test]
fn a_dump_that_is_hard_to_compress() {
    if !has_server() {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    let rest = "phase = \"dump\"\nserver.settings.fsync = false\n[sweep]\njobs = [2]\n\
                formats = [\"directory\"]\ncompression = [\"gzip:9\"]\n";
    let bound = cause(&place, &of_sql(&place, &digits(5_000), rest), 2);
    assert_cause(&bound, &["client_compression"]);

    // What the cause rests on: the load of pg_dump with its workers, and of the
    // sessions that it has open.
    let trial = &place.named_trials("run")[0];
    let reading = |column: &str| trial[column].parse::<u64>().unwrap();
    let samples = fs::read_to_string(place.path("run/load.csv")).unwrap().lines().count() - 1;
    assert_eq!(reading("load_samples"), samples as u64);
    assert!(reading("client_cpu_ns") > reading("server_cpu_ns"), "{trial:?}");
    assert!(reading("server_cpu_ns") > 0, "{trial:?}");
    assert_eq!(reading("backends_peak"), 3, "pg_dump and two workers");
    assert_eq!(trial["workers_held_by_locks_ns"], "");
}

#[test]
fn limits_rule_out_with_the_reading() {
    if !has_server() {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    let scenario = place.scenario(
        "dataset = { tpch = { scale = 0.01 } }\nserver.settings.fsync = false\n\
         [limits]\nconnections = 3\nwal_bytes = \"1000GB\"\n\
         [sweep]\njobs = [1, 2, 4]\nformats = [\"custom\"]\nblocks = { min = 1, max = 1 }\n",
    );
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_done(&output);
    let text = stdout(&output);
    let said = "-j 4 is ruled out: 5 connections, 3 allowed (limits.connections).";
    assert!(text.contains(said), "{text}");
    assert!(!text.contains("-j 2 is ruled out"), "{text}");
}

#[test]
fn a_far_server() {
    if !has_server() {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    let mut sql = String::new();
    for number in 1..=60 {
        writeln!(sql, "CREATE TABLE t{number} AS SELECT generate_series(1, 20) AS id;").unwrap();
        writeln!(sql, "CREATE INDEX ON t{number} (id);").unwrap();
    }
    let rest = "server = { latency = \"10ms\", settings = { fsync = false } }\n\
                [sweep]\njobs = [2]\nformats = [\"directory\"]\nload_interval = \"20ms\"\n";
    let bound = cause(&place, &of_sql(&place, &sql, rest), 2);
    assert_cause(&bound, &["network"]);
    let text = bound["text"].as_str().unwrap();
    assert!(text.contains("the network's round trips"), "{text}");
}

#[test]
fn a_slow_disk() {
    let groups = fs::exists("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device").unwrap();
    let can = nix::unistd::Uid::effective().is_root() && groups;
    if !has_server() || !can_run("limits of block devices (root, control groups of version 1)", can)
    {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    let mut sql = String::new();
    for number in 1..=4 {
        writeln!(
            sql,
            "CREATE TABLE t{number} AS SELECT g, repeat(md5(g::text), 8) AS note \
             FROM generate_series(1, 25000) g;"
        )
        .unwrap();
    }
    let rest = "server = { disk = { write = \"8MB/s\" }, settings = { max_wal_size = \"64MB\" } }\n\
                [sweep]\njobs = [2]\nformats = [\"directory\"]\n";
    let bound = cause(&place, &of_sql(&place, &sql, rest), 2);
    assert_cause(&bound, &["disk_bandwidth"]);
    let text = bound["text"].as_str().unwrap();
    assert!(text.contains("of what it can"), "{text}");
}
