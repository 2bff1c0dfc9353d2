//! What users read: reports of synthetic runs, as stored snapshots.

#![allow(clippy::unwrap_used, reason = "a test stops where an assumption fails")]

mod support;

use std::collections::BTreeMap;

use harness::analysis::{Resources, RunFacts};
use harness::document::{Answer as _, Style, markdown, terminal};
use harness::record::TrialRow;
use harness::report::Report;
use harness::study::Study;
use restore_core::format::Format;
use restore_core::units::Bytes;
use support::{archive, arms, facts, fail, run, usl};

const JOBS: [u32; 5] = [1, 2, 4, 8, 16];

fn report(rows: &[TrialRow], facts: &RunFacts) -> Report {
    Report::new(Study::of_rows("synthetic", rows, facts.clone()))
}

fn two_formats(blocks: u32, noise: f64) -> Vec<TrialRow> {
    let curves = [
        usl(Format::Custom, &JOBS, 120.0, 0.16, 0.004),
        usl(Format::Directory, &JOBS, 110.0, 0.10, 0.002),
    ];
    run(&curves, blocks, noise, 7)
}

fn known_archives() -> RunFacts {
    RunFacts { archives: vec![archive(Format::Custom), archive(Format::Directory)], ..facts() }
}

fn in_terminal(rows: &[TrialRow], facts: &RunFacts) -> String {
    let text = terminal::render(&report(rows, facts).document(), Style::default());
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= 80, "a line of {widest} columns:\n{text}");
    text
}

#[test]
fn two_formats_in_a_terminal() {
    insta::assert_snapshot!(in_terminal(&two_formats(6, 0.03), &known_archives()));
}

#[test]
fn two_formats_in_markdown() {
    insta::assert_snapshot!(markdown::render(
        &report(&two_formats(6, 0.03), &known_archives()).document()
    ));
}

#[test]
fn one_format_in_json() {
    let rows = run(&[usl(Format::Directory, &[1, 2, 4, 8], 40.0, 0.1, 0.01)], 3, 0.02, 3);
    let report = report(&rows, &facts());
    let text = report.json().unwrap();
    insta::assert_snapshot!(text);
    // What other programs read back is what was written, to the last digit.
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read, serde_json::to_value(&report).unwrap());
    assert_eq!(read["curves"][0]["cells"].as_array().unwrap().len(), 4);
}

#[test]
fn three_noisy_blocks_are_honest() {
    insta::assert_snapshot!(in_terminal(&two_formats(3, 0.12), &known_archives()));
}

#[test]
fn hours_and_failures() {
    let mut rows = run(&[usl(Format::Custom, &JOBS, 9000.0, 0.3, 0.02)], 4, 0.02, 5);
    for row in &mut rows {
        row.session = if row.block > 2 { 2 } else { 1 };
        let lost = row.jobs.get() == 16 && row.block != 2 || row.jobs.get() == 2 && row.block == 3;
        if lost {
            fail(row, "FATAL: sorry, too many clients already");
        }
    }
    let mut archive = archive(Format::Custom);
    archive.has_offsets = Some(false);
    archive.largest_item.as_mut().unwrap().share = 0.8;
    let facts = RunFacts { archives: vec![archive], max_connections: Some(15), ..facts() };
    insta::assert_snapshot!(in_terminal(&rows, &facts));
}

#[test]
fn more_builds_than_the_memory_is_for() {
    let rows = run(&[usl(Format::Custom, &JOBS, 90.0, 0.3, 0.02)], 5, 0.02, 5);
    let resources = |memory| Resources {
        memory: Some(Bytes(memory)),
        maintenance_memory: Some(Bytes(512 << 20)),
        ..Resources::default()
    };
    let said = |memory| {
        let of_base = BTreeMap::from([("base".to_owned(), resources(memory))]);
        let text = in_terminal(&rows, &RunFacts { resources: of_base, ..facts() });
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let told = said(2 << 30);
    assert!(told.contains("at -j 8, 16: as many builds of indexes may take 512 MiB"), "{told}");
    assert!(!said(64 << 30).contains("builds of indexes"));
}

/// Variants that make the same database in another way are one choice.
#[test]
fn the_way_of_restoring_is_recommended_with_its_jobs() {
    let curves = [usl(Format::Custom, &[1, 2, 4], 20.0, 0.1, 0.02)];
    let rows = arms(&curves, |_| 0.7, 5, 0.01, 3);
    let of_two = |facts: &RunFacts| {
        let text = in_terminal(&rows, facts);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let apart = of_two(&facts());
    assert!(apart.starts_with("Use -j 4 with custom gzip:6 ("), "{apart}");
    assert!(apart.contains(" and with candidate custom gzip:6 ("), "{apart}");
    let alike = BTreeMap::from([("candidate".to_owned(), "base".to_owned())]);
    let facts = RunFacts { alike, ..facts() };
    let one = of_two(&facts);
    assert!(one.starts_with("Use -j 4 with the candidate custom gzip:6 archive"), "{one}");
    assert!(one.contains("custom gzip:6 at -j 4 takes 1.4"), "{one}");

    // With one number of jobs there is still a fastest way.
    let rows: Vec<TrialRow> = rows.into_iter().filter(|row| row.jobs.get() == 2).collect();
    let text = in_terminal(&rows, &facts);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let fastest = "Of two ways to the same database candidate custom gzip:6 at -j 2 is the \
                   fastest beyond doubt";
    assert!(text.starts_with(fastest), "{text}");
}

#[test]
fn one_number_of_jobs() {
    let rows = run(&[usl(Format::Custom, &[4], 12.0, 0.1, 0.0)], 3, 0.02, 1);
    insta::assert_snapshot!(in_terminal(&rows, &facts()));
}

#[test]
fn one_block() {
    let rows = run(&[usl(Format::Custom, &[1, 2, 4], 0.8, 0.1, 0.0)], 1, 0.02, 1);
    let facts = RunFacts { ending: None, cores: None, ..facts() };
    insta::assert_snapshot!(in_terminal(&rows, &facts));
}

#[test]
fn nothing_completed() {
    let mut rows = two_formats(3, 0.03);
    for row in &mut rows {
        fail(row, "could not connect to server");
    }
    insta::assert_snapshot!(in_terminal(&rows, &known_archives()));
}

#[test]
fn no_trial_at_all() {
    insta::assert_snapshot!(in_terminal(&[], &facts()));
}

#[test]
fn narrow_terminals_lose_columns_and_not_rows() {
    let report = report(&two_formats(6, 0.03), &known_archives());
    let text = terminal::render(&report.document(), Style { width: 40, color: false });
    let is_heading = |line: &&str| line.contains("-j") && line.contains("time");
    let table: Vec<&str> = text.lines().skip_while(|line| !is_heading(line)).take(6).collect();
    assert_eq!(table.len(), 6, "{text}");
    assert!(table.iter().all(|line| line.chars().count() <= 40), "{text}");
    assert!(!table[0].contains("speed-up") && table[0].contains("time"), "{text}");
}

#[test]
fn colour_is_only_there_when_asked_for() {
    let report = report(&two_formats(3, 0.03), &known_archives());
    let plain = terminal::render(&report.document(), Style::default());
    let coloured = terminal::render(&report.document(), Style { color: true, ..Style::default() });
    assert!(!plain.contains('\u{1b}'));
    assert_eq!(coloured.replace("\u{1b}[1m", "").replace("\u{1b}[0m", ""), plain);
    assert_ne!(coloured, plain);
}

#[test]
fn names_cannot_become_markup() {
    let mut rows = two_formats(3, 0.03);
    for row in &mut rows {
        row.variant = "<b>a|b*c_d</b>".to_owned();
    }
    let text = markdown::render(&report(&rows, &facts()).document());
    assert!(text.contains(r"\<b\>a\|b\*c\_d\</b\>"), "{text}");
    assert!(!text.contains("<b>"));
}

/// A curve whose blocks settle it, and another, faster one of wide noise.
fn settled_beside_open() -> Vec<TrialRow> {
    let mut rows = run(&[usl(Format::Custom, &[1, 2, 4], 60.0, 0.1, 0.0)], 6, 0.005, 3);
    let open =
        support::TrueCurve { format: Format::Directory, times: vec![(1, 9.0), (2, 8.0), (4, 8.0)] };
    let first = rows.len() as u32;
    rows.extend(run(&[open], 6, 0.25, 5).into_iter().map(|mut row| {
        row.trial += first;
        row
    }));
    rows
}

#[test]
fn the_answer_leads_with_what_is_proved() {
    let answer = report(&settled_beside_open(), &facts()).answer;
    assert!(answer.starts_with("Use -j 4 with the custom gzip:6 archive: "), "{answer}");
    let (_, open) = answer.split_once(" Inconclusive with the directory gzip:6 archive: ").unwrap();
    assert!(open.starts_with("the best may be any of -j 1, 2, 4 (at -j "), "{answer}");
    assert!(open.ends_with("less than the recommended one beyond doubt)."), "{answer}");
}

#[test]
fn nothing_proved_is_said_of_every_curve() {
    let curves = [
        usl(Format::Custom, &[1, 2, 4], 30.0, 0.9, 0.0),
        usl(Format::Directory, &[1, 2, 4], 20.0, 0.9, 0.0),
    ];
    let answer = report(&run(&curves, 4, 0.4, 9), &facts()).answer;
    assert!(answer.starts_with("Inconclusive with the directory gzip:6 archive"), "{answer}");
    assert!(answer.contains(" Inconclusive with the custom gzip:6 archive"), "{answer}");
}

#[test]
fn each_variant_has_its_own_answer() {
    let curves = [usl(Format::Custom, &[1, 2, 4], 60.0, 0.02, 0.0)];
    let slower = |jobs| if jobs == 4 { 3.0 } else { 1.0 };
    let mut rows = support::arms(&curves, slower, 6, 0.005, 3);
    let answer = report(&rows, &facts()).answer;
    assert!(answer.starts_with("Use -j 4 with custom gzip:6 ("), "{answer}");
    assert!(answer.contains("), -j 2 with candidate custom gzip:6 ("), "{answer}");
    // One of them fails: the other's answer stands, and it is said.
    for row in rows.iter_mut().filter(|row| row.variant == "candidate") {
        fail(row, "disk full");
    }
    let answer = report(&rows, &facts()).answer;
    assert!(answer.starts_with("Use -j 4 with the custom gzip:6 archive"), "{answer}");
    let said = "Inconclusive with the candidate custom gzip:6 archive: no trial completed.";
    assert!(answer.ends_with(said), "{answer}");
}
