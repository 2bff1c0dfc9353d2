//! Restores in sections, settings of their sessions, and the time until a database is ready.

use std::collections::BTreeMap;
use std::fs;

use super::{Place, assert_done, has_server, stderr, stdout};

const DATA: &str = "dataset = { pgbench = { scale = 1 } }\n";

fn run(place: &Place, text: &str) -> serde_json::Value {
    let scenario = place.scenario(text);
    assert_done(&place.run(&["sweep", &scenario, "--out", "run"]));
    place.assert_clean();
    serde_json::from_slice(&fs::read(place.path("run/run.json")).unwrap()).unwrap()
}

#[test]
fn plans_are_restored_section_by_section_beside_the_plain_restore() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    run(
        &place,
        &format!(
            "{DATA}[sweep]\njobs = [1, 2]\nformats = [\"custom\"]\nblocks = {{ min = 1, max = 1 }}\n\
             plans = [{{ data = 2, post = 1 }}, {{ between = [\"VACUUM\", \"SELECT 1\"] }}]\n"
        ),
    );
    let mut cells = BTreeMap::new();
    for trial in place.named_trials("run") {
        assert_eq!(trial["outcome"], "completed", "{}", trial["message"]);
        let cell = (trial["variant"].clone(), trial["engine"].clone());
        cells.entry(cell).or_insert_with(Vec::new).push(trial["jobs"].clone());
        let items = fs::read_to_string(place.path(&format!("run/items/{}.csv", trial["trial"])));
        let items = items.unwrap();
        assert!(items.contains("TABLE DATA") && items.contains("CONSTRAINT"), "{items}");
        let jobs: u64 = trial["jobs"].parse().unwrap();
        assert!(most_at_a_time(&items) <= jobs.max(1), "{items}");
        let has_sql = trial["variant"] == "vacuum-select";
        assert_eq!(items.contains(",SQL,VACUUM,"), has_sql, "{items}");
    }
    for jobs in cells.values_mut() {
        jobs.sort();
    }
    let cell = |variant: &str, engine: &str| (variant.to_owned(), engine.to_owned());
    assert_eq!(cells[&cell("base", "pg_restore")], ["1", "2"]);
    assert_eq!(cells[&cell("data-2-post-1", "sections")], ["2"], "nothing is left to vary");
    assert_eq!(cells[&cell("vacuum-select", "sections")], ["1", "2"]);
    let compared = place.run(&["compare", "run", "--variants", "base,vacuum-select"]);
    assert!(stdout(&compared).contains("vacuum-select"), "{}", stderr(&compared));
}

/// How many items were under way at the same time, at most.
fn most_at_a_time(items: &str) -> u64 {
    let mut reader = csv::Reader::from_reader(items.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let time = |row: &BTreeMap<String, String>, name: &str| row[name].parse::<u64>().unwrap();
    let under_way = |at: u64| {
        let here = |row: &&BTreeMap<String, String>| {
            (time(row, "start_ns")..time(row, "end_ns")).contains(&at)
        };
        rows.iter().filter(here).count() as u64
    };
    rows.iter().map(|row| under_way(time(row, "start_ns"))).max().unwrap_or_default()
}

#[test]
fn sessions_have_their_settings_and_the_time_to_ready_is_recorded() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let record = run(
        &place,
        &format!(
            "{DATA}[sweep]\njobs = [1, 2]\nformats = [\"custom\"]\nblocks = {{ min = 2, max = 2 }}\n\
             [restore]\nready = [\"analyze\", \"reindex\"]\n\
             [[variant]]\nname = \"slow\"\n\
             restore = {{ session = {{ work_mem = \"1 MB\", synchronous_commit = \"off\" }} }}\n"
        ),
    );
    let session = &record["scenario"]["variants"][1]["procedure"]["session"];
    assert_eq!(session["work_mem"], "1 MB");
    for trial in place.named_trials("run") {
        let ready: f64 = trial["ready_ns"].parse().unwrap();
        assert!(ready > 1e6, "{ready}");
    }
    let answer = |arguments: &[&str]| {
        let output = place.run(&[&["recommend", "run", "--format", "json"], arguments].concat());
        assert_done(&output);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report["curves"][0]["cells"][0]["time_seconds"]["value"].as_f64().unwrap()
    };
    assert!(answer(&["--metric", "ready"]) > answer(&[]), "the time until it is ready is longer");
}

#[test]
fn what_cannot_be_done_is_said_first() {
    let place = Place::new();
    let sweep = "[sweep]\nformats = [\"custom\"]\njobs = [1, 2]\n";
    for (text, said) in [
        (
            "[sweep]\nformats = [\"custom\", \"tar\"]\njobs = [1]\nplans = [{ data = 4 }]",
            "tar archives",
        ),
        ("[sweep]\nplans = []", "plans is empty"),
        ("[sweep]\nplans = [{ data = 1 }, { data = 1 }]", "they say the same"),
        ("[sweep]\nplans = [{ date = 1 }]", "unknown field `date`"),
        ("[sweep]\nengines = [\"native\"]\nplans = [{ data = 1 }]", "of pg_restore"),
        ("[restore]\nclean = true\nsections = { post = 2 }", "--clean does not go with sections"),
        ("[restore]\nready = [\"vacuum\"]", "unknown variant `vacuum`"),
    ] {
        let scenario = place.scenario(&format!("{DATA}{text}\n"));
        let output = place.run(&["sweep", &scenario, "--out", "run"]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(stderr(&output).contains(said), "{text}: {}", stderr(&output));
    }
    if has_server() {
        let text = format!("{DATA}{sweep}[restore]\nsession = {{ work_mem = \"lots\" }}\n");
        let output = place.run(&["sweep", &place.scenario(&text), "--out", "run"]);
        assert_eq!(output.status.code(), Some(2));
        let said = stderr(&output);
        assert!(said.contains("refuses the settings of [restore] session"), "{said}");
        assert!(said.contains("work_mem"), "{said}");
        place.assert_clean();
    }
}
