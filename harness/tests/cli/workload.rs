//! A production workload beside restores, on throw-away clusters.

use std::fs;
use std::time::Duration;

use harness::lease::Lease;
use harness::printer::Printer;
use harness::provider::{Context, Server};
use harness::scenario::quantity::Span;
use harness::scenario::rate::{Rate, RateStep};
use harness::scenario::{Provider, Server as ServerSpec, Workload};
use harness::workload::{Production, now_us};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Place, assert_done, has_server, stderr, stdout};

const SWEEP: &str = "dataset = { pgbench = { scale = 2 } }\n\
    sweep = { jobs = [1, 2], formats = [\"directory\"], blocks = { min = 3, max = 3 } }\n";

const WORKLOAD: &str = "rate = 100\nclients = 4\nscale = 1\nbefore = \"1s\"\nafter = \"1s\"\n";

#[test]
fn a_busy_server_beside_an_idle_one() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(&format!(
        "{SWEEP}[workload]\n{WORKLOAD}[limits]\np99_latency = \"1us\"\n\
         [[variant]]\nname = \"idle\"\nworkload = false\n"
    ));
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_done(&output);
    place.assert_clean();
    let mut reader = csv::Reader::from_path(place.path("run/trials.csv")).unwrap();
    let columns = reader.headers().unwrap().clone();
    let column = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let (variant, rate) = (column("variant"), column("workload_during_rate_per_s"));
    let p99 = column("workload_before_p99_us");
    for row in reader.records().map(Result::unwrap) {
        assert_eq!(&row[column("outcome")], "completed", "{row:?}");
        let is_busy = &row[variant] == "base";
        assert_eq!(!row[rate].is_empty(), is_busy, "{row:?}");
        let table = place.path("run").join(format!("latency/{}.csv", &row[0]));
        assert_eq!(table.exists(), is_busy);
        if is_busy {
            let rate: f64 = row[rate].parse().unwrap();
            assert!((40.0..200.0).contains(&rate), "{row:?}");
            assert!(row[p99].parse::<u64>().unwrap() > 0);
        }
    }
    // No restore keeps a limit of a microsecond.
    let said = stdout(&output);
    for words in ["Beside the workload", "beyond a limit of the scenario", "Best on an idle server"]
    {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    let json = place.run(&["recommend", "run", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(report["workload"].as_array().map(Vec::len), Some(2));
    let busy = report["curves"].as_array().unwrap().iter().find(|curve| curve["variant"] == "base");
    assert_eq!(busy.unwrap()["beyond_limits"][0]["limit"], "p99_latency");
}

#[test]
fn rates_beyond_the_machine_and_scripts_that_fail_are_refused() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    fs::write(place.path("bad.sql"), "SELECT 1;\nSELECT nothing;\n").unwrap();
    let cases = [
        (WORKLOAD.replace("rate = 100", "rate = 500000"), "of the 500000 transactions a second"),
        (format!("{WORKLOAD}scripts = [\"bad.sql\"]\n"), "column \"nothing\" does not exist"),
        (format!("{WORKLOAD}scripts = [\"none.sql\"]\n"), "none.sql is not there"),
        (format!("{WORKLOAD}setup = [\"bad.sql\"]\n"), "bad.sql:2: ERROR"),
    ];
    for (workload, expected) in cases {
        let scenario = place.scenario(&format!("{SWEEP}[workload]\n{workload}"));
        let output = place.run(&["sweep", &scenario, "--out", "run"]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{expected:?} is not in {}", stderr(&output));
        assert!(!place.path("run").exists(), "something was measured");
        place.assert_clean();
    }
}

/// All processes of a cluster: its postmaster, and the children of that.
fn processes(server: &Server) -> Vec<Pid> {
    let pid = fs::read_to_string(server.data_folder().unwrap().join("postmaster.pid")).unwrap();
    let postmaster: i32 = pid.lines().next().unwrap().parse().unwrap();
    let children = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // Behind the name in brackets: state, and the parent.
        let parent = stat.rsplit(')').next()?.split_ascii_whitespace().nth(1)?;
        (parent.parse() == Ok(postmaster)).then_some(pid)
    });
    children.chain([postmaster]).map(Pid::from_raw).collect()
}

/// Honesty: a server that stands still for a second is late for all that was
/// scheduled in it, and the generator says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_of_standstill_makes_two_hundred_late() {
    if !has_server() {
        return;
    }
    let beside = Beside::start("standstill", Rate::Constant(200.0)).await;
    let traffic = beside.production.begin(&beside.server, "t1").await.unwrap();
    let start_us = now_us();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let stopped = processes(&beside.server);
    assert!(stopped.len() > 8, "the backends of the workload are among {stopped:?}");
    for &pid in &stopped {
        kill(pid, Signal::SIGSTOP).unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    for &pid in &stopped {
        kill(pid, Signal::SIGCONT).unwrap();
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let end_us = now_us();
    let seen = traffic.finish(start_us, end_us).await.unwrap().summary();
    beside.clear().await;

    let seconds = (end_us - start_us) as f64 / 1e6;
    let rate = seen.workload_during_rate_per_s.unwrap();
    let late = seen.workload_during_late_ratio.unwrap() * rate * seconds;
    let p99 = Duration::from_micros(seen.workload_during_p99_us.unwrap());
    eprintln!("{late:.0} late, {rate:.1} transactions a second, p99 {} ms", p99.as_millis());
    // The schedule is a Poisson process: four standard deviations are 57. All
    // but those of the last 50 ms are late, and some behind them too.
    assert!((140.0..280.0).contains(&late), "{late} late, {seen:?}");
    assert!((0.7..1.5).contains(&p99.as_secs_f64()), "{seen:?}");
    assert!((160.0..240.0).contains(&rate), "the backlog is worked off: {seen:?}");
    assert!(seen.workload_before_p99_us.unwrap() < 500_000, "{seen:?}");
}

/// The first rate holds until the restore begins, the others from their time on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rate_follows_its_steps_from_the_start_of_the_restore() {
    if !has_server() {
        return;
    }
    let step = |seconds, per_second| RateStep { lasts: Some(Span::from_secs(seconds)), per_second };
    let rate = Rate::Steps(vec![step(2, 50.0), step(2, 200.0)]);
    let beside = Beside::start("steps", rate).await;
    let traffic = beside.production.begin(&beside.server, "t1").await.unwrap();
    let start_us = now_us();
    traffic.restore_begins();
    tokio::time::sleep(Duration::from_millis(5900)).await;
    let transactions = traffic.stop().await.unwrap();
    beside.clear().await;

    // Between a quarter of a second behind a step and its end.
    let rate = |from_ms: u64, to_ms: u64| {
        let span = start_us + from_ms * 1000..start_us + to_ms * 1000;
        let within = transactions.iter().filter(|one| span.contains(&one.scheduled_us)).count();
        within as f64 / ((to_ms - from_ms) as f64 / 1e3)
    };
    let steps = [rate(0, 2000), rate(2250, 4000), rate(4250, 5750)];
    eprintln!("{steps:.0?} transactions a second");
    // Poisson processes: four standard deviations are 20, 43 and 23.
    for (rate, (expected, spread)) in
        steps.into_iter().zip([(50.0, 20.0), (200.0, 43.0), (50.0, 23.0)])
    {
        assert!((rate - expected).abs() < spread, "{rate} for {expected}");
    }
    let before = transactions.iter().filter(|one| one.scheduled_us < start_us).count();
    assert!((90..220).contains(&before), "3 s at 50 before the restore: {before}");
}

/// A server of its own with a workload's database.
struct Beside {
    place: Place,
    lease: Lease,
    server: Server,
    production: Production,
}

impl Beside {
    async fn start(run: &str, rate: Rate) -> Self {
        let place = Place::new();
        let (lease, _) = Lease::take(&place.path("state"), run).unwrap();
        let spec = ServerSpec {
            provider: Provider::Local { bindir: None, data_dir: None },
            settings: std::iter::once(("fsync".to_owned(), "off".to_owned())).collect(),
            network: None,
            disk: None,
        };
        let context = Context { run, lease: &lease, conninfo: None, shared: &[], max_jobs: 10 };
        let server = Server::start(&spec, 0, &context).await.unwrap();
        let workload = Workload {
            rate,
            clients: 8,
            scale: 1,
            setup: Vec::new(),
            scripts: Vec::new(),
            before: Span::from_secs(2),
            after: Span::from_secs(2),
            late: Span::from_millis(50),
        };
        let folder = place.path("logs");
        let printer = Printer::new(true);
        let production = Production::prepare(&workload, &server, &lease, &folder, &printer).await;
        Self { place, server, production: production.unwrap(), lease }
    }

    async fn clear(self) {
        for resource in self.lease.resources().unwrap() {
            harness::provider::remove_resource(&resource).await.unwrap();
        }
        self.lease.release().unwrap();
        self.place.assert_clean();
    }
}
