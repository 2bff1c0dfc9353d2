//! Servers that are far away: a delay between client programs and server. How exact it is
//! is measured in tests/bottlenecks, where nothing else runs.

use std::collections::BTreeMap;

use super::cases::archive;
use super::{Place, assert_done, has_server, stderr};

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

#[test]
fn the_command_line_puts_an_archive_far_away_and_on_a_slow_disk() {
    let place = Place::new();
    let archive = archive("public-schema");
    for (options, told) in [
        (&["--conninfo", "host=/nowhere", "--latency", "1ms"][..], "as far away as it is"),
        (&["--conninfo", "host=/nowhere", "--disk", "write=1MB/s"], "disk"),
        (&["--disk", "iops=3"], "below 10"),
        (&["--disk", "fast"], "limits nothing"),
        (&["--bandwidth", "100"], "no bandwidth"),
    ] {
        let sweep = [&["sweep", "--archive", &archive, "--out", "refused"], options].concat();
        let output = place.run(&sweep);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(stderr(&output).contains(told), "{options:?}: {}", stderr(&output));
        assert!(!place.path("refused").exists());
    }
    if !has_server() {
        return;
    }
    let tune = ["tune", "--archive", &archive, "--jobs", "1,2", "--warm-up", "off"];
    let far = ["--max-restores", "5", "--latency", "5ms", "--out", "run"];
    let output = place.run(&[&tune[..], &far].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.path("run/run.json")).unwrap()).unwrap();
    let network = &record["servers"]["base"]["network"];
    assert!(network["round_trip_ns"].as_f64().unwrap() > 9.5e6, "{network}");
    place.assert_clean();
}
