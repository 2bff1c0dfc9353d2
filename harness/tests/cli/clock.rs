//! A wall clock that steps while trials run: forwards by an hour and back, again
//! and again.
//!
//! libfaketime stands between jobtune and the system's clock; the servers and
//! the client programs keep the true one. The clock that never steps is left
//! alone, as it is where a machine's time is set.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use harness::record::LoadSample;

use super::{Place, assert_done, can_run, has_server, stderr};

/// The clock steps this often.
const STEP: Duration = Duration::from_millis(200);

/// libfaketime for programs with threads: in the folder of its own that Debian,
/// Fedora and Arch give it.
fn faketime() -> Option<PathBuf> {
    let of_architectures = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let folders = of_architectures.map(|entry| entry.path());
    folders
        .chain(["/usr/lib", "/usr/lib64"].map(PathBuf::from))
        .map(|folder| folder.join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.is_file())
}

/// The clock that jobtune sees.
struct Clock {
    file: PathBuf,
}

impl Clock {
    /// Ahead of the true one by so many seconds from now on.
    fn set(&self, ahead: u32) {
        let new = self.file.with_extension("new");
        fs::write(&new, format!("+{ahead}\n")).unwrap();
        // It is read at any time, and never by halves.
        fs::rename(new, &self.file).unwrap();
    }

    /// Runs jobtune with this clock: an hour ahead until `folder` is there, and
    /// stepping from then on.
    fn stepping(&self, place: &Place, args: &[&str], folder: &Path, library: &Path) -> Output {
        self.set(3600);
        let has_ended = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut ahead = 3600;
                while !has_ended.load(Ordering::Relaxed) {
                    if folder.exists() {
                        ahead = 3600 - ahead;
                        self.set(ahead);
                    }
                    thread::sleep(STEP);
                }
            });
            let output = place
                .jobtune(args)
                .env("LD_PRELOAD", library)
                .env("FAKETIME_TIMESTAMP_FILE", &self.file)
                .env("FAKETIME_NO_CACHE", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                .env("NO_FAKE_STAT", "1")
                // What is started as another user could not share its state.
                .env("FAKETIME_ONLY_CMDS", "jobtune")
                .output()
                .unwrap();
            has_ended.store(true, Ordering::Relaxed);
            output
        })
    }
}

fn processors() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap();
    stat.lines().filter(|line| line.starts_with("cpu")).count() as u64 - 1
}

#[test]
fn a_clock_that_steps_changes_nothing_of_what_is_measured() {
    let library = faketime();
    if !has_server() || !can_run("libfaketime", library.is_some()) {
        return;
    }
    let place = Place::new();
    let mut sql = String::new();
    for number in 1..=4 {
        writeln!(
            sql,
            "CREATE TABLE t{number} AS SELECT g, md5(g::text) FROM generate_series(1, 600000) g;\n\
             CREATE INDEX ON t{number} (md5);"
        )
        .unwrap();
    }
    fs::write(place.path("schema.sql"), sql).unwrap();
    let scenario = place.scenario(
        "dataset = { sql = { files = [\"schema.sql\"] } }\nserver.settings.fsync = false\n\
         [sweep]\njobs = [1, 2]\nformats = [\"directory\"]\nblocks = { min = 2, max = 2 }\n\
         load_interval = \"50ms\"\n",
    );
    let clock = Clock { file: place.path("clock") };
    let begun = Instant::now();
    let args = ["sweep", &scenario, "--out", "run"];
    let output = clock.stepping(&place, &args, &place.path("run"), &library.unwrap());
    let whole = begun.elapsed();
    assert_done(&output);
    place.assert_clean();
    assert!(!stderr(&output).contains("note: "), "{}", stderr(&output));

    // It was indeed another clock.
    let run: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("run/run.json")).unwrap()).unwrap();
    let created: jiff::Timestamp = run["created_at"].as_str().unwrap().parse().unwrap();
    let ahead = created.duration_since(harness::clock::now()).as_secs();
    assert!(ahead > 3000, "the clock was not changed: {ahead} s ahead");

    let trials = place.named_trials("run");
    assert_eq!(trials.len(), 4);
    let mut accounted = Duration::ZERO;
    for trial in &trials {
        assert_eq!(trial["outcome"], "completed");
        for column in ["wall_ns", "prepare_ns", "verify_ns", "cleanup_ns"] {
            accounted += Duration::from_nanos(trial[column].parse().unwrap());
        }
        assert_load(trial, &place.path("run/load.csv"));
    }
    // By the test's own clock, which never steps.
    assert!(accounted < whole, "{accounted:?} of {whole:?}");
}

/// The load of a trial, in the middle of which the clock stepped.
fn assert_load(trial: &BTreeMap<String, String>, load: &Path) {
    let wall: u64 = trial["wall_ns"].parse().unwrap();
    assert!(Duration::from_nanos(wall) > 3 * STEP, "no step within {wall} ns");
    let mut table = csv::Reader::from_path(load).unwrap();
    let number: u32 = trial["trial"].parse().unwrap();
    let samples: Vec<LoadSample> = table
        .deserialize()
        .map(Result::unwrap)
        .filter(|s: &LoadSample| s.trial == number)
        .collect();
    let sum =
        |column: fn(&LoadSample) -> Option<u64>| samples.iter().filter_map(column).sum::<u64>();

    // Each row follows the one before it by its interval.
    for pair in samples.windows(2) {
        assert!(pair[1].interval_ns > 0, "{pair:?}");
        assert_eq!(pair[1].at_ns, pair[0].at_ns + pair[1].interval_ns);
    }
    // The sampler starts before the restore and ends after it.
    let time = samples.last().unwrap().at_ns;
    assert!((wall..wall + 5_000_000_000).contains(&time), "{time} {wall}");
    assert!(samples.len() as u64 > wall / 200_000_000, "{} in {wall} ns", samples.len());

    // Nothing is absent, and what was added fits the time that passed.
    assert!(samples.iter().all(|sample| sample.host_cpu_user_ns.is_some()));
    assert!(samples.iter().filter(|sample| sample.backends.is_some()).count() > samples.len() / 10);
    let processors = processors();
    let host = sum(|s| s.host_cpu_user_ns)
        + sum(|s| s.host_cpu_system_ns)
        + sum(|s| s.host_cpu_idle_ns)
        + sum(|s| s.host_cpu_iowait_ns)
        + sum(|s| s.host_cpu_steal_ns);
    let ratio = host as f64 / (time * processors) as f64;
    assert!((0.9..=1.1).contains(&ratio), "{host} ns of processors in {time} ns");
    let server = sum(|s| s.server_cpu_ns);
    assert!((1..=time * processors).contains(&server), "{server} ns in {time} ns");
    let wal: f64 = trial["wal_bytes"].parse().unwrap();
    let seen = sum(|s| s.wal_bytes) as f64;
    assert!((seen / wal - 1.0).abs() < 0.01, "{seen} of {wal} bytes of WAL");
}
