//! Pictures that only some runs have: the latency of a workload, the replay,
//! the history; and the claims beside them.

use harness::scenario::quantity::Span;
use serde_json::Value;

use super::numbers::{committed, nights, production};
use super::{Written, folder, pictures, select};

fn names(written: &Written) -> Vec<String> {
    written.pictures("svg").into_iter().map(|(name, _)| name).collect()
}

/// The texts of a picture in the page.
fn words(written: &Written, figure: &str) -> Vec<String> {
    let page = written.page();
    let texts = select(&format!("figure#{figure} svg.wide text"));
    page.select(&texts).map(|text| text.text().collect()).collect()
}

#[test]
fn a_workload_has_its_latency_before_and_beside() {
    let written = production();
    pictures::check(&written);
    assert!(names(&written).contains(&"latency".to_owned()));
    let words = words(&written, "latency");
    for expected in ["limit 60.0 ms", "before them", "99th percentile of latency, logarithmic"] {
        assert!(words.iter().any(|word| word == expected), "{expected}: {words:?}");
    }
    let json = written.json();
    let p99 = &json["runs"][0]["latency"][1];
    assert_eq!(p99["kind"], "p99");
    // The idle variant has no latency, and no place in the picture.
    assert_eq!(p99["curves"].as_array().map(Vec::len), Some(1));
    let cells = p99["curves"][0]["cells"].as_array().unwrap();
    let during = |cell: &Value| cell["during"]["value"].as_f64().unwrap();
    assert!(during(&cells[3]) > during(&cells[0]), "{cells:?}");
    for cell in cells {
        assert!(during(cell) > cell["before"]["value"].as_f64().unwrap());
        let (low, high) = (cell["during"]["low"].as_f64(), cell["during"]["high"].as_f64());
        // Above may be open.
        let high = high.unwrap_or(f64::INFINITY);
        assert!(low.unwrap() <= during(cell) && during(cell) <= high, "{cell}");
        assert_eq!(cell["trials"].as_array().map(Vec::len), Some(5));
    }
    let answer = json["answer"].as_str().unwrap();
    assert!(
        answer.contains("beside the workload") && answer.contains("within the limits"),
        "{answer}"
    );
}

#[test]
fn a_workload_in_one_block_has_no_intervals() {
    for limit in [Span::from_millis(60), Span::from_secs(60), Span::from_millis(1)] {
        let guard = tempfile::tempdir().unwrap();
        folder::production_within(&guard.path().join("run"), &[2], 1, limit);
        let written = Written::of(guard, &["run"], &[]);
        pictures::check(&written);
        let cell = &written.json()["runs"][0]["latency"][0]["curves"][0]["cells"][0];
        assert!(cell["during"]["low"].is_null() && cell["during"]["value"].is_number());
    }
}

#[test]
fn a_real_run_has_its_replay_beside_what_was_measured() {
    let written = committed();
    pictures::check(&written);
    assert!(names(&written).contains(&"replay".to_owned()));
    let words = words(&written, "replay");
    assert!(
        words.iter().any(|word| word.starts_with("critical path: no -j is faster")),
        "{words:?}"
    );
}

#[test]
fn many_nights_have_a_history_with_the_change_in_it() {
    let written = nights();
    pictures::check(&written);
    assert!(names(&written).contains(&"history".to_owned()));
    let json = written.json();
    let cells = json["history"]["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 2);
    for cell in cells {
        let levels = cell["levels"].as_array().unwrap();
        assert_eq!(levels.len(), 2, "{cell}");
        assert_eq!(levels[1]["run"], "nightly-8");
        let ratio = levels[1]["to_before_ratio"].as_f64().unwrap();
        assert!((ratio - 1.3).abs() < 0.05, "{ratio}");
    }
    let words = words(&written, "history");
    assert!(words.iter().any(|word| word.ends_with("since 2026-01-08")), "{words:?}");
    // Each claim is judged for every run.
    let claims = json["claims"]["seen"].as_array().unwrap();
    let judged = claims.iter().find(|claim| claim["claim"] == "not-always-faster").unwrap();
    assert_eq!(judged["evidence"].as_array().map(Vec::len), Some(12));
}

#[test]
fn a_few_nights_have_no_history() {
    let guard = tempfile::tempdir().unwrap();
    let names = folder::nights(guard.path(), 3, 1);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let written = Written::of(guard, &names, &[]);
    assert!(written.json()["history"].is_null());
    assert!(!written.text("index.html").contains("Over time"));
}

#[test]
fn claims_are_decided_or_said_to_be_open() {
    let written = committed();
    let json = written.json();
    let (seen, unseen) = (&json["claims"]["seen"], &json["claims"]["unseen"]);
    let name = |claim: &Value| claim["claim"].as_str().unwrap().to_owned();
    let unseen: Vec<String> = unseen.as_array().unwrap().iter().map(name).collect();
    assert!(unseen.contains(&"dumps-are-serial".to_owned()), "{unseen:?}");
    let page = written.page();
    let rows = page.select(&select("table.claims tbody")).count();
    assert_eq!(rows, seen.as_array().unwrap().len());
    assert_eq!(rows + unseen.len(), 14);
    for claim in seen.as_array().unwrap() {
        let rulings = ["holds", "does_not_hold", "not_decidable", "mixed"];
        assert!(rulings.contains(&claim["ruling"].as_str().unwrap()), "{claim}");
    }
}
