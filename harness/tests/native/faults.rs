//! What goes wrong on the server meanwhile: a clear error, and nothing is lost.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::Arena;
use super::place::stderr;
use super::resume::{slow, wait_until_alone};
use super::server::run;

const WAY: [&str; 2] = ["-j", "2"];

/// Resumes, and expects everything to be there.
fn resumed(arena: &Arena, archive: &Path) {
    wait_until_alone(arena);
    let again = [&WAY[..], &["--resume"]].concat();
    assert_eq!(arena.restore("ours", archive, &again), Vec::<String>::new());
    let expected = arena.server.contents("source");
    super::assert_same(&expected, &arena.server.contents("ours"), archive, &again);
}

/// A file system of its own in memory, which can be full.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(arena: &Arena, megabytes: u32) -> Self {
        let folder = arena.server.folder().join("small");
        std::fs::create_dir(&folder).unwrap();
        let disk = Self(folder);
        disk.set_size("", megabytes);
        run(super::server::command("chown").arg("postgres").arg(&disk.0));
        disk
    }

    fn set_size(&self, how: &str, megabytes: u32) {
        let options = format!("{how}size={megabytes}m");
        let mut mount = super::server::command("mount");
        run(mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&self.0));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = super::server::command("umount").arg("--lazy").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_ends_the_restore_which_goes_on_when_there_is_room() {
    // Only root can mount one.
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    let disk = SmallDisk::mount(&arena, 10);
    let place = disk.0.display();
    arena.server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{place}'"));
    arena.server.create_with("ours", &["-D", "small"]);
    let target = arena.server.conninfo("ours");
    let args = [&["--quiet", "restore", "-d", &target][..], &WAY].concat();
    let output = arena.place.jobtune(&args).arg(&archive).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("No space left on device") && said.contains("--resume"), "{said}");
    assert!(said.contains("make room on the server's disk"), "{said}");
    disk.set_size("remount,", 200);
    resumed(&arena, &archive);
    arena.server.sql("postgres", "DROP DATABASE ours");
    arena.server.sql("postgres", "DROP TABLESPACE small");
}

#[test]
fn a_cancelled_statement_ends_the_restore_which_can_be_resumed() {
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    arena.server.create("ours");
    let target = arena.server.conninfo("ours");
    let mut command = arena.place.process(&["--quiet", "restore", "-d", &target]);
    let child = command.args(WAY).arg(&archive).stderr(Stdio::piped()).spawn().unwrap();
    let cancel = "SELECT count(*) > 0 FROM pg_stat_activity, pg_cancel_backend(pid) \
                  WHERE datname = 'ours' AND (query LIKE 'COPY%' OR query LIKE 'CREATE INDEX%') \
                  AND state = 'active'";
    while arena.server.sql("postgres", cancel) != "t" {}
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("canceling statement") && said.contains("--resume"), "{said}");
    resumed(&arena, &archive);
}

#[test]
fn a_lock_of_somebody_else_is_told_and_waited_for() {
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    arena.server.create("ours");
    arena.server.pg_restore("ours", &archive, &["-s"]);
    let lock = "BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(9); COMMIT";
    let mut psql = arena.server.client("psql");
    let mut holder =
        psql.args(["-X", "-q", "-d", "ours", "-c", lock]).stdout(Stdio::null()).spawn().unwrap();
    while arena.server.sql("ours", "SELECT count(*) FROM pg_locks WHERE relation = 'a'::regclass")
        == "0"
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    let target = arena.server.conninfo("ours");
    let args = [&["restore", "-a", "-t", "a", "-d", &target][..], &WAY].concat();
    let output = arena.place.jobtune(&args).arg(&archive).output().unwrap();
    holder.wait().unwrap();
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("waiting for a lock that process "), "{said}");
    assert!(said.contains("LOCK TABLE a IN ACCESS EXCLUSIVE MODE"), "{said}");
    assert_eq!(arena.server.sql("ours", "SELECT count(*) FROM a"), "20000");
}

#[test]
fn where_connections_run_out_those_that_are_there_do_the_work() {
    let Some(arena) = Arena::new() else { return };
    let archive = slow(&arena);
    arena.server.sql("postgres", "CREATE ROLE few LOGIN CONNECTION LIMIT 2");
    let restore = || {
        arena.server.create_with("ours", &["-O", "few"]);
        arena.server.sql("ours", "ALTER SCHEMA public OWNER TO few");
        let target = arena.server.conninfo("ours").replace("user=postgres", "user=few");
        let mut command = arena.place.jobtune(&["restore", "-O", "-j", "8", "-d", &target]);
        command.arg(&archive).output().unwrap()
    };
    let output = restore();
    let said = stderr(&output);
    assert!(said.contains("only 2 of 8 workers could connect"), "{said}");
    assert!(said.contains("too many connections for role \"few\""), "{said}");
    let data =
        "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), (SELECT count(*) FROM m)";
    assert_eq!(arena.server.sql("ours", data), arena.server.sql("source", data));
    arena.server.sql("postgres", "ALTER ROLE few CONNECTION LIMIT 0");
    let output = restore();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("too many connections for role"), "{}", stderr(&output));
}
