//! Servers that are there already, here in containers: what may be done
//! there, what is refused, and what is left after a kill.

use std::process::{Command as Process, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::cases::archive;
use super::containers::has_images;
use super::survival::{place, start, wait_for_rows};
use super::{assert_done, bindir, stderr};

/// A container with a server on a port of its own, removed when dropped.
pub(super) struct External {
    container: String,
    port: String,
}

impl External {
    pub(super) fn start(image: &str) -> Self {
        let container = docker(&[
            "run",
            "--detach",
            "--rm",
            "--publish",
            "127.0.0.1::5432",
            "--env",
            "POSTGRES_HOST_AUTH_METHOD=trust",
            image,
        ]);
        let published = docker(&["port", &container, "5432/tcp"]);
        let port = published.lines().next().unwrap().rsplit(':').next().unwrap().to_owned();
        let server = Self { container, port };
        let deadline = Instant::now() + Duration::from_secs(60);
        while server.try_sql("SELECT 1").is_none() {
            assert!(Instant::now() < deadline, "the container's server does not answer");
            sleep(Duration::from_millis(100));
        }
        server
    }

    pub(super) fn conninfo(&self, user: &str) -> String {
        format!("host=127.0.0.1 port={} user={user} dbname=postgres", self.port)
    }

    /// Runs a statement over TCP: the server that the image uses to set itself
    /// up listens on its socket alone.
    fn try_sql(&self, sql: &str) -> Option<String> {
        let psql = ["exec", &self.container, "psql", "-h", "127.0.0.1", "-U", "postgres", "-AtXc"];
        let output = Process::new("docker").args(psql).arg(sql).output().unwrap();
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    pub(super) fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).unwrap()
    }
}

impl Drop for External {
    fn drop(&mut self) {
        let _ = Process::new("docker").args(["rm", "--force", &self.container]).output();
    }
}

pub(super) fn docker(args: &[&str]) -> String {
    let output = Process::new("docker").args(args).output().unwrap();
    assert!(output.status.success(), "docker {args:?}: {}", stderr(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

const SCENARIO: &str = "dataset = { tpch = { scale = 0.01 } }\n\
    [sweep]\njobs = [1, 2]\nformats = [\"directory\"]\nblocks = { min = 2, max = 2 }\nseed = 5\n";

/// The image of the same major version as the programs of this machine.
pub(super) fn image() -> Option<String> {
    if !has_images() {
        return None;
    }
    let folder = bindir()?;
    let version = Process::new(folder.join("pg_restore")).arg("--version").output().unwrap();
    let text = String::from_utf8_lossy(&version.stdout).into_owned();
    let major = text.split("(PostgreSQL) ").nth(1)?.split('.').next()?.to_owned();
    let known = ["15", "17", "18"].contains(&major.as_str());
    Some(format!("postgres:{}", if known { &major } else { "15" }))
}

#[test]
fn an_external_server_is_used_within_its_rights_and_left_as_it_was() {
    let Some(image) = image() else { return };
    let server = External::start(&image);
    let place = place();
    let scenario = place.scenario(SCENARIO);
    server.sql("CREATE ROLE planner LOGIN");
    let refused =
        place.run(&["sweep", &scenario, "--out", "run", "--conninfo", &server.conninfo("planner")]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("may not create databases"), "{}", stderr(&refused));
    assert!(!place.path("run").exists());

    server.sql("ALTER ROLE planner CREATEDB");
    server.sql("CREATE DATABASE jobtune_of_someone_else");
    let before = server.sql("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database");
    let conninfo = server.conninfo("planner");
    let mut child = start(&place, &["sweep", &scenario, "--out", "run", "--conninfo", &conninfo]);
    wait_for_rows(&place, 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_done(&place.run(&["clean"]));
    place.assert_clean();
    let now = || server.sql("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database");
    // The server notices a vanished client when it next writes to it.
    assert_eq!(now(), before);

    assert_done(&place.run(&["sweep", "--resume", "run", "--conninfo", &conninfo]));
    assert_eq!(place.trials("run").len(), 4);
    assert_eq!(now(), before);
}

#[test]
fn databases_with_subscriptions_go_from_an_external_server() {
    let Some(image) = image() else { return };
    let server = External::start(&image);
    let place = place();
    let archive = archive("subscription");
    let conninfo = server.conninfo("postgres");
    let sweep = ["sweep", "--archive", &archive, "--jobs", "1,2", "--conninfo", &conninfo];
    let blocks = |blocks: &'static str, out: &'static str| {
        [&sweep[..], &["--blocks", blocks, "--out", out]].concat()
    };
    let left = || {
        server.sql(
            "SELECT datname FROM pg_database WHERE datname ~ '^jobtune' \
             UNION ALL SELECT subname FROM pg_subscription \
             UNION ALL SELECT roname FROM pg_replication_origin",
        )
    };
    assert_done(&place.run(&blocks("1", "whole")));
    assert_eq!(left(), "");

    let mut child = start(&place, &blocks("30", "run"));
    wait_for_rows(&place, 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_done(&place.run(&["clean"]));
    assert_eq!(left(), "");
    place.assert_clean();
}

#[test]
fn a_database_gets_the_name_asked_for_and_nobody_elses_is_dropped() {
    let Some(image) = image() else { return };
    let server = External::start(&image);
    let place = place();
    let archive = archive("subscription");
    let conninfo = server.conninfo("postgres");
    let args = ["sweep", "--archive", &archive, "--jobs", "1,2", "--conninfo", &conninfo];
    let args = [&args[..], &["--database", "home", "--blocks", "20", "--out", "run"]].concat();
    let homes =
        || server.sql("SELECT datname FROM pg_database WHERE datname !~ '^(template|postgres)'");
    server.sql("CREATE DATABASE home");
    let refused = place.run(&args);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("database \"home\" exists already"));
    assert_eq!(homes(), "home");
    server.sql("DROP DATABASE home");

    let mut child = start(&place, &args);
    wait_for_rows(&place, 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_done(&place.run(&["clean"]));
    assert_eq!(homes(), "");
    assert_done(&place.run(&["sweep", "--resume", "run", "--conninfo", &conninfo]));
    assert_eq!(place.trials("run").len(), 40);
    assert_eq!(homes(), "");

    // A database that somebody else made under the name is another one.
    server.sql("CREATE DATABASE home");
    let noted = format!(r#"{{"kind":"database","conninfo":"{conninfo}","name":"home","oid":1}}"#);
    std::fs::write(place.path("state/dead.lease"), format!("{noted}\n")).unwrap();
    assert_done(&place.run(&["clean"]));
    place.assert_clean();
    assert_eq!(homes(), "home");
}

#[test]
fn clean_goes_on_after_what_it_cannot_remove() {
    let place = place();
    let state = place.path("state");
    std::fs::create_dir(&state).unwrap();
    let left = place.path("left");
    std::fs::create_dir(&left).unwrap();
    // Nobody listens there; a name that sorts first is cleaned first.
    let gone = r#"{"kind":"database","conninfo":"host=127.0.0.1 port=1","name":"jobtune_a_t1"}"#;
    let partial = format!(r#"{{"kind":"partial","path":"{}"}}"#, left.display());
    std::fs::write(state.join("aaaa.lease"), format!("{gone}\n")).unwrap();
    std::fs::write(state.join("bbbb.lease"), format!("{partial}\n")).unwrap();
    let output = place.run(&["clean"]);
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(told.contains("cannot drop database \"jobtune_a_t1\""), "{told}");
    assert!(told.contains("jobtune clean --forget aaaa"), "{told}");
    assert!(!left.exists(), "the rest was not removed");

    assert_done(&place.run(&["clean", "--forget", "aaaa"]));
    place.assert_clean();
    assert_eq!(place.run(&["clean", "--forget", "aaaa"]).status.code(), Some(2));
}

/// The server goes on with what a killed client asked for: a database that is
/// in no catalog yet is waited for.
#[test]
fn clean_waits_for_a_database_that_is_still_being_made() {
    let Some(image) = image() else { return };
    let server = External::start(&image);
    let place = place();
    let state = place.path("state");
    std::fs::create_dir(&state).unwrap();
    let lease = serde_json::json!({
        "kind": "database", "conninfo": server.conninfo("postgres"), "name": "jobtune_dead_t1",
    });
    std::fs::write(state.join("dead.lease"), format!("{lease}\n")).unwrap();

    // What the session of the dead run still does, under the lock that it took.
    let session = "SELECT pg_advisory_lock(hashtextextended('jobtune_dead_t1', 0))";
    let mut making = Process::new("docker")
        .args(["exec", &server.container, "psql", "-U", "postgres", "-X", "-q"])
        .args(["-c", session, "-c", "SELECT pg_sleep(2)"])
        .args(["-c", "CREATE DATABASE jobtune_dead_t1"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
    let deadline = Instant::now() + Duration::from_secs(60);
    while server.sql(locks) != "1" {
        assert!(Instant::now() < deadline, "the lock is not taken");
        sleep(Duration::from_millis(20));
    }
    assert_done(&place.run(&["clean"]));
    assert!(making.wait().unwrap().success(), "the database was not made");
    let names = "SELECT count(*) FROM pg_database WHERE datname ~ '^jobtune'";
    assert_eq!(server.sql(names), "0");
    place.assert_clean();
}

#[test]
fn clean_removes_the_container_of_a_dead_run() {
    if !has_images() {
        return;
    }
    let place = place();
    let scenario = place.scenario(&format!("{SCENARIO}[server]\nprovider = \"docker\"\n"));
    let mut child = start(&place, &["sweep", &scenario, "--out", "run"]);
    wait_for_rows(&place, 1);
    child.kill().unwrap();
    child.wait().unwrap();
    let run = std::fs::read_to_string(place.path("run/run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_str(&run).unwrap();
    let label = format!("label=jobtune.run={}", run["run"].as_str().unwrap());
    let containers = || docker(&["ps", "--all", "--quiet", "--filter", &label]);
    assert_ne!(containers(), "", "the kill came too late to leave a container");
    assert_done(&place.run(&["clean"]));
    assert_eq!(containers(), "");
    place.assert_clean();
}

#[test]
fn an_archive_newer_than_the_programs_is_refused() {
    if !has_images() {
        return;
    }
    let place = place();
    let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/../restore-core/tests/archives/18/custom");
    let image = ["--provider", "docker", "--image", "postgres:15"];
    let mut args = vec!["sweep", "--archive", archive, "--jobs", "1", "--out", "run"];
    args.extend(image);
    let output = place.run(&args);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("from major version 17 on, and pg_restore here is 15"),
        "{}",
        stderr(&output)
    );
    assert!(!place.path("run").exists());
    place.assert_clean();
}
