//! Disks that are made slow, where this machine lets them be.

use std::fs;

use nix::unistd::Uid;

use super::{Place, assert_done, can_run, has_server, stderr};

fn can_limit_disks() -> bool {
    let root = Uid::effective().is_root();
    let groups = fs::exists("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device").unwrap();
    let loops = fs::exists("/dev/loop-control").unwrap();
    can_run("limits of block devices (root, control groups of version 1)", root && groups && loops)
}

fn mounts() -> usize {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    mounts.lines().filter(|line| line.contains("jobtune-") && line.contains("-disk/")).count()
}

#[test]
fn a_slow_disk_is_as_slow_as_asked_and_goes_with_the_run() {
    if !has_server() || !can_limit_disks() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(
        "dataset = { pgbench = { scale = 1 } }\n\
         server.disk = { write = \"30MB/s\", read = \"60MB/s\" }\n\
         sweep = { jobs = [1], formats = [\"custom\"], blocks = { min = 1, max = 1 } }\n",
    );
    assert_done(&place.run(&["sweep", &scenario, "--out", "run"]));
    place.assert_clean();
    assert_eq!(mounts(), 0, "it is unmounted");
    let limits = "/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device";
    assert_eq!(fs::read_to_string(limits).unwrap().trim(), "", "no limit is left");
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("run/run.json")).unwrap()).unwrap();
    let disk = &record["servers"]["base"]["disk"];
    let rate = |name: &str| disk[name].as_f64().unwrap() / 1e6;
    for name in ["write_direct_bytes_per_second", "write_synced_bytes_per_second"] {
        assert!((18.0..38.0).contains(&rate(name)), "{name}: {disk:#}");
    }
    assert!((36.0..75.0).contains(&rate("read_direct_bytes_per_second")), "{disk:#}");
}

#[test]
fn a_limit_of_nothing_is_refused() {
    let place = Place::new();
    for (text, said) in [
        ("server.disk = {}", "limits nothing: give write, read or iops"),
        ("server.disk = { iops = 1 }", "below 10"),
        ("server.disk = { write = \"40\" }", "write it like"),
        (
            "server = { conninfo_env = \"X\", provider = \"external\", disk = { iops = 99 } }",
            "external",
        ),
    ] {
        let scenario =
            place.scenario(&format!("dataset = {{ pgbench = {{ scale = 1 }} }}\n{text}\n"));
        let output = place.run(&["sweep", &scenario, "--out", "run"]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(stderr(&output).contains(said), "{text}: {}", stderr(&output));
    }
}
