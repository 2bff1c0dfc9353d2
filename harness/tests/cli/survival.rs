//! A sweep that is killed at any instant goes on where it was, and leaves
//! nothing that `clean` does not find.

use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Place, assert_done, has_server, stderr};

const SCENARIO: &str = r#"
name = "survival"
dataset = { tpch = { scale = 0.01 } }
[sweep]
jobs = [1, 2, 4]
formats = ["custom", "directory"]
blocks = { min = 3, max = 3 }
seed = 11
"#;
const TRIALS: usize = 3 * 6;

pub(super) fn start(place: &Place, args: &[&str]) -> Child {
    Process::new(assert_cmd::cargo::cargo_bin("jobtune"))
        .args(args)
        .current_dir(place.path(""))
        .env("JOBTUNE_STATE_DIR", place.path("state"))
        .env("JOBTUNE_CACHE_DIR", place.path("cache"))
        .env("TMPDIR", place.path("tmp"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

pub(super) fn place() -> Place {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    std::fs::create_dir(place.path("tmp")).unwrap();
    // The server may run as another user than the test.
    for path in [place.path(""), place.path("tmp")] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    place
}

fn wait_for(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !path.exists() {
        assert!(Instant::now() < deadline, "{} does not appear", path.display());
        sleep(Duration::from_millis(20));
    }
}

/// Waits until a run has recorded so many trials.
pub(super) fn wait_for_rows(place: &Place, rows: usize) {
    let deadline = Instant::now() + Duration::from_secs(120);
    let recorded = || {
        let text = std::fs::read_to_string(place.path("run/trials.csv")).unwrap_or_default();
        text.matches('\n').count().saturating_sub(1)
    };
    while recorded() < rows || !place.path("run/trials.csv").exists() {
        assert!(Instant::now() < deadline, "trial {rows} is not recorded");
        sleep(Duration::from_millis(10));
    }
}

/// Clusters that have a folder or a process below the test's own folder.
fn leftovers(place: &Place) -> Vec<String> {
    let mut left: Vec<String> = std::fs::read_dir(place.path("tmp"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path().display().to_string())
        .collect();
    let below = place.path("tmp").display().to_string();
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&command).contains(&below) {
            left.push(String::from_utf8_lossy(&command).replace('\0', " "));
        }
    }
    left
}

pub(super) fn assert_nothing_left(place: &Place) {
    // Workers of a killed sweep end when they notice that their server has.
    let deadline = Instant::now() + Duration::from_secs(10);
    while !leftovers(place).is_empty() && Instant::now() < deadline {
        sleep(Duration::from_millis(50));
    }
    assert_eq!(leftovers(place), Vec::<String>::new());
    place.assert_clean();
}

#[test]
fn ten_kills_lose_no_trial() {
    if !has_server() {
        return;
    }
    let place = place();
    let scenario = place.scenario(SCENARIO);
    let mut child = start(&place, &["sweep", &scenario, "--out", "run"]);
    wait_for(&place.path("run/trials.csv"));
    // Kills strike set-up and warm-up (no row is awaited) and every third of
    // the trials. The instants after that come from a fixed generator, so that
    // a failure can be repeated. They are short against what is left to do:
    // a sweep that ended before its kill would have been spared it.
    let mut state: u64 = 20_261_123;
    for rows in [0, 0, 0, 1, 2, 3, 5, 7, 9, 11] {
        wait_for_rows(&place, rows);
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_millis((state >> 33) % 400));
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "the sweep had ended before it was killed");
        child = start(&place, &["sweep", "--resume", "run"]);
    }
    assert!(child.wait().unwrap().success());

    let trials = place.trials("run");
    let numbers: Vec<usize> = trials.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=TRIALS).collect::<Vec<_>>());
    let sessions: Vec<u32> = trials.iter().map(|row| row[3].parse().unwrap()).collect();
    assert!(sessions.is_sorted() && sessions.last() > sessions.first(), "{sessions:?}");
    assert_nothing_left(&place);
}

#[test]
fn clean_removes_what_a_dead_run_left_and_nothing_of_a_live_one() {
    if !has_server() {
        return;
    }
    let place = place();
    let scenario = place.scenario(SCENARIO);
    let mut dead = start(&place, &["sweep", &scenario, "--out", "dead"]);
    wait_for(&place.path("dead/trials.csv"));
    let mut live = start(&place, &["sweep", &scenario, "--out", "live"]);
    wait_for(&place.path("live/trials.csv"));
    dead.kill().unwrap();
    dead.wait().unwrap();
    assert_done(&place.run(&["clean"]));
    assert!(live.wait().unwrap().success(), "the live run was disturbed");
    assert_nothing_left(&place);
}

#[test]
fn an_interrupt_clears_up_and_can_be_resumed() {
    if !has_server() {
        return;
    }
    let place = place();
    let scenario = place.scenario(SCENARIO);
    let mut child = start(&place, &["sweep", &scenario, "--out", "run"]);
    wait_for(&place.path("run/items/1.csv"));
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_nothing_left(&place);

    let output = place.run(&["sweep", "--resume", "run"]);
    assert_done(&output);
    assert_eq!(place.trials("run").len(), TRIALS);
    let output = place.run(&["sweep", "--resume", "run"]);
    assert_done(&output);
    assert!(stderr(&output).contains("nothing is left to do"), "{}", stderr(&output));
}
