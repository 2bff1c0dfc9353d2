//! The Markdown has the numbers of the JSON, row by row.

use harness::report::format;
use serde_json::Value;

use super::numbers::{committed, intervals, nights, production, usual};

/// An estimate as a cell has it; `form` says which of the intervals it is:
/// times are 0, ratios 1, percent 2.
fn both(estimate: &Value, form: usize) -> String {
    let write = [format::time, format::ratio, format::percent][form];
    let shown = write(estimate["value"].as_f64().unwrap());
    match intervals(estimate).get(form) {
        Some(interval) => format!("{shown} ({interval})"),
        None => shown,
    }
}

#[track_caller]
fn assert_row(text: &str, row: &str) {
    assert!(text.contains(row), "{row} is not in\n{text}");
}

fn array(json: &Value) -> &Vec<Value> {
    json.as_array().unwrap()
}

#[test]
fn the_markdown_has_the_numbers_of_the_json() {
    let written = usual();
    let (text, json) = (written.text("report.md"), written.json());
    let run = &json["runs"][0];
    assert!(text.contains(&format!("**{}**", run["report"]["answer"].as_str().unwrap())));
    let mut seen = 0;
    for cell in array(&run["report"]["curves"]).iter().flat_map(|curve| array(&curve["cells"])) {
        let time = both(&cell["time_seconds"], 0);
        let speedup = both(&cell["speedup"], 1);
        let to_fastest = both(&cell["to_fastest"], 1);
        let row = format!("| {} | {time} | {speedup} | {to_fastest} |", cell["n"]);
        assert_row(&text, &row);
        seen += 1;
    }
    for cell in array(&run["pairs"][0]["cells"]) {
        let row = format!("| {} | {} |", cell["jobs"], both(&cell["ratio"], 1));
        assert_row(&text, &row);
        seen += 1;
    }
    assert_eq!(seen, 12);
    for (name, _) in written.pictures("png") {
        assert!(text.contains(&format!("](plots/{name}.png)")), "{name} is not linked");
    }
}

#[test]
fn predictions_are_in_the_markdown() {
    let written = committed();
    let (text, json) = (written.text("report.md"), written.json());
    let mut seen = 0;
    for curve in array(&json["runs"][0]["report"]["curves"]) {
        let replay = &curve["replay"];
        for prediction in array(&replay["predictions"]) {
            let is_measured = prediction["measured"].as_bool().unwrap();
            if !is_measured && !replay["trusted"].as_bool().unwrap() {
                continue;
            }
            let row = format!(
                "| {} | {} | {} | {} |",
                prediction["jobs"],
                both(&prediction["time_seconds"], 0),
                format::time(prediction["idle_seconds"].as_f64().unwrap()),
                if is_measured { "yes" } else { "no" },
            );
            assert_row(&text, &row);
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} predictions");
}

#[test]
fn latencies_and_the_best_beside_them_are_in_the_markdown() {
    let written = production();
    let (text, json) = (written.text("report.md"), written.json());
    let run = &json["runs"][0];
    let mut seen = 0;
    for (kind, form) in [(0, 0), (1, 0), (2, 2)] {
        for cell in array(&run["latency"][kind]["curves"][0]["cells"]) {
            let write = [format::time, format::ratio, format::percent][form];
            let plain = |of: &Value| write(of["value"].as_f64().unwrap());
            let row = format!(
                "| {} | {} | {} | {} |",
                cell["jobs"],
                plain(&cell["before"]),
                both(&cell["during"], form),
                plain(&cell["after"]),
            );
            assert_row(&text, &row);
            seen += 1;
        }
    }
    for cell in array(&run["report"]["workload"]) {
        let row = format!(
            "| {} | {} | {} | {} |",
            cell["jobs"],
            cell["during"]["transactions"],
            format::ratio(cell["before"]["rate_per_s"].as_f64().unwrap()),
            format::ratio(cell["during"]["rate_per_s"].as_f64().unwrap()),
        );
        assert_row(&text, &row);
        seen += 1;
    }
    assert_eq!(seen, 16);
    let pair = &run["report"]["idle_and_busy"][0];
    let row = format!(
        "| directory gzip:6 | {} | {} | idle directory gzip:6 | {} |",
        pair["busy_jobs"], pair["unlimited_jobs"], pair["idle_jobs"]
    );
    assert_row(&text, &row);
}

#[test]
fn claims_and_levels_are_in_the_markdown() {
    let written = nights();
    let (text, json) = (written.text("report.md"), written.json());
    let mut seen = 0;
    for claim in array(&json["claims"]["seen"]) {
        for evidence in array(&claim["evidence"]).iter().filter(|own| !own["effect"].is_null()) {
            let effect = &evidence["effect"];
            let form = if effect["quantity"] == "share" { 2 } else { 1 };
            let row = format!("| {} | {} |", both(effect, form), effect["blocks"]);
            assert_row(&text, &row);
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen} effects");
    for cell in array(&json["history"]["cells"]) {
        for level in array(&cell["levels"]) {
            let ratio = level["to_before_ratio"].as_f64();
            let row = format!(
                "| {} | {} | {} |",
                level["n"],
                format::time(level["time_seconds"].as_f64().unwrap()),
                ratio.map_or("–".to_owned(), format::ratio),
            );
            assert_row(&text, &row);
            seen += 1;
        }
    }
    assert!(seen >= 16, "{seen} rows");
}
