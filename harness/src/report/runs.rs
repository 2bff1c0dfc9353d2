//! Run folders as a list.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::format;
use super::tune::TuneReport;
use crate::analysis::{RunFacts, Tables, curves};
use crate::document::{Answer, Document, Table};
use crate::recommend::{CurveStudy, Verdict};
use crate::record::{Ending, FolderError, Outcome, Run, RunRecord};
use crate::study::Study;

/// Curves are told apart up to so many different verdicts.
const TOLD: usize = 2;

/// Runs, the oldest first, and folders that cannot be read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Runs {
    pub folder: String,
    pub runs: Vec<RunSummary>,
    pub damaged: Vec<DamagedRun>,
}

/// What tells a run from others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// Name of its folder.
    pub name: String,
    pub scenario: String,
    pub created_at: String,
    pub jobtune_version: String,
    /// The machine in words.
    pub host: String,
    /// Versions of the servers, each once.
    pub server_versions: Vec<String>,
    /// Trials with a row.
    pub trials: usize,
    pub trials_completed: usize,
    /// As many as its least number of blocks has; `null` where the trials are chosen as
    /// they go.
    pub trials_least: Option<usize>,
    /// As many as it may have.
    pub trials_most: usize,
    /// Why it ended; `null` while it can be resumed.
    pub ending: Option<Ending>,
    /// The -j that it speaks for, in a phrase.
    pub verdict: String,
}

/// A folder that looks like a run and cannot be read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DamagedRun {
    pub name: String,
    pub error: String,
}

impl Runs {
    pub fn new(folder: String, mut runs: Vec<RunSummary>, damaged: Vec<DamagedRun>) -> Self {
        runs.sort_by(|a, b| (&a.created_at, &a.name).cmp(&(&b.created_at, &b.name)));
        Self { folder, runs, damaged }
    }
}

impl RunSummary {
    /// Reads what decides a verdict, and no more: tables of many runs take long to read.
    pub fn of(run: &Run) -> Result<Self, FolderError> {
        let record = &run.record;
        let versions: BTreeSet<&str> =
            record.servers.values().map(|server| short(&server.version)).collect();
        let (trials_least, trials_most) = designed(record);
        Ok(Self {
            name: run.name.clone(),
            scenario: record.scenario.name.clone(),
            created_at: record.created_at.clone(),
            jobtune_version: record.jobtune_version.clone(),
            host: format!("{} x {}", record.host.cores, record.host.cpu_model),
            server_versions: versions.into_iter().map(str::to_owned).collect(),
            trials: run.rows.len(),
            trials_completed: run
                .rows
                .iter()
                .filter(|row| row.outcome == Outcome::Completed)
                .count(),
            trials_least,
            trials_most,
            ending: record.ended,
            verdict: verdict(run)?,
        })
    }

    fn progress(&self) -> String {
        let (done, most) = (self.trials, self.trials_most);
        match self.trials_least {
            _ if self.ending.is_some() => done.to_string(),
            Some(least) if least < most => format!("{done} of {least} to {most}"),
            _ => format!("{done} of {most}"),
        }
    }

    fn ended(&self) -> &'static str {
        match self.ending {
            None => "to be resumed",
            Some(Ending::Precision) => "precision",
            Some(Ending::Decided) => "decided",
            Some(Ending::Budget) => "budget",
            Some(Ending::MaxBlocks) => "max blocks",
            Some(Ending::MaxTrials) => "max trials",
            Some(Ending::Noise) => "too noisy",
            Some(Ending::Failures) => "failures",
        }
    }
}

/// The version without what a distribution adds in brackets.
fn short(version: &str) -> &str {
    version.split(" (").next().unwrap_or(version)
}

/// How many trials the design has at least and at most.
fn designed(record: &RunRecord) -> (Option<usize>, usize) {
    if let Some(adaptive) = &record.adaptive {
        return (None, adaptive.max_restores as usize);
    }
    let cells = record.design.cells().len();
    let blocks = record.scenario.sweep.blocks;
    (Some(cells * blocks.min as usize), cells * blocks.max as usize)
}

fn verdict(run: &Run) -> Result<String, FolderError> {
    if run.rows.iter().all(|row| row.outcome != Outcome::Completed) {
        return Ok("no trial completed".to_owned());
    }
    if let Some(adaptive) = &run.record.adaptive {
        let answer = TuneReport::of(run, adaptive)?.answer;
        // Its first clause names the -j.
        return Ok(answer.split([':', ';', '.']).next().unwrap_or_default().to_owned());
    }
    let facts = RunFacts::of(&run.record);
    // Limits of a workload are held against its latencies; the other tables decide nothing.
    let mut tables = Tables::default();
    if run.record.scenario.variants.iter().any(|variant| variant.workload.is_some()) {
        for row in &run.rows {
            tables.latencies.insert(row.trial, run.latency(row.trial)?);
        }
    }
    let curves = curves(&run.rows, &tables, &facts.limits);
    let study = Study::judged(String::new(), run.rows.clone(), curves, BTreeMap::new(), facts);
    Ok(phrase(&study.curves))
}

/// What the curves come to: one number if they agree, else the curves of each.
fn phrase(curves: &[CurveStudy]) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for curve in curves {
        let said = match &curve.verdict {
            Verdict::Recommend { jobs, .. } => format!("-j {jobs}"),
            Verdict::Inconclusive { .. } => "inconclusive".to_owned(),
        };
        match groups.iter_mut().find(|(of, _)| *of == said) {
            Some((_, titles)) => titles.push(&curve.title),
            None => groups.push((said, vec![&curve.title])),
        }
    }
    if let [(said, _)] = &groups[..] {
        return said.clone();
    }
    let name = |(said, titles): &(String, Vec<&str>)| match &titles[..] {
        [title] => format!("{said} ({title})"),
        titles => format!("{said} ({} curves)", titles.len()),
    };
    let mut told: Vec<String> = groups.iter().take(TOLD).map(name).collect();
    if groups.len() > TOLD {
        told.push(format!("{} more", groups.len() - TOLD));
    }
    told.join(", ")
}

impl Answer for Runs {
    fn document(&self) -> Document {
        let mut document = Document::of(answer(self));
        let table = Table::of(&self.runs)
            .text("run", |run| run.name.clone())
            .text("made", |run| format::minute(&run.created_at))
            .text("host", |run| run.host.clone())
            .dispensable(2)
            .text("PostgreSQL", |run| run.server_versions.join(", "))
            .dispensable(1)
            .text("jobtune", |run| run.jobtune_version.clone())
            .dispensable(3)
            .number("trials", |run| run.progress())
            .text("ended by", |run| run.ended().to_owned())
            .text("answer", |run| run.verdict.clone());
        document.table(table).section(
            "Cannot be read",
            self.damaged.iter().map(|of| format!("{}: {}", of.name, of.error)).collect(),
        );
        document
    }
}

fn answer(runs: &Runs) -> String {
    let count = match runs.runs.len() {
        1 => "1 run".to_owned(),
        count => format!("{count} runs"),
    };
    let open = runs.runs.iter().filter(|run| run.ending.is_none()).count();
    let open = match open {
        0 => String::new(),
        open => format!(", {open} of them to be resumed"),
    };
    let damaged = match runs.damaged.len() {
        0 => String::new(),
        1 => "; one folder cannot be read".to_owned(),
        count => format!("; {count} folders cannot be read"),
    };
    format!("{count} in {}{open}{damaged}.", runs.folder)
}
