//! Intervals and verdicts over hosts, by simulation with stated seeds: shards of
//! one sweep on hosts that differ as a whole and in how they take to more jobs.
//! The table of docs/statistics.md is what this prints:
//!
//!     cargo test --workspace --test hosts -- --nocapture

#![allow(clippy::unwrap_used, reason = "a test stops where an assumption fails")]
#![allow(clippy::print_stdout, reason = "`--nocapture` shows the table")]

mod support;

use std::thread;

use harness::analysis::{HostFacts, RunFacts, curves_over};
use harness::design::Shard;
use harness::gate::noise::Noise;
use harness::gate::{Comparison, Metric, Policy};
use harness::recommend::Warning;
use harness::record::{BlockHosts, TrialRow};
use harness::stats::interval::Level;
use harness::stats::random;
use harness::study::Study;
use rand_distr::{Distribution, StandardNormal};
use restore_core::format::Format;
use restore_core::units::Jobs;
use support::{facts, row};

/// Experiments of each row of the table.
const EXPERIMENTS: u32 = 2_000;

/// Hosts that share the blocks of a sweep, as shards do.
#[derive(Debug, Clone, Copy)]
struct Hosts {
    count: u32,
    blocks: u32,
    /// Standard deviation of ln T of one restore.
    noise: f64,
    /// Standard deviation of what a host is faster or slower by as a whole.
    level: f64,
    /// Standard deviation of what each cell of a host has of its own.
    own: f64,
}

impl Hosts {
    /// Which host has which block.
    fn of_block(&self) -> BlockHosts {
        let shard = |host| Shard::new(host + 1, self.count).unwrap();
        (0..self.count)
            .flat_map(|host| shard(host).blocks(self.blocks).into_iter().map(move |of| (of, host)))
            .collect()
    }

    fn facts(&self) -> HostFacts {
        let names = (1..=self.count).map(|host| format!("node{host}")).collect();
        HostFacts { names, of_block: self.of_block() }
    }

    /// The rows of a merged run: cells of a variant, a number of jobs and true
    /// seconds, which a host may change.
    fn rows(
        &self,
        cells: &[(&str, u32, f64)],
        factor: impl Fn(u32, u32) -> f64,
        seed: u64,
    ) -> Vec<TrialRow> {
        let mut random = random::stream(seed, "hosts");
        let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
        let levels: Vec<f64> = (0..self.count).map(|_| self.level * normal()).collect();
        let own: Vec<Vec<f64>> =
            (0..self.count).map(|_| cells.iter().map(|_| self.own * normal()).collect()).collect();
        let hosts = self.of_block();
        let mut rows = Vec::new();
        for block in 1..=self.blocks {
            let host = hosts.of(block);
            let shared = 0.5 * self.noise * normal() + levels[host as usize];
            for (position, &(variant, jobs, seconds)) in (1..).zip(cells) {
                let effect = shared + own[host as usize][position as usize - 1];
                let seconds = seconds * factor(host, jobs) * (effect + self.noise * normal()).exp();
                let trial = rows.len() as u32 + 1;
                rows.push(TrialRow {
                    variant: variant.to_owned(),
                    ..row(trial, block, position, Format::Directory, jobs, seconds)
                });
            }
        }
        rows
    }
}

const CELLS: [(&str, u32, f64); 2] = [("base", 1, 40.0), ("base", 4, 12.0)];
const ARMS: [(&str, u32, f64); 2] = [("base", 4, 20.0), ("candidate", 4, 21.0)];

fn share(held: u32) -> f64 {
    f64::from(held) / f64::from(EXPERIMENTS)
}

/// How often intervals of 95 % hold the truth: of a cell's time, of a speed-up, and
/// of the gate's ratio; and of the speed-up where blocks were taken for independent.
fn coverage(hosts: &Hosts) -> [f64; 4] {
    let of_block = hosts.of_block();
    let mut held = [0; 4];
    // Bounds at 2.5 % each are an interval of 95 %.
    let policy = Policy { alpha: 0.025, ..Policy::default() };
    for seed in 0..u64::from(EXPERIMENTS) {
        let rows = hosts.rows(&CELLS, |_, _| 1.0, seed);
        let speedup = (40.0_f64 / 12.0).ln();
        let ratio = |of_block: &BlockHosts| {
            let curves = curves_over(&rows, of_block);
            let [serial, parallel] = &curves[0].cells[..] else { panic!("two cells") };
            serial.ratio_to(parallel, Level::P95).unwrap().interval.contains(speedup)
        };
        let curves = curves_over(&rows, &of_block);
        let time = curves[0].cells[0].interval.unwrap().interval;
        held[0] += u32::from(time.contains(40.0_f64.ln()));
        held[1] += u32::from(ratio(&of_block));
        held[3] += u32::from(ratio(&BlockHosts::default()));

        let rows = hosts.rows(&ARMS, |_, _| 1.0, u64::from(EXPERIMENTS) + seed);
        let seen = Comparison::over(&rows, &of_block, ("base", "candidate"), None, &policy);
        let first = seen.metrics.iter().find(|metric| metric.metric != Metric::Wal).unwrap();
        let (low, high) = (first.ratio_low.unwrap(), first.ratio_high.unwrap());
        held[2] += u32::from((low..=high).contains(&1.05));
    }
    held.map(share)
}

#[test]
fn intervals_over_hosts_hold_as_often_as_they_say() {
    println!(
        "\n| hosts | blocks | noise | hosts differ | cells of a host | time | speed-up | gate | by blocks |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let hosts = |count, blocks, level, own| Hosts { count, blocks, noise: 0.05, level, own };
    let rows = [
        hosts(3, 9, 0.2, 0.05),
        hosts(4, 8, 0.3, 0.1),
        hosts(8, 16, 0.1, 0.05),
        hosts(8, 24, 0.3, 0.1),
        // Two hosts have a block more than the others.
        hosts(5, 12, 0.2, 0.05),
        // Hosts that are alike.
        hosts(4, 8, 0.0, 0.0),
    ];
    let covered = thread::scope(|scope| {
        let threads: Vec<_> =
            rows.iter().map(|hosts| scope.spawn(move || coverage(hosts))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    for (hosts, shares) in rows.iter().zip(covered) {
        let percent = shares.map(|share| format!("{:.1} %", share * 100.0)).join(" | ");
        println!(
            "| {} | {} | {:.0} % | {:.0} % | {:.0} % | {percent} |",
            hosts.count,
            hosts.blocks,
            hosts.noise * 100.0,
            hosts.level * 100.0,
            hosts.own * 100.0
        );
        for share in &shares[..3] {
            assert!((0.93..=0.97).contains(share), "{hosts:?}: {shares:?}");
        }
        if hosts.own > 0.0 {
            assert!(shares[3] < 0.93, "{hosts:?}: hosts would not matter: {shares:?}");
        }
    }
}

const CURVE: [(&str, u32, f64); 4] =
    [("base", 1, 40.0), ("base", 2, 22.0), ("base", 4, 14.0), ("base", 8, 14.2)];

fn study(rows: &[TrialRow], hosts: &Hosts) -> Study {
    let facts = RunFacts { hosts: hosts.facts(), ..facts() };
    Study::of_rows("merged", rows, facts)
}

fn dissenters(study: &Study) -> Vec<(String, Jobs)> {
    let of_warning = |warning: &Warning| match warning {
        Warning::HostsDisagree(of) => {
            of.hosts.iter().map(|of| (of.host.clone(), of.jobs)).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    study.warnings.iter().flat_map(of_warning).collect()
}

#[test]
fn hosts_that_disagree_on_the_best_jobs_are_named() {
    let hosts = Hosts { count: 4, blocks: 12, noise: 0.03, level: 0.2, own: 0.0 };
    // On the second host four workers are in each other's way.
    let factor = |host, jobs| if host == 1 && jobs >= 4 { 2.0 } else { 1.0 };
    for seed in 0..20 {
        let seen = study(&hosts.rows(&CURVE, factor, seed), &hosts);
        assert_eq!(dissenters(&seen), [("node2".to_owned(), Jobs::new(2).unwrap())], "{seed}");
        let said = seen.warnings[0].to_string();
        assert!(said.contains("node2 (-j 2, ") && said.contains("faster there"), "{said}");
    }
}

#[test]
fn hosts_that_agree_are_seldom_said_to_disagree() {
    let hosts = Hosts { count: 4, blocks: 12, noise: 0.05, level: 0.3, own: 0.0 };
    let alarms = (0..200)
        .filter(|&seed| {
            !dissenters(&study(&hosts.rows(&CURVE, |_, _| 1.0, seed), &hosts)).is_empty()
        })
        .count();
    assert!(alarms <= 10, "{alarms} of 200");
}

#[test]
fn verdicts_over_hosts_rest_on_hosts() {
    let hosts = Hosts { count: 4, blocks: 12, noise: 0.02, level: 0.2, own: 0.01 };
    let seen = study(&hosts.rows(&CURVE, |_, _| 1.0, 3), &hosts);
    let [curve] = &seen.curves[..] else { panic!("{:?}", seen.curves.len()) };
    assert_eq!((curve.hosts, curve.blocks), (Some(4), 12));
    assert_eq!(curve.verdict.recommended(), Jobs::new(4).ok());
    let kinds: Vec<&str> = seen.warnings.iter().map(Warning::kind).collect();
    assert!(kinds.contains(&"few_hosts") && !kinds.contains(&"few_blocks"), "{kinds:?}");
    // A recommendation is wrong no more often than it says: -j 4 is as good as -j 8, so
    // that less than 4 loses.
    let wrong = (0..200)
        .filter(|&seed| {
            let hosts = Hosts { own: 0.04, ..hosts };
            let seen = study(&hosts.rows(&CURVE, |_, _| 1.0, seed), &hosts);
            seen.curves[0].verdict.recommended().is_some_and(|jobs| jobs.get() < 4)
        })
        .count();
    assert!(wrong <= 10, "{wrong} of 200");
}

#[test]
fn noise_tells_what_hosts_have_of_their_own() {
    let hosts = Hosts { count: 6, blocks: 30, noise: 0.03, level: 0.3, own: 0.08 };
    let cells = [("base", 4, 20.0), ("again", 4, 20.0)];
    let rows = hosts.rows(&cells, |_, _| 1.0, 5);
    let seen = Noise::new(&rows, &hosts.facts(), None, 0.1, &Policy::default());
    let [metric] = &seen.metrics[..] else { panic!("{:?}", seen.metrics) };
    assert_eq!(seen.blocks, 30);
    assert!((metric.spread_ratio - 0.03).abs() < 0.012, "{metric:?}");
    let between = metric.between_hosts_ratio.unwrap();
    // Two cells, each with its own: sqrt 2 times 8 %.
    assert!((0.05..0.2).contains(&between), "{metric:?}");
    assert!(seen.drift.iter().all(|drift| drift.curve.contains(" on node")), "{:?}", seen.drift);
    let alone = Noise::new(&rows, &HostFacts::default(), None, 0.1, &Policy::default());
    assert_eq!(alone.metrics[0].between_hosts_ratio, None);
    assert!(alone.metrics[0].detectable_ratio < metric.detectable_ratio);
}
