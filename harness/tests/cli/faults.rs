//! Faults in the middle of a sweep: a server that dies, a disk that fills up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};

use super::survival::{assert_nothing_left, place, start, wait_for_rows};
use super::{Place, assert_done, can_run, has_server, stderr};

const SCENARIO: &str = r#"
name = "faults"
dataset = { tpch = { scale = 0.03 } }
[sweep]
jobs = [1]
formats = ["custom"]
blocks = { min = 5, max = 5 }
seed = 3
"#;

/// A disk of its own, small enough to be filled.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: PathBuf, size: &str) -> Self {
        fs::create_dir(&path).unwrap();
        let status = Process::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=0777"), "none"])
            .arg(&path)
            .status()
            .unwrap();
        assert!(status.success(), "cannot mount a small disk");
        Self(path)
    }

    /// Writes until nothing more goes in.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        // The write ends with an error, which is the point.
        let _ = fs::write(&path, vec![b'x'; 64 << 20]);
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A failing unmount leaves a line in the test's output and no more.
        let _ = Process::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn is_root() -> bool {
    can_run("root, to mount a small disk", Uid::effective().is_root())
}

/// Waits until `pg_restore` works on the database of trial `number`.
fn wait_for_restore(place: &Place, number: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let (below, database) = (place.path("tmp").display().to_string(), format!("_t{number}"));
    let is_restoring = |folder: &Path| {
        let command = fs::read(folder.join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).into_owned();
        command.contains("pg_restore") && command.contains(&below) && command.contains(&database)
    };
    loop {
        let mut processes = fs::read_dir("/proc").unwrap().flatten();
        if processes.any(|process| is_restoring(&process.path())) {
            return;
        }
        assert!(Instant::now() < deadline, "trial {number} does not begin");
        sleep(Duration::from_millis(5));
    }
}

fn postmaster(place: &Place) -> Pid {
    let mut clusters = fs::read_dir(place.path("tmp")).unwrap().flatten();
    let text = clusters
        .find_map(|cluster| fs::read_to_string(cluster.path().join("data/postmaster.pid")).ok())
        .unwrap();
    Pid::from_raw(text.lines().next().unwrap().trim().parse().unwrap())
}

#[test]
fn a_server_that_dies_fails_one_trial_and_the_sweep_goes_on() {
    if !has_server() || !can_run("/proc", Path::new("/proc/self/cmdline").exists()) {
        return;
    }
    let place = place();
    let scenario = place.scenario(SCENARIO);
    let mut child = start(&place, &["sweep", &scenario, "--out", "run"]);
    wait_for_rows(&place, 1);
    wait_for_restore(&place, 3);
    kill(postmaster(&place), Signal::SIGKILL).unwrap();
    assert!(child.wait().unwrap().success());
    let outcomes: Vec<String> =
        place.trials("run").iter().map(|row| row.get(9).unwrap().to_owned()).collect();
    assert_eq!(outcomes, ["completed", "completed", "failed", "completed", "completed"]);
    let log = fs::read_to_string(place.path("run/logs/3.log")).unwrap();
    assert!(log.contains("it was started again"), "{log}");
    assert_nothing_left(&place);
}

#[test]
fn a_full_disk_under_the_records_loses_no_trial() {
    if !has_server() || !is_root() {
        return;
    }
    let place = place();
    let disk = SmallDisk::mount(place.path("disk"), "2m");
    let scenario = place.scenario(SCENARIO);
    let run = place.path("disk/run");
    let child = place.jobtune(&["sweep", &scenario, "--out", "disk/run"]);
    let filler = std::thread::scope(|scope| {
        let filling = scope.spawn(|| {
            let deadline = Instant::now() + Duration::from_secs(120);
            while !run.join("items/2.csv").exists() {
                assert!(Instant::now() < deadline, "no trial was recorded");
                sleep(Duration::from_millis(5));
            }
            disk.fill()
        });
        let mut child = child;
        let output = child.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains("No space left on device"), "{}", stderr(&output));
        assert!(stderr(&output).contains("disk/run/"), "{}", stderr(&output));
        assert!(stderr(&output).contains("sweep --resume disk/run"), "{}", stderr(&output));
        filling.join().unwrap()
    });
    place.assert_clean();
    fs::remove_file(filler).unwrap();
    assert_done(&place.run(&["sweep", "--resume", "disk/run"]));
    let numbers: Vec<String> = place.trials("disk/run").iter().map(|row| row[0].into()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_full_disk_under_the_server_is_told_and_left_clean() {
    if !has_server() || !is_root() {
        return;
    }
    let place = place();
    let disk = SmallDisk::mount(place.path("disk"), "160m");
    fs::write(
        place.path("large.sql"),
        "CREATE TABLE large AS SELECT g, repeat('x', 500) t FROM generate_series(1, 400000) g;\n",
    )
    .unwrap();
    let scenario = place.scenario("dataset = { sql = { files = [\"large.sql\"] } }\n");
    let output = place.run(&["sweep", &scenario, "--out", "run", "--data-dir", "disk"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("No space left on device"), "{}", stderr(&output));
    assert_eq!(fs::read_dir(&disk.0).unwrap().count(), 0, "something is left on the disk");
    place.assert_clean();
}
