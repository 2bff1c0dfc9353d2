//! Run folders as a sweep would have left them.

use std::path::Path;

use harness::record::trial::TrialRow;
use harness::record::{
    ItemRow, LatencyRow, LoadSample, RunFolder, RunRecord, Stretch, WorkloadSummary,
};
use harness::scenario::Workload;
use harness::scenario::quantity::Span;
use harness::scenario::rate::Rate;
use restore_core::event::Step;
use restore_core::format::Format;
use restore_core::units::Jobs;
use serde_json::json;

use super::support::{self, TrueCurve};

/// `run.json` of a run with these formats and numbers of jobs.
pub(crate) fn record(name: &str, formats: &[Format], jobs: &[u32]) -> RunRecord {
    let archives: Vec<_> = formats
        .iter()
        .map(|format| json!({ "variant": "base", "format": format, "compression": "gzip:6" }))
        .collect();
    let cells: Vec<_> = archives
        .iter()
        .flat_map(|archive| {
            jobs.iter().map(move |jobs| json!({ "archive": archive, "jobs": jobs }))
        })
        .collect();
    let recorded: Vec<_> = archives
        .iter()
        .map(|key| {
            json!({
                "key": key, "path": "/nowhere/archive", "bytes": 123_456_789, "sha256": "ab12",
                "dumped_by": "17.5", "items": 46, "has_offsets": true,
                "largest_item": { "name": "public.lineitem", "share": 0.42 }, "rows": null,
            })
        })
        .collect();
    serde_json::from_value(json!({
        "schema": 1, "jobtune_version": "0.1.0", "run": "2c129536",
        "created_at": "2026-01-01T00:00:00.000Z",
        "scenario": {
            "name": name, "about": "made for a test",
            "variants": [{
                "name": "base",
                "dataset": { "tpch": { "scale": 1.0 } },
                "server": {
                    "provider": { "kind": "local", "bindir": null, "data_dir": null },
                    "settings": {},
                },
            }],
            "sweep": {
                "jobs": jobs, "formats": formats, "compression": ["gzip:6"],
                "blocks": { "min": 3, "max": 10, "precision": "3%" },
                "cache": "warm", "budget": null, "trial_limit": null, "seed": 42,
            },
            "limits": { "tolerance": "5%", "connections": null },
            "restore": { "owner": false, "privileges": false },
        },
        "design": { "cells": cells, "seed": 42 },
        "host": {
            "os": "Linux", "kernel": "6.1", "cpu_model": "a processor", "cores": 4,
            "memory_bytes": 8_589_934_592_u64,
        },
        "servers": {
            "base": {
                "provider": "local", "version": "17.5", "major": 17, "client_version": "17.5",
                "cores": 4, "settings": { "shared_buffers": "2GB", "max_connections": "100" },
                "notes": [],
            },
        },
        "archives": recorded, "sessions": 1, "ended": "max_blocks",
    }))
    .unwrap()
}

/// A run folder at `path` with these trials, each with these items.
pub(crate) fn write(path: &Path, run: &RunRecord, rows: &[TrialRow], items: &[ItemRow]) {
    let folder = RunFolder::create(path, run, &[]).unwrap();
    for row in rows {
        folder.append(row, items, &[], &[]).unwrap();
    }
}

/// The same, with so many load samples in each trial and what they come to.
pub(crate) fn write_with_load(
    path: &Path,
    run: &RunRecord,
    rows: &mut [TrialRow],
    items: &[ItemRow],
    samples: u64,
) {
    let folder = RunFolder::create(path, run, &[]).unwrap();
    for row in rows {
        row.wal_bytes = Some(1 << 30);
        row.load.load_samples = Some(samples);
        row.load.host_cpu_mean_ratio = Some(0.6 + 0.01 * f64::from(row.block % 3));
        row.load.data_device_busy_mean_ratio = Some(0.3 + 0.02 * f64::from(row.block % 5));
        row.load.host_io_pressure_ratio = Some(0.11);
        let load: Vec<LoadSample> = (1..=samples).map(|at| sample(row, at, samples)).collect();
        folder.append(row, items, &load, &[]).unwrap();
    }
}

/// One of `of` samples of a trial: busy in the middle, quiet at the ends.
fn sample(row: &TrialRow, number: u64, of: u64) -> LoadSample {
    let interval_ns = row.wall_ns / of;
    let busy = interval_ns * number.min(of - number) * 2 / of;
    LoadSample {
        trial: row.trial,
        at_ns: interval_ns * number,
        interval_ns,
        host_cpu_user_ns: Some(busy * 3),
        host_cpu_system_ns: Some(busy / 2),
        host_cpu_iowait_ns: Some(0),
        host_cpu_steal_ns: Some(0),
        host_cpu_idle_ns: Some(interval_ns * 4 - busy * 3 - busy / 2),
        data_device_busy_ns: (!number.is_multiple_of(5)).then_some(busy / 2),
        host_io_pressure_ns: Some(busy / 9),
        ..LoadSample::default()
    }
}

/// Custom against directory with these numbers of jobs.
pub(crate) fn two_formats(jobs: &[u32], seconds: f64) -> [TrueCurve; 2] {
    [
        support::usl(Format::Custom, jobs, seconds, 0.16, 0.004),
        support::usl(Format::Directory, jobs, seconds * 0.9, 0.10, 0.002),
    ]
}

/// A usual run: two formats, six blocks, a few items and load samples.
pub(crate) fn usual(path: &Path) {
    let jobs = [1, 2, 4, 8];
    let mut rows = support::run(&two_formats(&jobs, 40.0), 6, 0.03, 7);
    let run = record("usual", &[Format::Custom, Format::Directory], &jobs);
    write_with_load(path, &run, &mut rows, &items(12, 4, "public.table"), 60);
}

/// Items in turn over `lanes` workers, half tables and half indexes.
pub(crate) fn items(count: u32, lanes: u32, name: &str) -> Vec<ItemRow> {
    (0..count)
        .map(|index| {
            let (lane, round) = (index % lanes, index / lanes);
            let start =
                u64::from(round) * 3_000_000_000 / u64::from(count / lanes + 1) + 20_000_000;
            let length = 2_000_000_000 / u64::from(count / lanes + 1);
            ItemRow {
                lane: lane + 1,
                start_ns: start,
                end_ns: start + length + u64::from(index % 7) * 1000,
                dump_id: Some(index + 1),
                kind: if index % 2 == 0 { "TABLE DATA" } else { "INDEX" }.to_owned(),
                name: format!("{name}_{index}"),
                bytes: Some(1 << 20),
                step: Step::Whole,
            }
        })
        .collect()
}

/// Numbers of jobs as the library has them.
pub(crate) fn jobs(number: u32) -> Jobs {
    Jobs::new(number).unwrap()
}

/// Gives every trial of a run folder these items.
pub(crate) fn give_items(path: &Path, items: &[ItemRow]) {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for item in items {
        writer.serialize(item).unwrap();
    }
    let text = writer.into_inner().unwrap();
    for file in std::fs::read_dir(path.join("items")).unwrap().flatten() {
        std::fs::write(file.path(), &text).unwrap();
    }
}

/// Restores beside a workload, and the same on an idle server. The more jobs,
/// the longer its transactions wait; one in a hundred waits long.
pub(crate) fn production(path: &Path, jobs: &[u32], blocks: u32) {
    production_within(path, jobs, blocks, Span::from_millis(60));
}

/// The same with another limit of the 99th percentile.
pub(crate) fn production_within(path: &Path, jobs: &[u32], blocks: u32, limit: Span) {
    let curve = [support::usl(Format::Directory, jobs, 12.0, 0.1, 0.01)];
    let mut rows = support::arms(&curve, |_| 0.8, blocks, 0.03, 7);
    let mut run = record("production", &[Format::Directory], jobs);
    run.scenario.limits.workload.p99_latency = Some(limit);
    let mut idle = run.scenario.variants[0].clone();
    "idle".clone_into(&mut idle.name);
    run.scenario.variants.push(idle);
    run.scenario.variants[0].workload = Some(Workload {
        rate: Rate::Constant(50.0),
        clients: 8,
        scale: 10,
        setup: Vec::new(),
        scripts: Vec::new(),
        before: Span::from_secs(5),
        after: Span::from_secs(2),
        late: Span::from_millis(50),
    });
    run.servers.insert("idle".to_owned(), run.servers["base"].clone());
    let mut archive = run.archives[0].clone();
    "idle".clone_into(&mut archive.key.variant);
    run.archives.push(archive);
    let folder = RunFolder::create(path, &run, &[]).unwrap();
    for row in &mut rows {
        if row.variant == "base" {
            let table = latencies(row);
            folder.write_latency(row.trial, &table).unwrap();
            row.workload = summary(&table);
        } else {
            "idle".clone_into(&mut row.variant);
        }
        folder.append(row, &items(12, 4, "public.table"), &[], &[]).unwrap();
    }
}

/// The latencies around a trial, 400 in each stretch.
fn latencies(row: &TrialRow) -> Vec<LatencyRow> {
    let noise = 1.0 + 0.06 * f64::from(row.block % 4);
    let of_stretch = |stretch| {
        let (middle, longest) = match stretch {
            Stretch::During => {
                let jobs = f64::from(row.jobs.get());
                (4e3 * jobs.sqrt(), 14e3 * jobs)
            }
            Stretch::Before | Stretch::After => (3e3, 9e3),
        };
        (1..=100_u32).map(move |part| {
            let share = (f64::from(part) / 100.0).powi(9);
            let latency = noise * (middle * (0.6 + 0.4 * share) + longest * share);
            LatencyRow { stretch, latency_us: latency as u64, transactions: 4 }
        })
    };
    Stretch::ALL.into_iter().flat_map(of_stretch).collect()
}

fn summary(table: &[LatencyRow]) -> WorkloadSummary {
    let of = |stretch, part: usize| {
        let own: Vec<u64> =
            table.iter().filter(|row| row.stretch == stretch).map(|row| row.latency_us).collect();
        Some(own[part - 1])
    };
    let late = |stretch| {
        let own = table.iter().filter(|row| row.stretch == stretch);
        Some(own.filter(|row| row.latency_us > 50_000).count() as f64 / 100.0)
    };
    WorkloadSummary {
        workload_before_rate_per_s: Some(50.0),
        workload_before_p50_us: of(Stretch::Before, 50),
        workload_before_p99_us: of(Stretch::Before, 99),
        workload_before_late_ratio: late(Stretch::Before),
        workload_during_rate_per_s: Some(50.0),
        workload_during_p50_us: of(Stretch::During, 50),
        workload_during_p99_us: of(Stretch::During, 99),
        workload_during_late_ratio: late(Stretch::During),
        workload_after_rate_per_s: Some(50.0),
        workload_after_p50_us: of(Stretch::After, 50),
        workload_after_p99_us: of(Stretch::After, 99),
        workload_after_late_ratio: late(Stretch::After),
        ..WorkloadSummary::default()
    }
}

/// So many runs of one scenario, a night apart, the last ones slower; the
/// names of their folders.
pub(crate) fn nights(place: &Path, count: u32, slower: u32) -> Vec<String> {
    let jobs = [1, 4];
    (1..=count)
        .map(|night| {
            let factor = if night > count - slower { 1.3 } else { 1.0 };
            let curves = [support::usl(Format::Directory, &jobs, 30.0 * factor, 0.1, 0.01)];
            let rows = support::run(&curves, 4, 0.02, u64::from(night));
            let mut run = record("nightly", &[Format::Directory], &jobs);
            run.run = format!("{night:08}");
            run.created_at = format!("2026-01-{night:02}T03:00:00.000Z");
            let name = format!("night-{night:02}");
            write(&place.join(&name), &run, &rows, &items(4, 2, "public.table"));
            name
        })
        .collect()
}
