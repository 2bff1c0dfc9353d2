//! `jobtune compare`: the regression gate.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::history::read_runs;
use super::{Status, write_file, written};
use crate::cli::CompareArgs;
use crate::document::{Answer as _, markdown};
use crate::gate::across::{self, Arm, Likeness, Obstacle};
use crate::gate::comparison::Between;
use crate::gate::{Comparison, Finding, Policy};
use crate::printer::Printer;
use crate::record::{Run, RunRecord};
use crate::report::compare::{CompareReport, annotations, junit};
use crate::scenario::Variant;

pub(super) fn run(args: &CompareArgs, printer: &Printer) -> anyhow::Result<Status> {
    let policy = policy(args)?;
    let report = CompareReport::new(compare(args, &policy, printer)?);
    write_files(args, &report)?;
    printer.answer(&written(&report, args.format, printer)?);
    if args.annotations {
        printer.plain(annotations::render(&report).trim_end());
    }
    Ok(match report.comparison.finding {
        Finding::Pass => Status::Done,
        Finding::Regression => Status::Regression,
        Finding::Inconclusive => Status::Inconclusive,
    })
}

fn policy(args: &CompareArgs) -> anyhow::Result<Policy> {
    let policy = Policy {
        margin: args.margin.share(),
        allowance: args.allowance.share(),
        alpha: args.alpha.share(),
        gated: args.gate.clone(),
    };
    Ok(policy.checked()?)
}

fn compare(args: &CompareArgs, policy: &Policy, printer: &Printer) -> anyhow::Result<Comparison> {
    let comparison = match &args.candidate {
        None => within(args, policy)?,
        Some(candidate) => across(args, candidate, policy, printer)?,
    };
    if comparison.metrics.is_empty() {
        bail!(
            "{} and {} have no completed restore in common: nothing to compare",
            comparison.base,
            comparison.candidate
        );
    }
    Ok(comparison)
}

fn within(args: &CompareArgs, policy: &Policy) -> anyhow::Result<Comparison> {
    let run = Run::open(&args.run)?.by(args.metric)?;
    let (base, candidate) = variants(&run.record, args)?;
    let hosts = run.record.block_hosts();
    let names = (base.as_str(), candidate.as_str());
    Ok(Comparison::over(&run.rows, &hosts, names, args.jobs.as_deref(), policy))
}

fn across(
    args: &CompareArgs,
    candidate: &Path,
    policy: &Policy,
    printer: &Printer,
) -> anyhow::Result<Comparison> {
    let named = |path: &Path| {
        let run = Run::open(path)?.by(args.metric)?;
        anyhow::Ok(run.named(path.display().to_string()))
    };
    let (base, candidate) = (named(&args.run)?, named(candidate)?);
    let variants = args.variants.as_deref().unwrap_or_default();
    let (base_variant, candidate_variant) = match variants {
        [] => (Variant::BASE, Variant::BASE),
        [both] => (both.as_str(), both.as_str()),
        [base, candidate] => (base.as_str(), candidate.as_str()),
        _ => bail!("--variants takes the base's and the candidate's: --variants base,candidate"),
    };
    check_variant(&base, base_variant)?;
    check_variant(&candidate, candidate_variant)?;
    let base = Arm { run: &base, variant: base_variant };
    let candidate = Arm { run: &candidate, variant: candidate_variant };
    refuse(&across::obstacles(&base, &candidate), &args.allow)?;
    let between = match &args.history {
        Some(folder) => Some(between(&base, folder, printer)?),
        None => None,
    };
    Ok(across::compare(&base, &candidate, args.jobs.as_deref(), between, policy))
}

/// What equal runs differ by, from those in a folder.
fn between(base: &Arm<'_>, folder: &Path, printer: &Printer) -> anyhow::Result<Between> {
    let runs = read_runs(folder, printer)?;
    let arms: Vec<Arm<'_>> = runs
        .iter()
        .map(|run| Arm { run, variant: base.variant })
        .filter(|arm| across::obstacles(base, arm).is_empty())
        .collect();
    across::between(&arms).with_context(|| {
        format!(
            "{} has {} runs like {}, and {} are needed to tell what equal runs differ by",
            folder.display(),
            arms.len(),
            base.run.name,
            across::FEWEST_EARLIER_RUNS
        )
    })
}

fn check_variant(run: &Run, variant: &str) -> anyhow::Result<()> {
    let known: Vec<&str> = names(&run.record);
    if known.contains(&variant) {
        return Ok(());
    }
    bail!(
        "{} has no variant {variant:?}, but {}: name one with --variants",
        run.name,
        known.join(", ")
    )
}

/// Refuses what is not alike and was not allowed to differ.
fn refuse(obstacles: &[Obstacle], allowed: &[Likeness]) -> anyhow::Result<()> {
    let standing: Vec<&Obstacle> =
        obstacles.iter().filter(|obstacle| !allowed.contains(&obstacle.likeness)).collect();
    if standing.is_empty() {
        return Ok(());
    }
    let seen: Vec<String> = standing.iter().map(|obstacle| format!("  {obstacle}")).collect();
    let mut flags: Vec<String> = standing.iter().map(|o| o.likeness.to_string()).collect();
    flags.extend(allowed.iter().map(Likeness::to_string));
    bail!(
        "the runs are not of the same kind, so that their difference would not be the \
         candidate's alone:\n{}\nCompare variants within one run instead, or say --allow {} if \
         that is what you want to compare",
        seen.join("\n"),
        flags.join(",")
    )
}

fn names(run: &RunRecord) -> Vec<&str> {
    run.scenario.variants.iter().map(|variant| variant.name.as_str()).collect()
}

/// The two variants to compare.
fn variants(run: &RunRecord, args: &CompareArgs) -> anyhow::Result<(String, String)> {
    let known = names(run);
    let Some(named) = &args.variants else {
        return match known[..] {
            [base, candidate] => Ok((base.to_owned(), candidate.to_owned())),
            [only] => bail!(
                "the run has one variant ({only}): give a second run to compare it with, or sweep a \
                 scenario with a [[variant]]"
            ),
            _ => bail!("the run has the variants {}: name two with --variants", known.join(", ")),
        };
    };
    let [base, candidate] = &named[..] else {
        bail!("--variants takes the base and the candidate: --variants {}", known.join(","));
    };
    for name in named {
        if !known.contains(&name.as_str()) {
            bail!("the run has no variant {name:?}, but {}", known.join(", "));
        }
    }
    Ok((base.clone(), candidate.clone()))
}

fn write_files(args: &CompareArgs, report: &CompareReport) -> anyhow::Result<()> {
    if let Some(path) = &args.markdown {
        write_file(path, markdown::render(&report.document()))?;
    }
    if let Some(path) = &args.json {
        write_file(path, report.json()?)?;
    }
    if let Some(path) = &args.junit {
        write_file(path, junit::render(report)?)?;
    }
    Ok(())
}
