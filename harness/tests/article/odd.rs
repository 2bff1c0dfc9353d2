//! Runs that are unlike others: nothing may be cut, cover something else or
//! fail, and what is not known must not be shown.

use std::time::Duration;

use harness::record::ItemRow;
use harness::record::trial::TrialRow;
use restore_core::format::Format;

use super::{Written, folder, pictures, select, support};

const BOTH: [Format; 2] = [Format::Custom, Format::Directory];

/// The report of a run, its pictures checked.
fn report(formats: &[Format], jobs: &[u32], rows: &[TrialRow], items: &[ItemRow]) -> Written {
    let guard = tempfile::tempdir().unwrap();
    let run = folder::record("odd", formats, jobs);
    folder::write(&guard.path().join("run"), &run, rows, items);
    let written = Written::of(guard, &["run"], &[]);
    pictures::check(&written);
    written
}

fn names(written: &Written) -> Vec<String> {
    written.pictures("svg").into_iter().map(|(name, _)| name).collect()
}

fn some_items() -> Vec<ItemRow> {
    folder::items(40, 4, "public.orders_of_the_year_2024_partition")
}

#[test]
fn a_usual_run() {
    let jobs = [1, 2, 4, 8, 16];
    let rows = support::run(&folder::two_formats(&jobs, 120.0), 6, 0.03, 7);
    let written = report(&BOTH, &jobs, &rows, &some_items());
    let expected = ["duration", "map", "ratio", "speedup", "timeline-1", "timeline-2"];
    assert_eq!(names(&written), expected);
}

#[test]
fn one_number_of_jobs() {
    let rows = support::run(&folder::two_formats(&[4], 30.0), 3, 0.03, 7);
    let written = report(&BOTH, &[4], &rows, &some_items());
    assert!(!names(&written).contains(&"speedup".to_owned()));
}

#[test]
fn one_format() {
    let jobs = [1, 2, 4];
    let curves = [support::usl(Format::Directory, &jobs, 30.0, 0.1, 0.01)];
    let rows = support::run(&curves, 3, 0.03, 7);
    let written = report(&[Format::Directory], &jobs, &rows, &some_items());
    let names = names(&written);
    assert!(!names.contains(&"ratio".to_owned()) && !names.contains(&"map".to_owned()));
}

#[test]
fn one_trial() {
    let curves = [support::usl(Format::Custom, &[2], 30.0, 0.1, 0.01)];
    let written = report(&[Format::Custom], &[2], &support::run(&curves, 1, 0.0, 1), &[]);
    assert_eq!(names(&written), ["duration"]);
    assert!(written.text("index.html").contains("Inconclusive"));
}

#[test]
fn no_trial_at_all() {
    let written = report(&BOTH, &[1, 2], &[], &[]);
    assert!(names(&written).is_empty());
    assert!(written.text("index.html").contains("The run has no trial"));
}

#[test]
fn all_failed() {
    let jobs = [1, 2, 4];
    let mut rows = support::run(&folder::two_formats(&jobs, 30.0), 3, 0.03, 7);
    for row in &mut rows {
        support::fail(row, "could not connect to server");
    }
    let written = report(&BOTH, &jobs, &rows, &[]);
    assert!(names(&written).is_empty());
    let page = written.text("index.html");
    assert!(page.contains("No trial completed") && page.contains("could not connect to server"));
}

#[test]
fn some_failed() {
    let jobs = [1, 2, 4, 8];
    let mut rows = support::run(&folder::two_formats(&jobs, 30.0), 4, 0.03, 7);
    for row in rows.iter_mut().filter(|row| row.jobs == folder::jobs(8) && row.block != 2) {
        support::fail(row, "FATAL: sorry, too many clients already");
    }
    report(&BOTH, &jobs, &rows, &some_items());
}

#[test]
fn sixty_four_numbers_of_jobs() {
    let jobs: Vec<u32> = (1..=64).collect();
    let rows = support::run(&folder::two_formats(&jobs, 60.0), 3, 0.05, 7);
    let items = folder::items(640, 64, "public.t");
    report(&BOTH, &jobs, &rows, &items);
}

#[test]
fn names_of_63_multibyte_characters() {
    let jobs = [1, 2, 4, 8];
    let mut rows = support::run(&folder::two_formats(&jobs, 60.0), 3, 0.05, 7);
    let name = "größtmögliche_Auftragspositionen_漢字テーブル_".repeat(3);
    let name: String = name.chars().take(63).collect();
    for row in &mut rows {
        row.variant.clone_from(&name);
    }
    report(&BOTH, &jobs, &rows, &folder::items(9, 2, &name));
}

#[test]
fn a_fifth_of_a_second_and_ten_hours() {
    let jobs = [1, 2, 4, 8];
    for (seconds, unit) in [(0.2, "ms"), (36_000.0, "h")] {
        let rows = support::run(&folder::two_formats(&jobs, seconds), 3, 0.05, 7);
        let written = report(&BOTH, &jobs, &rows, &some_items());
        let page = written.page();
        let axis = format!("restore time ({unit})");
        let texts = select("figure text");
        let mut texts = page.select(&texts);
        assert!(texts.any(|text| text.text().collect::<String>() == axis));
    }
}

#[test]
fn wild_noise() {
    let jobs = [1, 2, 3, 4, 6, 8];
    let rows = support::run(&folder::two_formats(&jobs, 60.0), 2, 0.8, 11);
    report(&BOTH, &jobs, &rows, &some_items());
}

/// A report, and the processor time that it took: what else the machine does
/// at the moment is not what the command takes.
fn timed(guard: tempfile::TempDir) -> (Written, Duration) {
    let script = "TIMEFORMAT='%U %S'; time \"$0\" report run --out out >/dev/null";
    let output = std::process::Command::new("bash")
        .args(["-c", script])
        .arg(assert_cmd::cargo::cargo_bin("jobtune"))
        .current_dir(guard.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let last = said.lines().last().unwrap();
    let took = last.split(' ').map(|seconds| seconds.parse::<f64>().unwrap()).sum();
    (Written { guard }, Duration::from_secs_f64(took))
}

#[test]
fn many_trials_take_five_seconds_and_five_megabytes() {
    let jobs = [1, 2, 4, 8, 16];
    let mut rows = support::run(&folder::two_formats(&jobs, 60.0), 20, 0.05, 7);
    assert_eq!(rows.len(), 200);
    let guard = tempfile::tempdir().unwrap();
    let run = folder::record("large", &BOTH, &jobs);
    let path = guard.path().join("run");
    // 250 items and 500 samples in each trial are 50,000 and 100,000.
    folder::write_with_load(&path, &run, &mut rows, &[], 500);
    folder::give_items(&path, &folder::items(250, 16, "public.partition"));
    let (written, took) = timed(guard);
    assert!(took < Duration::from_secs(5), "{took:?}");
    let size = written.text("index.html").len();
    assert!(size < 5_000_000, "{size} bytes");
    pictures::check(&written);
}

#[test]
fn a_trial_of_many_items_fits_into_its_picture() {
    let curves = [support::usl(Format::Directory, &[16], 60.0, 0.1, 0.01)];
    let rows = support::run(&curves, 1, 0.0, 1);
    let guard = tempfile::tempdir().unwrap();
    let run = folder::record("items", &[Format::Directory], &[16]);
    let path = guard.path().join("run");
    folder::write(&path, &run, &rows, &[]);
    folder::give_items(&path, &folder::items(50_000, 16, "public.partition"));
    let (written, took) = timed(guard);
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(written.text("index.html").len() < 5_000_000);
    let timeline = &written.json()["runs"][0]["timelines"][0];
    assert_eq!(timeline["items"], 50_000);
    let shown = timeline["bars"].as_array().unwrap().iter().map(|bar| &bar["items"]);
    assert_eq!(shown.map(|items| items.as_u64().unwrap()).sum::<u64>(), 50_000);
    pictures::check(&written);
}
