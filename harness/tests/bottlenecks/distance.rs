//! Servers that are far away are as far as was asked.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use harness::lease::Lease;
use harness::provider::{Context, Server};
use harness::scenario::network::Network;
use harness::scenario::{Provider, Server as ServerSpec};
use restore_core::connection::{Conninfo, Environment, connect};

use super::{Place, alone, has_image, has_server};

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
#[allow(clippy::print_stderr, reason = "`--nocapture` shows the figures")]
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

fn check(provider: Provider, millis: &[u64]) {
    let _alone = alone();
    tokio::runtime::Runtime::new().unwrap().block_on(assert_holds(provider, millis));
}

#[test]
fn a_round_trip_takes_what_was_asked() {
    if has_server() {
        check(Provider::Local { bindir: None, data_dir: None }, &[1, 5, 20]);
    }
}

#[test]
fn a_container_is_as_far_as_asked() {
    if has_image() {
        let image = "postgres:17".to_owned();
        check(Provider::Docker { image, cpus: None, memory: None }, &[5]);
    }
}
