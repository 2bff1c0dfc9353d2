//! Every number that is shown is the one in the JSON, and that is the one
//! that the trials come to.

use std::collections::{BTreeMap, BTreeSet};

use harness::recommend::Probability;
use harness::report::format;
use harness::stats::estimate::Estimate;
use restore_core::units::Bytes;
use scraper::ElementRef;
use serde_json::Value;

use super::{Written, folder, select};

pub(crate) fn usual() -> Written {
    let guard = tempfile::tempdir().unwrap();
    folder::usual(&guard.path().join("run"));
    Written::of(guard, &["run"], &[])
}

pub(crate) fn production() -> Written {
    let guard = tempfile::tempdir().unwrap();
    folder::production(&guard.path().join("run"), &[1, 2, 4, 8], 5);
    Written::of(guard, &["run"], &[])
}

pub(crate) fn nights() -> Written {
    let guard = tempfile::tempdir().unwrap();
    let names = folder::nights(guard.path(), 12, 5);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Written::of(guard, &names, &[])
}

/// The report of a real run, which has all that can be recorded.
pub(crate) fn committed() -> Written {
    let run = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/tpch-sf1");
    Written::of(tempfile::tempdir().unwrap(), &[run], &[])
}

/// Reports that together have every kind of number.
fn all() -> [(&'static str, Written); 4] {
    [
        ("usual", usual()),
        ("production", production()),
        ("nights", nights()),
        ("committed", committed()),
    ]
}

/// The forms in which a number may be written.
fn forms(value: f64) -> Vec<String> {
    vec![
        format::time(value),
        format::ratio(value),
        format::percent(value),
        format::round_percent(value),
        Probability::new(value).to_string(),
        Bytes(value as u64).to_string(),
        format::rate(value),
        format!("{value}"),
    ]
}

pub(crate) fn intervals(found: &Value) -> Vec<String> {
    let estimate: Estimate = serde_json::from_value(found.clone()).unwrap();
    [
        format::time_interval(&estimate),
        format::ratio_interval(&estimate),
        format::percent_interval(&estimate),
    ]
    .into_iter()
    .flatten()
    .map(|text| text.replace(" - ", " – "))
    .collect()
}

fn text(element: &ElementRef<'_>) -> String {
    element.text().collect::<String>()
}

#[test]
fn the_numbers_of_the_page_are_those_of_the_json() {
    let mut places = BTreeSet::new();
    for (name, written) in all() {
        let (page, json) = (written.page(), written.json());
        let mut seen = 0;
        for element in page.select(&select("[data-at]")) {
            let at = element.attr("data-at").unwrap();
            check_number(&json, at, &element);
            places.insert(at.replace(|c: char| c.is_ascii_digit(), ""));
            seen += 1;
        }
        assert!(seen > 200, "{seen} numbers in {name}");
    }
    for place in [
        "/runs//report/curves//replay/predictions//time_seconds",
        "/runs//report/curves//bounds//readings//value",
        "/runs//latency//curves//cells//during",
        "/runs//report/idle_and_busy//busy_jobs",
        "/runs//report/workload//during/rate_per_s",
        "/claims/seen//evidence//effect",
        "/history/cells//levels//time_seconds",
    ] {
        assert!(places.contains(place), "{place} is in none of them: {places:?}");
    }
}

fn check_number(json: &Value, at: &str, element: &ElementRef<'_>) {
    let found = json.pointer(at).unwrap_or_else(|| panic!("nothing at {at}"));
    let shown = text(element);
    if let Some(value) = element.attr("value") {
        let value: f64 = value.parse().unwrap();
        assert_eq!(found.as_f64(), Some(value), "{at}");
        assert!(forms(value).contains(&shown), "{at}: {shown} is not {value}");
    } else {
        let end = |name: &str| element.attr(name).and_then(|value| value.parse().ok());
        assert_eq!(found["low"].as_f64(), end("data-low"), "{at}");
        assert_eq!(found["high"].as_f64(), end("data-high"), "{at}");
        assert!(intervals(found).contains(&shown), "{at}: {shown}");
    }
}

#[test]
fn no_cell_of_a_table_has_a_number_of_its_own() {
    for (name, written) in all() {
        let page = written.page();
        let mut seen = 0;
        for cell in page.select(&select("td:not(.words)")) {
            let mut rest = text(&cell);
            for element in cell.select(&select("[data-at]")) {
                rest = rest.replacen(&text(&element), "", 1);
                seen += 1;
            }
            assert!(!rest.contains(|c: char| c.is_ascii_digit()), "{}", cell.html());
        }
        assert!(seen > 150, "{seen} numbers in {name}");
    }
}

/// Every text in the values of `json`.
fn texts<'a>(json: &'a Value, found: &mut Vec<&'a str>) {
    match json {
        Value::String(text) => found.push(text),
        Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
        Value::Object(all) => all.values().for_each(|one| texts(one, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn the_sentences_of_page_and_markdown_are_those_of_the_json() {
    for (name, written) in all() {
        let json = written.json();
        let mut says: Vec<&str> = Vec::new();
        let runs = json["runs"].as_array().unwrap();
        for run in runs {
            texts(&run["says"], &mut says);
        }
        for part in ["seen", "unseen"] {
            for claim in json["claims"][part].as_array().unwrap() {
                says.push(claim["text"].as_str().unwrap());
            }
        }
        if let Some(answer) = json["history"]["answer"].as_str() {
            says.push(answer);
        }
        let page = written.page();
        let on_page: String = page.root_element().text().collect();
        let on_page = on_page.replace('\u{a0}', " ");
        let in_markdown = written.text("report.md").replace('\\', "");
        assert!(says.len() > 20, "{name}: {says:?}");
        for sentence in says {
            assert!(on_page.contains(sentence), "{name}: {sentence:?} is not on the page");
            assert!(in_markdown.contains(sentence), "{name}: {sentence:?} is not in the Markdown");
        }
    }
}

#[test]
fn the_json_is_what_the_trials_come_to() {
    let written = usual();
    let path = written.guard.path().join("run/trials.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let head = reader.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|own| own == name).unwrap();
    let (format, jobs, wall) = (column("format"), column("jobs"), column("wall_ns"));
    let mut logs: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for row in reader.records().map(Result::unwrap) {
        let seconds = row[wall].parse::<f64>().unwrap() / 1e9;
        let cell = (row[format].to_owned(), row[jobs].to_owned());
        logs.entry(cell).or_default().push(seconds.ln());
    }
    let json = written.json();
    let mut seen = 0;
    for curve in json["runs"][0]["report"]["curves"].as_array().unwrap() {
        for cell in curve["cells"].as_array().unwrap() {
            let key = (curve["format"].as_str().unwrap().to_owned(), cell["jobs"].to_string());
            let of_cell = &logs[&key];
            let mean = (of_cell.iter().sum::<f64>() / of_cell.len() as f64).exp();
            let shown = cell["time_seconds"]["value"].as_f64().unwrap();
            assert!((shown / mean - 1.0).abs() < 1e-5, "{key:?}: {shown} is not {mean}");
            assert_eq!(cell["n"], of_cell.len());
            seen += 1;
        }
    }
    assert_eq!(seen, 8);
}

#[test]
fn links_lead_to_files() {
    let written = usual();
    let page = written.page();
    for link in page.select(&select("a[href]")) {
        let href = link.attr("href").unwrap();
        match href.strip_prefix('#') {
            Some(id) => {
                assert!(page.select(&select(&format!("[id=\"{id}\"]"))).next().is_some(), "{href}");
            }
            None => assert!(written.path(href).exists(), "{href}"),
        }
    }
}

#[test]
fn two_runs_stand_side_by_side() {
    let guard = tempfile::tempdir().unwrap();
    folder::usual(&guard.path().join("one"));
    folder::usual(&guard.path().join("other"));
    let written = Written::of(guard, &["one", "other"], &[]);
    let json = written.json();
    assert_eq!(json["runs"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["runs"][1]["name"], "usual-2");
    let names: Vec<String> = written.pictures("svg").into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"runs".to_owned()), "{names:?}");
    assert!(names.contains(&"usual-2-duration".to_owned()), "{names:?}");
    let page = written.page();
    let mut ids: Vec<&str> =
        page.select(&select("[id]")).map(|element| element.attr("id").unwrap()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id stands twice");
}

#[test]
fn a_house_style_replaces_what_it_names() {
    let guard = tempfile::tempdir().unwrap();
    folder::usual(&guard.path().join("run"));
    std::fs::create_dir(guard.path().join("house")).unwrap();
    std::fs::write(guard.path().join("house/page.css"), "body{color:rebeccapurple}").unwrap();
    let written = Written::of(guard, &["run"], &["--template", "house"]);
    let page = written.text("index.html");
    assert!(page.contains("rebeccapurple") && !page.contains("text-wrap"), "{page}");
    assert!(page.contains("<h1>Use <span class=\"j\">-j</span>"), "the rest is as usual");
}

#[test]
fn a_folder_without_templates_is_a_mistake() {
    let guard = tempfile::tempdir().unwrap();
    folder::usual(&guard.path().join("run"));
    let mut command = assert_cmd::Command::cargo_bin("jobtune").unwrap();
    let output = command
        .current_dir(guard.path())
        .args(["report", "run", "--template", "run"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("run has no template") && said.contains("page.html"), "{said}");
}
