//! A control group of the second version, live: a program that uses a known
//! amount in a group of its own, and the end of the group.
//!
//! It can be made where such a hierarchy is mounted and this user may make
//! groups in it; which of its readings there are depends on the controllers that
//! belong to it: beside a hierarchy of the first version it accounts for
//! processors alone. What has no file must be absent, and not zero.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use harness::load::{FirstProcess, Sampling, SamplingTarget, Seen};
use harness::record::LoadSample;
use restore_core::connection::{Conninfo, Environment};

use super::can_run;

struct Group {
    folder: PathBuf,
}

impl Group {
    /// `None` where none can be made, or where it would not be looked at.
    fn make() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let mount = mounts.lines().find_map(|line| {
            let (place, kind) = line.split_once(" - ")?;
            kind.starts_with("cgroup2 ").then(|| place.split(' ').nth(4))?
        })?;
        // A group of the first version comes first.
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let is_in_first = |line: &str| line.contains("cpuacct") && !line.ends_with(":/");
        if own.lines().any(is_in_first) {
            return None;
        }
        let name = format!("jobtune-test-{}", std::process::id());
        let folder = Path::new(mount).join(name);
        fs::create_dir(&folder).ok()?;
        Some(Self { folder })
    }

    fn id(&self) -> String {
        self.folder.file_name().unwrap().to_string_lossy().into_owned()
    }

    fn has(&self, file: &str) -> bool {
        self.folder.join(file).exists()
    }

    /// Removes it, once its last process is gone.
    fn remove(&self) -> bool {
        (0..50).any(|_| {
            let is_removed = fs::remove_dir(&self.folder).is_ok();
            if !is_removed {
                std::thread::sleep(Duration::from_millis(20));
            }
            is_removed
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}

fn sum(seen: &Seen, column: fn(&LoadSample) -> Option<u64>) -> u64 {
    seen.samples.iter().filter_map(column).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_the_second_version_is_read_while_it_is_there() {
    let has_time = can_run("GNU time", Path::new("/usr/bin/time").is_file());
    let group = Group::make();
    let what = "a control group hierarchy of version 2 that this user may make groups in";
    if !has_time || !can_run(what, group.is_some()) {
        return;
    }
    let group = group.unwrap();
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let account = place.path().join("account");
    // Some memory, some work, some bytes to the disk.
    let script = format!(
        "echo $$ > {}/cgroup.procs && read go && exec /usr/bin/time -o {} -f '%U %S' sh -c \
         'awk \"BEGIN {{ while (i < 1000000) a[i++] = i; while (i < 60000000) i++ }}\"; \
          dd if=/dev/zero of={}/written bs=1M count=64 conv=fsync 2>/dev/null'",
        group.folder.display(),
        account.display(),
        place.path().display()
    );
    let mut program = std::process::Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let procs = group.folder.join("cgroup.procs");
    while fs::read_to_string(&procs).unwrap().is_empty() {
        assert!(program.try_wait().unwrap().is_none(), "it is not in its group");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let target = SamplingTarget {
        server: Conninfo::parse("host=/nowhere user=x dbname=x", &Environment::new([])).unwrap(),
        database: "x".to_owned(),
        data: Some(place.path().to_owned()),
        archive: place.path().to_owned(),
        first_process: FirstProcess::Container { id: group.id(), process: program.id() },
        engine: None,
    };
    let sampling = Sampling::start(1, Duration::from_millis(50), target).await;
    program.stdin.take().unwrap().write_all(b"go\n").unwrap();
    let status = tokio::task::spawn_blocking(move || program.wait().unwrap()).await.unwrap();
    assert!(status.success());
    let (has_memory, has_io) = (group.has("memory.current"), group.has("io.stat"));
    let has_limit = group.has("cpu.max");
    // All that it used is seen before it goes.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(group.remove(), "the group is still in use");
    tokio::time::sleep(Duration::from_millis(400)).await;
    let seen = sampling.stop().await;

    let text = fs::read_to_string(&account).unwrap();
    let timed: f64 = text.split_whitespace().map(|word| word.parse::<f64>().unwrap()).sum();
    let used = sum(&seen, |sample| sample.container_cpu_ns) as f64 / 1e9;
    eprintln!("CPU s of the group: {used:.3} seen, {timed:.3} by GNU time");
    // GNU time has hundredths of a second, and the shell before it is not its.
    assert!((used - timed).abs() <= 0.05 * timed + 0.03, "{used} is not {timed}");
    let most_memory = seen.samples.iter().filter_map(|sample| sample.container_memory_bytes).max();
    assert_eq!(most_memory.is_some(), has_memory);
    assert!(most_memory.is_none_or(|most| most > 30_000_000), "{most_memory:?}");
    let is_throttled = seen.samples.iter().any(|sample| sample.container_throttled_ns.is_some());
    assert_eq!(is_throttled, has_limit);
    assert_eq!(seen.samples.iter().any(|sample| sample.container_written_bytes.is_some()), has_io);
    // File systems in memory write to no device.
    let is_on_disk = seen.samples.iter().any(|sample| sample.data_device_writes.is_some());
    let written = sum(&seen, |sample| sample.container_written_bytes);
    assert!(!has_io || !is_on_disk || written > 60_000_000, "{written}");

    let gone = seen.notes.iter().filter(|note| note.contains("control group is gone")).count();
    assert_eq!(gone, 1, "{:?}", seen.notes);
    assert!(seen.samples.first().unwrap().container_cpu_ns.is_some());
    assert!(seen.samples.last().unwrap().container_cpu_ns.is_none());
    assert!(seen.samples.last().unwrap().host_cpu_user_ns.is_some(), "the rest goes on");
}
