//! How well the replay predicts numbers of jobs that it was not shown, on
//! runs that were recorded: the tables of docs/prediction.md.
//!
//! ```text
//! cargo run -p harness --example prediction -- RUN...
//! ```
//!
//! Every curve that has one job and at least two other numbers is fitted to
//! one job and one other, each in turn, and asked for all the rest.

#![allow(clippy::print_stdout, reason = "it prints tables")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;
use harness::analysis::replay::ReplayInput;
use harness::analysis::{Curve, CurveKey, curves_of_rows};
use harness::record::{Outcome, Run, TrialRow};
use harness::stats::estimate::Estimate;
use harness::study::replay_inputs;
use restore_core::units::Jobs;

/// A time that was predicted, and what was measured.
struct Tested {
    curve: String,
    shown: Jobs,
    asked: Jobs,
    measured: f64,
    predicted: f64,
    within_band: bool,
}

impl Tested {
    fn error(&self) -> f64 {
        self.predicted / self.measured - 1.0
    }
}

fn main() -> anyhow::Result<()> {
    let runs: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if runs.is_empty() {
        bail!("name the run folders");
    }
    let mut all = Vec::new();
    for run in &runs {
        let tested = test(run)?;
        println!("## {}\n", run.file_name().unwrap_or_default().to_string_lossy());
        if tested.is_empty() {
            println!("Nothing to test: no plan, or fewer than three numbers of jobs.\n");
            continue;
        }
        table(&tested);
        println!("\n{}\n", summary(&tested.iter().collect::<Vec<_>>()));
        all.extend(tested);
    }
    println!("## All\n");
    let mut by_shown: BTreeMap<Jobs, Vec<&Tested>> = BTreeMap::new();
    for one in &all {
        by_shown.entry(one.shown).or_default().push(one);
    }
    for (shown, of) in &by_shown {
        println!("- fitted to -j 1 and -j {shown}: {}", summary(of));
    }
    println!("- all: {}", summary(&all.iter().collect::<Vec<_>>()));
    Ok(())
}

fn test(run: &Path) -> anyhow::Result<Vec<Tested>> {
    let run = Run::open(run)?;
    let curves = curves_of_rows(&run.rows);
    let inputs = replay_inputs(&run, &curves)?;
    let tested = curves.iter().filter_map(|curve| Some((curve, inputs.get(&curve.key)?)));
    Ok(tested.flat_map(|(curve, input)| test_curve(input, curve, &run.rows)).collect())
}

fn test_curve(input: &ReplayInput, curve: &Curve, rows: &[TrialRow]) -> Vec<Tested> {
    let measured: Vec<(Jobs, f64)> =
        curve.measured().iter().filter_map(|cell| Some((cell.jobs, cell.seconds()?))).collect();
    let Some(&(Jobs::ONE, _)) = measured.first() else { return Vec::new() };
    let mut tested = Vec::new();
    for &(shown, _) in &measured[1..] {
        let kept: Vec<TrialRow> = rows
            .iter()
            .filter(|row| row.outcome == Outcome::Completed && CurveKey::of(row) == curve.key)
            .filter(|row| [Jobs::ONE, shown].contains(&row.jobs))
            .cloned()
            .collect();
        let Some(fitted) = curves_of_rows(&kept).pop() else { continue };
        let asked = || measured[1..].iter().filter(|&&(jobs, _)| jobs != shown);
        let Some(replay) = input.replay(&fitted, asked().map(|&(jobs, _)| jobs)) else { continue };
        for &(asked, measured) in asked() {
            let Some(prediction) = replay.prediction(asked) else { continue };
            let Estimate { value, low, high } = prediction.time_seconds;
            tested.push(Tested {
                curve: curve.key.to_string(),
                shown,
                asked,
                measured,
                predicted: value,
                within_band: low.is_some_and(|low| low <= measured)
                    && high.is_some_and(|high| measured <= high),
            });
        }
    }
    tested
}

fn table(tested: &[Tested]) {
    println!("| curve | fitted to -j | asked for -j | measured | predicted | error | in band |");
    println!("|:---|---:|---:|---:|---:|---:|:---|");
    for one in tested {
        println!(
            "| {} | 1, {} | {} | {:.2} s | {:.2} s | {:+.1} % | {} |",
            one.curve,
            one.shown,
            one.asked,
            one.measured,
            one.predicted,
            one.error() * 100.0,
            if one.within_band { "yes" } else { "no" }
        );
    }
}

fn summary(tested: &[&Tested]) -> String {
    let mut errors: Vec<f64> = tested.iter().map(|one| one.error().abs()).collect();
    errors.sort_by(f64::total_cmp);
    let (Some(&worst), count) = (errors.last(), errors.len()) else { return "none".to_owned() };
    let median = f64::midpoint(errors[(count - 1) / 2], errors[count / 2]);
    let within = tested.iter().filter(|one| one.within_band).count();
    format!(
        "median absolute error {:.1} %, worst {:.1} %, {within} of {count} within the 95 % band",
        median * 100.0,
        worst * 100.0
    )
}
