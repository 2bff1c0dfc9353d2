//! Change points over synthetic runs, and what equal runs differ by.

#![allow(clippy::unwrap_used, reason = "a test stops where an assumption fails")]

mod support;

use harness::document::{Answer as _, Style, markdown, terminal};
use harness::gate::across::{self, Arm, Likeness};
use harness::gate::comparison::Pairing;
use harness::gate::{Finding, Policy};
use harness::history::History;
use harness::record::{Run, RunRecord};
use harness::scenario::{self, Overrides};
use restore_core::format::Format;
use restore_core::options::Opt;
use serde_json::json;
use support::{TrueCurve, run};

/// The record of a run that was made on this day of a month.
fn record(day: u32, settings: &str) -> RunRecord {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nightly.toml");
    std::fs::write(&path, "dataset = { tpch = { scale = 0.1 } }\n[sweep]\njobs = [4]\n").unwrap();
    let scenario = scenario::load(&path, &Overrides::default()).unwrap();
    let server = json!({
        "provider": "local", "version": "17.5", "major": 17, "client_version": "17.5",
        "cores": 4, "settings": { "shared_buffers": settings }, "notes": [],
    });
    serde_json::from_value(json!({
        "schema": 1, "jobtune_version": "0.1.0", "run": format!("{day:08}"),
        "created_at": format!("2026-01-{day:02}T03:00:00.000Z"),
        "scenario": scenario,
        "design": { "cells": [], "seed": 1 },
        "host": {
            "os": "Linux", "kernel": "6.1", "cpu_model": "a processor", "cores": 4,
            "memory_bytes": 8_000_000_000_u64,
        },
        "servers": { "base": server }, "archives": [], "sessions": 1, "ended": null,
    }))
    .unwrap()
}

/// A run whose restores take about so many seconds.
fn recorded(day: u32, seconds: f64) -> Run {
    let curve = TrueCurve { format: Format::Custom, times: vec![(4, seconds)] };
    let rows = run(&[curve], 5, 0.02, u64::from(day));
    Run::without_tables(format!("nightly-{day:02}"), record(day, "128MB"), rows)
}

#[test]
fn the_run_since_which_it_is_slower_is_named() {
    let level = |day| if day < 15 { 30.0 } else { 36.0 };
    let mut runs: Vec<Run> = (1..=28).map(|day| recorded(day, level(day))).collect();
    runs.reverse();
    let seen = History::new(&runs);
    let [cell] = &seen.cells[..] else { panic!("{seen:?}") };
    let [change] = &cell.changes[..] else { panic!("{:?}", cell.changes) };
    assert_eq!(change.run, "nightly-15");
    assert!((change.ratio - 1.2).abs() < 0.03, "{change:?}");
    assert_eq!(cell.level_now().1, 14);
    let text = terminal::render(&seen.document(), Style::default());
    assert!(text.starts_with("1 of 1 cells changed level over 28 runs"), "{text}");
    let markdown = markdown::render(&seen.document());
    assert!(markdown.contains("| nightly, custom gzip:6 -j 4 |   28 |"), "{markdown}");
    let read: History = serde_json::from_str(&serde_json::to_string(&seen).unwrap()).unwrap();
    assert_eq!(read.cells[0].changes.len(), 1);
}

#[test]
fn steady_runs_have_no_change() {
    let runs: Vec<Run> = (1..=28).map(|day| recorded(day, 30.0)).collect();
    assert_eq!(History::new(&runs).changed().count(), 0);
}

fn arm(run: &Run) -> Arm<'_> {
    Arm { run, variant: "base" }
}

#[test]
fn what_equal_runs_differ_by_widens_a_comparison() {
    // Levels that differ by 10 % from run to run, noise of 2 % within.
    let runs: Vec<Run> =
        (1..=12).map(|day| recorded(day, if day % 2 == 0 { 30.0 } else { 33.0 })).collect();
    let arms: Vec<Arm<'_>> = runs.iter().map(arm).collect();
    let between = across::between(&arms).unwrap();
    assert!((0.03..0.08).contains(&between.spread_ratio), "{between:?}");
    assert_eq!(across::between(&arms[..2]), None);

    let (base, candidate) = (arm(&runs[1]), arm(&runs[2]));
    assert_eq!(across::obstacles(&base, &candidate), []);
    let policy = Policy::default();
    let naive = across::compare(&base, &candidate, None, None, &policy);
    assert_eq!(naive.finding, Finding::Regression);
    let informed = across::compare(&base, &candidate, None, Some(between), &policy);
    assert_eq!(informed.finding, Finding::Inconclusive, "{informed:?}");
    assert_eq!(informed.pairing, Pairing::Runs { between_runs: Some(between) });
}

#[test]
fn what_is_not_alike_stands_in_the_way() {
    let mut other = recorded(2, 30.0);
    other.record = record(2, "1GB");
    other.record.host.cores = 8;
    other.record.servers.get_mut("base").unwrap().major = 18;
    other.record.scenario.restore.options.set_flag(Opt::NoComments, true);
    let base = recorded(1, 30.0);
    let seen = across::obstacles(&arm(&base), &arm(&other));
    let kinds: Vec<Likeness> = seen.iter().map(|obstacle| obstacle.likeness).collect();
    let expected = [Likeness::Host, Likeness::Version, Likeness::Settings, Likeness::Options];
    assert_eq!(kinds, expected);
    assert_eq!(seen[2].to_string(), "settings: shared_buffers = 128MB and 1GB");
    assert!(seen[3].to_string().ends_with("--no-comments"), "{}", seen[3]);
}

#[test]
fn systems_that_are_set_otherwise_are_not_alike() {
    let conditions = |run: &mut Run, file_system: &str| {
        let server = run.record.servers.get_mut("base").unwrap();
        server.conditions.file_system = Some(file_system.to_owned());
        server.conditions.data_checksums = Some(true);
    };
    let (old, mut base, mut other) = (recorded(1, 30.0), recorded(2, 30.0), recorded(3, 30.0));
    conditions(&mut base, "ext4");
    conditions(&mut other, "tmpfs");
    let seen = across::obstacles(&arm(&base), &arm(&other));
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].to_string(), "host: file system: ext4 and tmpfs");
    assert_eq!(across::obstacles(&arm(&old), &arm(&other)), [], "old runs did not record it");
}
