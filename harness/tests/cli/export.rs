//! `jobtune export` against the answer of `jobtune recommend`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{Place, assert_done, stdout};

fn run_folder(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results").join(name);
    path.canonicalize().unwrap().to_string_lossy().into_owned()
}

/// Time, interval and completed trials of each cell as `recommend` says them, by name.
fn recommended(place: &Place, name: &str) -> BTreeMap<String, (Value, usize)> {
    let output = place.run(&["recommend", &run_folder(name), "--format", "json"]);
    let study: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut cells = BTreeMap::new();
    for curve in study["curves"].as_array().unwrap() {
        for cell in curve["cells"].as_array().unwrap() {
            let name = format!("{} -j {}", curve["title"].as_str().unwrap(), cell["jobs"]);
            let n = cell["n"].as_u64().unwrap() as usize;
            cells.insert(name, (cell["time_seconds"].clone(), n));
        }
    }
    cells
}

#[test]
fn rows_and_metrics_are_those_of_the_answer() {
    let place = Place::new();
    let run = run_folder("tpch-sf1");
    let cells = recommended(&place, "tpch-sf1");
    assert!(cells.len() >= 12, "{cells:?}");
    let export = |form: &str| {
        let output = place.run(&["export", &run, "--as", form]);
        assert_done(&output);
        stdout(&output)
    };

    let text = export("csv");
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = rows.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), cells.len());
    assert_eq!(rows.iter().filter(|row| row["recommended"] == "true").count(), 2);
    for row in &rows {
        let name = format!("{} {} -j {}", row["format"], row["compression"], row["jobs"]);
        let (time, n) = &cells[&name];
        let said = |column: &str| row[column].parse::<f64>().ok();
        assert_eq!(said("time_seconds"), time["value"].as_f64(), "{name}");
        assert_eq!(said("time_low_seconds"), time["low"].as_f64(), "{name}");
        assert_eq!(row["completed"], n.to_string());
    }

    let metrics: Value = serde_json::from_str(&export("bencher")).unwrap();
    for (name, (time, _)) in &cells {
        let latency = &metrics[format!("tpch-sf1: {name}")]["latency"];
        let ns = |of: &Value| of.as_f64().unwrap() * 1e9;
        assert!((latency["value"].as_f64().unwrap() - ns(&time["value"])).abs() <= 1.0, "{name}");
        assert!(latency["lower_value"].as_f64() < latency["value"].as_f64(), "{name}");
    }

    let text = export("openmetrics");
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    let mut families = Vec::new();
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            families.push(kind.split(' ').next().unwrap());
        } else if !line.starts_with('#') {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let family = series.split('{').next().unwrap();
            assert_eq!(Some(&family), families.last(), "samples stand below their own family");
        }
    }
    assert_eq!(families.len(), 5);
    let times = text.lines().filter(|line| line.starts_with("jobtune_restore_seconds{")).count();
    assert_eq!(times, cells.len());
}

#[test]
fn several_runs_are_a_series() {
    let place = Place::new();
    let runs = ["tpch-sf1", "production-check", "production"].map(run_folder);
    let output = place.run(&["export", "--as", "otava", &runs[1], &runs[0], &runs[2]]);
    assert_done(&output);
    let text = stdout(&output);
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let head: Vec<String> = rows.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(head[..3], ["time", "run", "jobtune_version"]);
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let times: Vec<&str> = rows.iter().map(|row| &row[0]).collect();
    assert!(times.is_sorted() && times.len() == 3, "{times:?}");
    let cells = recommended(&place, "tpch-sf1");
    for (name, (time, _)) in cells {
        let column = head.iter().position(|of| *of == format!("tpch-sf1: {name}")).unwrap();
        assert_eq!(rows[0][column].parse::<f64>().ok(), time["value"].as_f64(), "{name}");
        assert_eq!(&rows[1][column], "", "another scenario has no such cell");
    }
}
