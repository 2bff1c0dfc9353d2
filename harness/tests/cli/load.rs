//! The load that is recorded: against independent accounts, and where things
//! go wrong.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::load::{DEFAULT_INTERVAL, FirstProcess, Sampling, SamplingTarget, Seen};
use harness::process::{LocalLauncher, RunAs};
use harness::record::LoadSample;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use restore_core::connection::{Conninfo, Environment, connect};
use restore_core::launch::{CommandLine, output};

use super::{Place, assert_done, bindir, can_run, has_server, stderr};

/// A cluster whose server runs under GNU time.
struct Cluster {
    folder: tempfile::TempDir,
    bindir: PathBuf,
    launcher: LocalLauncher,
}

impl Cluster {
    async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("jtl").tempdir_in("/tmp").unwrap();
        let user = RunAs::instead_of_root();
        if let Some(user) = &user {
            user.own(folder.path()).unwrap();
        }
        let bindir = bindir().unwrap();
        let launcher = LocalLauncher::on_path().as_user(user);
        let cluster = Self { folder, bindir, launcher };
        let bin = cluster.bindir.display();
        let data = cluster.data();
        let data = data.display();
        cluster
            .sh(&format!("{bin}/initdb -D {data} -U postgres -A trust -N --locale=C -E UTF8"))
            .await;
        cluster.run_server().await;
        cluster
    }

    /// Starts the server in the background, with no parent of ours.
    async fn run_server(&self) {
        let (bin, folder) = (self.bindir.display(), self.folder.path().display());
        self.sh(&format!(
            "/usr/bin/time -a -o {folder}/time -f '%U %S' {bin}/postgres -D {folder}/data \
             -k {folder} -c listen_addresses= -c autovacuum=off </dev/null >{folder}/log 2>&1 & \
             for i in $(seq 300); do {bin}/psql -h {folder} -U postgres -c 'SELECT 1' && exit 0; \
             sleep 0.05; done; exit 1"
        ))
        .await;
    }

    /// Stops the server in this mode: `fast` so that nothing is to be
    /// recovered, `immediate` so that nothing is written.
    async fn stop(&self, mode: &str) {
        let (bin, data) = (self.bindir.display(), self.data());
        self.sh(&format!("{bin}/pg_ctl stop -w -m {mode} -D {}", data.display())).await;
    }

    async fn sh(&self, script: &str) {
        let said = output(&self.launcher, CommandLine::new("sh").args(["-c", script])).await;
        let said = said.unwrap();
        assert!(said.exit.success(), "{script}\n{}", said.stderr.join("\n"));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn conninfo(&self, user: &str) -> Conninfo {
        let text = format!("host={} user={user} dbname=postgres", self.folder.path().display());
        Conninfo::parse(&text, &Environment::new([])).unwrap()
    }

    fn target(&self, user: &str) -> SamplingTarget {
        SamplingTarget {
            server: self.conninfo(user),
            database: "shop".to_owned(),
            data: Some(self.data()),
            archive: self.data(),
            first_process: FirstProcess::PidFile(self.data().join("postmaster.pid")),
            engine: None,
        }
    }

    async fn execute(&self, statement: &str) {
        let connection = connect(&self.conninfo("postgres")).await.unwrap();
        connection.client.batch_execute(statement).await.unwrap();
    }

    async fn wal_bytes(&self) -> u64 {
        let connection = connect(&self.conninfo("postgres")).await.unwrap();
        let asked = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint";
        let row = connection.client.query_one(asked, &[]).await.unwrap();
        row.get::<_, i64>(0).cast_unsigned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Whatever happened, the server goes with the test.
        let file = std::fs::read_to_string(self.data().join("postmaster.pid"));
        let process = file.ok().and_then(|text| text.lines().next()?.parse().ok());
        if let Some(process) = process {
            let _ = kill(Pid::from_raw(process), Signal::SIGQUIT);
        }
    }
}

fn sum(seen: &Seen, column: fn(&LoadSample) -> Option<u64>) -> u64 {
    seen.samples.iter().filter_map(column).sum()
}

/// User and system seconds, summed over what GNU time wrote.
fn timed(path: &Path) -> f64 {
    let text = std::fs::read_to_string(path).unwrap();
    text.split_whitespace().filter_map(|word| word.parse::<f64>().ok()).sum()
}

fn can_account() -> bool {
    has_server() && can_run("GNU time", Path::new("/usr/bin/time").is_file())
}

/// Whether this is the test's own process. Elsewhere the test is run in one:
/// what a client used is read off the children of this process, and tests
/// beside this one have children too.
fn is_alone(test: &str) -> bool {
    const ALONE: &str = "JOBTUNE_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = format!("{}{}", super::stdout(&output), super::stderr(&output));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// What was sampled during a restore, and what other accounts say of it.
struct Accounts {
    /// Seconds of processors that the server used.
    server: (f64, f64),
    /// Seconds of processors that `pg_restore` used.
    client: (f64, f64),
    /// Bytes of WAL.
    wal: (f64, f64),
    seen: Seen,
}

impl Accounts {
    /// The account of the server begins anew with it. What starting and stopping
    /// cost is in the account and not in the samples.
    async fn of_restore(cluster: &Cluster) -> Self {
        let (bin, folder) = (cluster.bindir.display(), cluster.folder.path().display());
        let account = cluster.folder.path().join("time");
        // Or the next start would have something to recover, and this one had not.
        cluster.stop("fast").await;
        std::fs::remove_file(&account).unwrap();
        cluster.run_server().await;
        cluster.stop("fast").await;
        let around = timed(&account);
        cluster.run_server().await;

        let sampling = Sampling::start(1, DEFAULT_INTERVAL, cluster.target("postgres")).await;
        let wal = cluster.wal_bytes().await;
        cluster.execute("DROP DATABASE IF EXISTS shop").await;
        cluster.execute("CREATE DATABASE shop").await;
        let client = cluster.folder.path().join("client");
        let restore = format!(
            "exec /usr/bin/time -o {} -f '%U %S' {bin}/pg_restore -h {folder} -U postgres -d shop \
             -j 2 {folder}/dump",
            client.display()
        );
        cluster.sh(&restore).await;
        let wal = cluster.wal_bytes().await - wal;
        let seen = sampling.stop().await;
        cluster.stop("immediate").await;
        let server = timed(&account) - 2.0 * around;
        cluster.run_server().await;
        Self {
            server: (sum(&seen, |sample| sample.server_cpu_ns) as f64 / 1e9, server),
            // GNU time has hundredths of a second.
            client: (
                sum(&seen, |sample| sample.client_cpu_ns) as f64 / 1e9,
                timed(&client).max(0.01),
            ),
            wal: (sum(&seen, |sample| sample.wal_bytes) as f64, wal as f64),
            seen,
        }
    }

    fn agree(&self) -> bool {
        let apart = |(seen, other): (f64, f64)| (seen - other).abs();
        apart(self.server) <= 0.05 * self.server.1
            && apart(self.client) <= 0.05 * self.client.1 + 0.02
            && apart(self.wal) <= 0.01 * self.wal.1
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processor_time_and_wal_are_what_other_accounts_say() {
    if !can_account() || !is_alone("load::processor_time_and_wal_are_what_other_accounts_say") {
        return;
    }
    let cluster = Cluster::start().await;
    let (bin, folder) = (cluster.bindir.display(), cluster.folder.path().display());
    let rows = "SELECT g, md5(g::text), g % 1000 FROM generate_series(1, 900000) g";
    cluster.execute("CREATE DATABASE source").await;
    cluster
        .sh(&format!(
            "{bin}/psql -h {folder} -U postgres -d source -c 'CREATE TABLE a AS {rows}' \
             -c 'CREATE TABLE b AS {rows}' -c 'CREATE INDEX ON a (md5)' -c 'CREATE INDEX ON b (md5)'\
             && {bin}/pg_dump -h {folder} -U postgres -Fd -f {folder}/dump source"
        ))
        .await;
    // What the server uses to start and to stop is not the same every time, and
    // on a busy machine may differ by more than the accounts: a quiet moment is
    // enough.
    let mut accounts = Accounts::of_restore(&cluster).await;
    for _ in 0..2 {
        let Accounts { server, client, wal, .. } = &accounts;
        eprintln!(
            "seen, and by the other account: CPU s of the server {server:.3?}, of the client {client:.3?}; bytes of WAL {wal:.0?}"
        );
        if accounts.agree() {
            break;
        }
        accounts = Accounts::of_restore(&cluster).await;
    }
    let Accounts { server, client, wal, seen } = &accounts;
    assert!(accounts.agree(), "server {server:?}, client {client:?}, WAL {wal:?}");
    assert!(seen.samples.iter().any(|sample| sample.copies.is_some_and(|copies| copies > 0)));
    assert!(seen.samples.iter().any(|sample| sample.backends.is_some_and(|n| n >= 2)));
    assert_eq!(seen.notes, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_write_adds_its_bytes() {
    /// Large beside what else is written meanwhile.
    const BYTES: usize = 256 << 20;

    if !can_account() {
        return;
    }
    let cluster = Cluster::start().await;
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut target = cluster.target("postgres");
    target.data = Some(place.path().to_owned());
    let mut readings = Vec::new();
    // Others may write to the same disk: a quiet moment is enough.
    for _ in 0..8 {
        let sampling = Sampling::start(1, DEFAULT_INTERVAL, target.clone()).await;
        let path = place.path().join("written");
        tokio::task::spawn_blocking(move || {
            let mut file = std::fs::File::create(&path).unwrap();
            file.write_all(&vec![7; BYTES]).unwrap();
            file.sync_all().unwrap();
        })
        .await
        .unwrap();
        let seen = sampling.stop().await;
        if !can_run("a block device", seen.notes.is_empty()) {
            return;
        }
        let ratio = sum(&seen, |sample| sample.data_device_written_bytes) as f64 / BYTES as f64;
        eprintln!("written: {ratio:.3} of what was");
        if (0.9..=1.1).contains(&ratio) {
            return;
        }
        readings.push(ratio);
    }
    panic!("shares of the bytes written that were seen: {readings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sampling_survives_a_restart_of_the_server() {
    if !can_account() {
        return;
    }
    let cluster = Cluster::start().await;
    cluster.execute("CREATE DATABASE shop").await;
    let sampling = Sampling::start(1, Duration::from_millis(50), cluster.target("postgres")).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    cluster.stop("immediate").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    cluster.run_server().await;
    cluster.execute("CREATE TABLE t AS SELECT generate_series(1, 100000)").await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let seen = sampling.stop().await;

    let is_loss =
        |note: &&String| note.contains("connection that reads the server's load was lost");
    assert_eq!(seen.notes.iter().filter(is_loss).count(), 1, "{:?}", seen.notes);
    let asked: Vec<bool> = seen.samples.iter().map(|sample| sample.backends.is_some()).collect();
    assert!(
        asked[..asked.len() / 4].contains(&true) && asked[asked.len() * 3 / 4..].contains(&true)
    );
    let last = &seen.samples[seen.samples.len() * 3 / 4..];
    assert!(last.iter().any(|sample| sample.server_cpu_ns.is_some()), "the new server is found");
    assert!(seen.samples.iter().all(|sample| sample.host_cpu_user_ns.is_some()));
    assert!(seen.samples.windows(2).all(|pair| pair[0].at_ns < pair[1].at_ns));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plain_role_may_not_see_is_said_once() {
    if !can_account() {
        return;
    }
    let cluster = Cluster::start().await;
    cluster.execute("CREATE DATABASE shop").await;
    cluster.execute("CREATE ROLE plain LOGIN").await;
    cluster.execute("REVOKE EXECUTE ON FUNCTION pg_current_wal_insert_lsn() FROM PUBLIC").await;
    let sampling = Sampling::start(1, Duration::from_millis(50), cluster.target("plain")).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let seen = sampling.stop().await;
    let about = |words: &str| seen.notes.iter().filter(|note| note.contains(words)).count();
    assert_eq!(about("GRANT pg_monitor TO"), 1, "{:?}", seen.notes);
    assert_eq!(about("progress and WAL cannot be read"), 1, "{:?}", seen.notes);
    assert_eq!(seen.notes.len(), 2, "{:?}", seen.notes);
    assert!(seen.samples.iter().all(|sample| sample.wal_bytes.is_none()), "absent, and not zero");
    assert!(seen.samples.iter().any(|sample| sample.checkpoints.is_some()));
    assert!(seen.samples.iter().any(|sample| sample.server_cpu_ns.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_disappears() {
    let docker = |args: &[&str]| {
        let output = std::process::Command::new("docker").args(args).output();
        output
            .ok()
            .filter(|output| output.status.success())
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let run = ["run", "--detach", "--entrypoint", "sleep", "postgres:15", "300"];
    let Some(id) = docker(&run) else {
        can_run("a container engine with the image postgres:15", false);
        return;
    };
    let process = docker(&["inspect", "--format", "{{.State.Pid}}", &id]).unwrap();
    let nowhere = "host=/nowhere user=x dbname=x";
    let target = SamplingTarget {
        server: Conninfo::parse(nowhere, &Environment::new([])).unwrap(),
        database: "shop".to_owned(),
        data: None,
        archive: PathBuf::from("/"),
        first_process: FirstProcess::Container {
            id: id.clone(),
            process: process.parse().unwrap(),
        },
        engine: None,
    };
    let sampling = Sampling::start(1, Duration::from_millis(50), target).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    docker(&["rm", "--force", &id]).unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let seen = sampling.stop().await;
    let gone = seen.notes.iter().filter(|note| note.contains("control group is gone")).count();
    assert_eq!(gone, 1, "{:?}", seen.notes);
    assert!(seen.samples.first().unwrap().container_cpu_ns.is_some());
    assert!(seen.samples.last().unwrap().container_cpu_ns.is_none());
    assert!(seen.samples.last().unwrap().host_cpu_user_ns.is_some(), "the rest goes on");
}

#[test]
fn a_sweep_records_load_or_not() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let sweep = |load: &str, out: &str| {
        let scenario = place.scenario(&format!(
            "dataset = {{ tpch = {{ scale = 0.01 }} }}\nserver.settings.fsync = false\n\
             [sweep]\njobs = [2]\nformats = [\"directory\"]\nblocks = {{ min = 1, max = 1 }}\n\
             load_interval = \"{load}\"\n"
        ));
        let output = place.run(&["sweep", &scenario, "--out", out]);
        assert_done(&output);
        assert!(!stderr(&output).contains("note: "), "{}", stderr(&output));
    };
    sweep("off", "off");
    assert!(!place.path("off/load.csv").exists());
    assert_eq!(place.named_trials("off")[0]["load_samples"], "");

    sweep("20ms", "on");
    let trial = &place.named_trials("on")[0];
    let samples: usize = trial["load_samples"].parse().unwrap();
    let lines = std::fs::read_to_string(place.path("on/load.csv")).unwrap().lines().count();
    assert_eq!(lines, samples + 1);
    for column in ["host_cpu_ns", "server_cpu_ns", "client_cpu_ns", "wal_syncs", "backends_peak"] {
        assert!(trial[column].parse::<u64>().is_ok(), "{column}: {:?}", trial[column]);
    }
    let wal: f64 = trial["wal_bytes"].parse().unwrap();
    let mut table = csv::Reader::from_path(place.path("on/load.csv")).unwrap();
    let load: Vec<LoadSample> = table.deserialize().map(Result::unwrap).collect();
    let wal_sampled: u64 = load.iter().filter_map(|sample| sample.wal_bytes).sum();
    assert!((wal_sampled as f64 / wal - 1.0).abs() < 0.01, "{wal_sampled} {wal}");
}
