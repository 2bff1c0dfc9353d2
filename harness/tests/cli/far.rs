//! Servers that are far away: a delay between client programs and server.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use harness::lease::Lease;
use harness::provider::{Context, Server};
use harness::scenario::network::Network;
use harness::scenario::{Provider, Server as ServerSpec};
use restore_core::connection::{Conninfo, Environment, connect};

use super::containers::has_images;
use super::{Place, assert_done, has_server, stderr};

/// The machine may be busy with something else: once in three times it must hold.
const ATTEMPTS: usize = 3;

async fn round_trip(conninfo: &str) -> Duration {
    let conninfo = Conninfo::parse(conninfo, &Environment::new([])).unwrap();
    let connection = connect(&conninfo).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..40 {
        let start = Instant::now();
        connection.client.simple_query("SELECT 1").await.unwrap();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

/// What the network of `spec` adds to a round trip, against what it should.
async fn added(spec: &ServerSpec) -> f64 {
    let place = Place::new();
    let (lease, _) = Lease::take(&place.path("state"), "far").unwrap();
    let context = Context { run: "far", lease: &lease, conninfo: None, shared: &[], max_jobs: 4 };
    let server = Server::start(spec, 0, &context).await.unwrap();
    let near = round_trip(&server.target_here("postgres").conninfo).await;
    let far = round_trip(&server.measured_target("postgres", None).conninfo).await;
    let record = server.record().await.unwrap().network.unwrap();
    for resource in lease.resources().unwrap() {
        harness::provider::remove_resource(&resource).await.unwrap();
    }
    lease.release().unwrap();
    let asked = record.asked();
    let ratio = far.abs_diff(near).as_secs_f64() / asked.as_secs_f64();
    eprintln!("asked {asked:?}, recorded {:?}, measured {:?}", record.added(), far.abs_diff(near));
    ratio
}

async fn assert_holds(provider: Provider, millis: &[u64]) {
    let network = |half: u64| {
        let text = format!("{{\"latency\": \"{}us\"}}", half * 500);
        serde_json::from_str::<Network>(&text).unwrap()
    };
    for &of in millis {
        let spec = ServerSpec {
            provider: provider.clone(),
            settings: BTreeMap::from([("fsync".to_owned(), "off".to_owned())]),
            network: Some(network(of)),
            disk: None,
        };
        let mut ratios = Vec::new();
        while ratios.len() < ATTEMPTS
            && ratios.last().is_none_or(|of: &f64| (of - 1.0).abs() > 0.05)
        {
            ratios.push(added(&spec).await);
        }
        let last = *ratios.last().unwrap();
        assert!((last - 1.0).abs() <= 0.05, "{of} ms: {ratios:.3?} of what was asked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_trip_takes_what_was_asked() {
    if has_server() {
        assert_holds(Provider::Local { bindir: None, data_dir: None }, &[1, 5, 20]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_is_as_far_as_asked() {
    if has_images() {
        let image = "postgres:17".to_owned();
        assert_holds(Provider::Docker { image, cpus: None, memory: None }, &[5]).await;
    }
}

#[test]
fn a_far_sweep_takes_longer_and_says_how_far() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(
        "dataset = { pgbench = { scale = 1 } }\n\
         sweep = { jobs = [1, 2], formats = [\"custom\"], blocks = { min = 2, max = 2 } }\n\
         [[variant]]\nname = \"far\"\nlatency = \"10ms\"\nbandwidth = \"200Mbit\"\n",
    );
    assert_done(&place.run(&["sweep", &scenario, "--out", "run"]));
    place.assert_clean();
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.path("run/run.json")).unwrap()).unwrap();
    let network = &record["servers"]["far"]["network"];
    let added = network["round_trip_ns"].as_f64().unwrap()
        - network["round_trip_before_ns"].as_f64().unwrap();
    assert!((15e6..30e6).contains(&added), "{network}");
    assert!(record["servers"]["base"]["network"].is_null());
    let mut reader = csv::Reader::from_path(place.path("run/trials.csv")).unwrap();
    let columns = reader.headers().unwrap().clone();
    let column = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let mut seconds = BTreeMap::new();
    for row in reader.records().map(Result::unwrap) {
        let wall: f64 = row[column("wall_ns")].parse().unwrap();
        *seconds.entry(row[column("variant")].to_owned()).or_insert(0.0) += wall / 1e9;
    }
    // Some dozens of statements, one round trip each.
    assert!(seconds["far"] > seconds["base"] + 4.0 * 0.2, "{seconds:?}");
}

#[test]
fn a_server_of_the_users_is_as_far_as_it_is() {
    let place = Place::new();
    let scenario = place.scenario(
        "dataset = { pgbench = { scale = 1 } }\n\
         server = { provider = \"external\", conninfo_env = \"X\", latency = \"1ms\" }\n",
    );
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("an external server is as far away as it is"),
        "{}",
        stderr(&output)
    );
}
