//! What `recommend` says of a run.
//!
//! In JSON times are seconds, ratios and shares are fractions (0.05 is 5 %), and
//! `null` is "not known". Fields may be added under one schema number; what is
//! removed or changes its meaning raises it.

use serde::Serialize;

use super::{answer, bottleneck, format, phrases, replay, workload};
use crate::document::{Answer, Document, Table};
use crate::recommend::rules::RuleOfThumb;
use crate::recommend::{CellStudy, CurveStudy, Mark};
use crate::stats::estimate::Estimate;
use crate::study::{Measured, Study};

pub const SCHEMA: u32 = 1;

/// A study with its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub schema: u32,
    pub answer: String,
    #[serde(flatten)]
    pub study: Study,
}

impl Report {
    pub fn new(study: Study) -> Self {
        Self { schema: SCHEMA, answer: answer::of(&study), study }
    }
}

impl Answer for Report {
    fn document(&self) -> Document {
        let study = &self.study;
        let mut document = Document::of(&self.answer);
        for curve in &study.curves {
            add_curve(&mut document, curve, &study.measured);
        }
        document
            .section("Between curves", study.best.iter().flat_map(phrases::best).collect())
            .section(
                "Beside the workload",
                workload::phrases(&study.workload, &study.idle_and_busy),
            )
            .section(
                "Errors of the restores",
                study.errors.iter().map(ToString::to_string).collect(),
            )
            .section("Warnings", study.warnings.iter().map(ToString::to_string).collect())
            .section("How it was measured", phrases::measured(&study.measured));
        document
    }
}

fn add_curve(document: &mut Document, curve: &CurveStudy, measured: &Measured) {
    let size = curve.archive_bytes.map(|bytes| format!(", archive of {bytes}")).unwrap_or_default();
    document
        .heading(format!("{}{size}", curve.title))
        .paragraph(phrases::verdict(curve, measured))
        .table(cells(curve))
        .list(bottleneck::lines(curve));
    if curve.says_what_rules_cost() {
        document.table(rules(curve));
    }
    if let Some(replay) = &curve.replay {
        document.paragraph(replay::sentences(replay).join(" ")).table(replay::predictions(replay));
    }
}

fn cells(curve: &CurveStudy) -> Table<&CellStudy> {
    let interval = "95 % interval";
    let ratio = |estimate: &Option<Estimate>| {
        estimate.map_or_else(String::new, |estimate| format::ratio(estimate.value))
    };
    let bounds = |estimate: &Option<Estimate>| {
        estimate.as_ref().and_then(format::ratio_interval).unwrap_or_default()
    };
    let table = Table::of(&curve.cells)
        .number("-j", |cell| cell.jobs.to_string())
        .number("n", |cell| cell.n.to_string())
        .dispensable(3)
        .number("time", |cell| cell.time_seconds.map_or("-".into(), |of| format::time(of.value)))
        .number(interval, |cell| {
            cell.time_seconds.as_ref().and_then(format::time_interval).unwrap_or_default()
        })
        .dispensable(1)
        .number("speed-up", |cell| ratio(&cell.speedup))
        .dispensable(2)
        .number(interval, |cell| bounds(&cell.speedup))
        .dispensable(4)
        .number("to fastest", |cell| ratio(&cell.to_fastest))
        .number(interval, |cell| bounds(&cell.to_fastest))
        .dispensable(1)
        .text("", |cell| cell.marks.iter().map(|&mark| phrases::sign(mark)).collect())
        .strong(|cell| cell.marks.contains(&Mark::Recommended));
    match phrases::legend(curve) {
        Some(legend) => table.note(legend),
        None => table,
    }
}

fn rules(curve: &CurveStudy) -> Table<&RuleOfThumb> {
    Table::of(&curve.rules)
        .text("rule of thumb", |rule| phrases::advice(rule))
        .number("-j", |rule| rule.jobs.to_string())
        .text("against the fastest", |rule| phrases::against_fastest(rule, curve))
}
