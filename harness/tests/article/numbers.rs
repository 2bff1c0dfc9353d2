//! Every number that is shown is the one in the JSON, and that is the one
//! that the trials come to.

use std::collections::BTreeMap;

use harness::recommend::Probability;
use harness::report::format;
use harness::report::model::Estimate;
use restore_core::units::Bytes;
use scraper::ElementRef;
use serde_json::Value;

use super::{Written, folder, select};

fn usual() -> Written {
    let guard = tempfile::tempdir().unwrap();
    folder::usual(&guard.path().join("run"));
    Written::of(guard, &["run"], &[])
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

fn intervals(found: &Value) -> Vec<String> {
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
    let written = usual();
    let (page, json) = (written.page(), written.json());
    let mut seen = 0;
    for element in page.select(&select("[data-at]")) {
        let at = element.attr("data-at").unwrap();
        let found = json.pointer(at).unwrap_or_else(|| panic!("nothing at {at}"));
        let shown = text(&element);
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
        seen += 1;
    }
    assert!(seen > 300, "{seen} numbers");
}

#[test]
fn no_cell_of_a_table_has_a_number_of_its_own() {
    let page = usual().page();
    let mut seen = 0;
    for cell in page.select(&select("td:not(.words)")) {
        let mut rest = text(&cell);
        for element in cell.select(&select("[data-at]")) {
            rest = rest.replacen(&text(&element), "", 1);
            seen += 1;
        }
        assert!(!rest.contains(|c: char| c.is_ascii_digit()), "{}", cell.html());
    }
    assert!(seen > 200, "{seen} numbers");
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
fn the_markdown_has_the_numbers_of_the_json() {
    let written = usual();
    let (text, json) = (written.text("report.md"), written.json());
    let run = &json["runs"][0];
    assert!(text.contains(&format!("**{}**", run["report"]["answer"].as_str().unwrap())));
    let both = |estimate: &Value, value: &dyn Fn(f64) -> String, form: usize| {
        let shown = value(estimate["value"].as_f64().unwrap());
        match intervals(estimate).get(form) {
            Some(interval) => format!("{shown} ({interval})"),
            None => shown,
        }
    };
    let mut seen = 0;
    for cell in run["report"]["curves"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|curve| curve["cells"].as_array().unwrap())
    {
        let time = both(&cell["time_seconds"], &format::time, 0);
        let speedup = both(&cell["speedup"], &format::ratio, 1);
        let to_fastest = both(&cell["to_fastest"], &format::ratio, 1);
        let row = format!("| {} | {time} | {speedup} | {to_fastest} |", cell["n"]);
        assert!(text.contains(&row), "{row} is not in\n{text}");
        seen += 1;
    }
    for cell in run["pairs"][0]["cells"].as_array().unwrap() {
        let row = format!("| {} | {} |", cell["jobs"], both(&cell["ratio"], &format::ratio, 1));
        assert!(text.contains(&row), "{row} is not in\n{text}");
        seen += 1;
    }
    assert_eq!(seen, 12);
    for (name, _) in written.pictures("png") {
        assert!(text.contains(&format!("](plots/{name}.png)")), "{name} is not linked");
    }
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
