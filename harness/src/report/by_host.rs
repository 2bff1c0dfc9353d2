//! What `recommend --by host` says: an answer for each kind of host, with what a
//! restore costs there.

use restore_core::units::Jobs;
use serde::Serialize;

use super::format;
use super::phrases::counted;
use super::recommendation::Report;
use crate::document::{Answer, Document, Table};
use crate::recommend::{CurveStudy, Warning};
use crate::record::{FolderError, PartOfHosts, Run};
use crate::stats::estimate::{Estimate, digits};
use crate::study::Study;

pub const SCHEMA: u32 = 1;

/// The answers for the hosts of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByHost {
    pub schema: u32,
    pub by: &'static str,
    pub answer: String,
    /// By label.
    pub hosts: Vec<OfHosts>,
}

/// The answer for hosts of one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfHosts {
    /// The label, or the name of a host without one.
    pub label: String,
    /// How many hosts they are.
    pub host_count: usize,
    pub blocks: u32,
    /// In the currency of whoever gave it.
    pub price_per_hour: Option<f64>,
    /// The best of each curve.
    pub best: Vec<BestThere>,
    /// All that `recommend` says of these blocks.
    pub recommendation: Report,
}

/// A curve at its best number of jobs on some hosts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BestThere {
    /// The curve's name in sentences.
    pub title: String,
    /// The recommended number of jobs, or else the fastest measured one.
    pub jobs: Jobs,
    /// Whether that number is recommended.
    pub recommended: bool,
    pub time_seconds: Estimate,
    /// What a restore costs there, in the currency of the price.
    pub cost_per_restore: Option<Estimate>,
}

impl ByHost {
    pub fn of(run: &Run) -> Result<Self, FolderError> {
        let hosts = run.by_host().iter().map(OfHosts::of).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { schema: SCHEMA, by: "host", answer: answer(&hosts), hosts })
    }
}

impl OfHosts {
    fn of(part: &PartOfHosts) -> Result<Self, FolderError> {
        let report = Report::new(Study::of(&part.run)?);
        let best = |curve: &CurveStudy| BestThere::of(curve, part.price_per_hour);
        Ok(Self {
            label: part.title.clone(),
            host_count: part.hosts,
            blocks: report.study.measured.overview.blocks,
            price_per_hour: part.price_per_hour,
            best: report.study.curves.iter().filter_map(best).collect(),
            recommendation: report,
        })
    }

    /// The least of what its curves come to.
    fn least(&self, of: impl Fn(&BestThere) -> Option<f64>) -> Option<(&Self, &BestThere, f64)> {
        let seen = self.best.iter().filter_map(|best| Some((self, best, of(best)?)));
        seen.min_by(|(.., a), (.., b)| a.total_cmp(b))
    }
}

impl BestThere {
    fn of(curve: &CurveStudy, price_per_hour: Option<f64>) -> Option<Self> {
        let cell = curve.best_cell()?;
        let time_seconds = cell.time_seconds?;
        let cost = |price: f64| {
            let cost = |seconds: f64| digits(seconds / 3600.0 * price);
            Estimate {
                value: cost(time_seconds.value),
                low: time_seconds.low.map(cost),
                high: time_seconds.high.map(cost),
            }
        };
        Some(Self {
            title: curve.title.clone(),
            jobs: cell.jobs,
            recommended: curve.verdict.recommended() == Some(cell.jobs),
            time_seconds,
            cost_per_restore: price_per_hour.map(cost),
        })
    }
}

/// Which hosts are the fastest and which the cheapest; of one label, what is
/// recommended there.
fn answer(hosts: &[OfHosts]) -> String {
    if let [only] = hosts {
        return only.recommendation.answer.clone();
    }
    let least = |of: fn(&BestThere) -> Option<f64>| {
        let seen = hosts.iter().filter_map(|hosts| hosts.least(of));
        seen.min_by(|(.., a), (.., b)| a.total_cmp(b))
    };
    let fastest = least(|best| Some(best.time_seconds.value));
    let cheapest = least(|best| Some(best.cost_per_restore?.value));
    let Some((host, best, seconds)) = fastest else {
        return "No answer: no trial completed.".to_owned();
    };
    let at = |best: &BestThere| {
        let doubt = if best.recommended { "" } else { ", which is not settled" };
        format!("-j {}{doubt}", best.jobs)
    };
    let mut sentences = vec![format!(
        "Restores are fastest on {}: {} with {}.",
        host.label,
        format::time(seconds),
        at(best)
    )];
    if let Some((host, best, cost)) = cheapest {
        sentences.push(format!(
            "They are cheapest on {}: {} for one with {}.",
            host.label,
            money(cost),
            at(best)
        ));
        if hosts.iter().any(|hosts| hosts.price_per_hour.is_none()) {
            sentences.push("Hosts without a price are left out of that.".to_owned());
        }
    }
    sentences.join(" ")
}

/// Prices of restores are small: three digits that count.
fn money(cost: f64) -> String {
    if cost == 0.0 {
        return "0".to_owned();
    }
    let decimals = (2.0 - cost.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{cost:.decimals$}")
}

impl Answer for ByHost {
    fn document(&self) -> Document {
        let mut document = Document::of(&self.answer);
        document.table(table(&self.hosts));
        for hosts in &self.hosts {
            let Report { answer, study, .. } = &hosts.recommendation;
            let count = match hosts.host_count {
                1 => String::new(),
                count => format!(", {}", counted(count as u32, "host")),
            };
            document
                .heading(format!("{}{count}", hosts.label))
                .paragraph(answer)
                .list(study.warnings.iter().map(Warning::to_string).collect());
        }
        document
    }
}

fn table(hosts: &[OfHosts]) -> Table<(&OfHosts, &BestThere)> {
    let rows = hosts.iter().flat_map(|of| of.best.iter().map(move |best| (of, best)));
    let interval = "95 % interval";
    let dash = || "-".to_owned();
    Table::of(rows)
        .text("host", |(of, _)| of.label.clone())
        .number("hosts", |(of, _)| of.host_count.to_string())
        .number("blocks", |(of, _)| of.blocks.to_string())
        .text("", |(_, best)| best.title.clone())
        .number("-j", |(_, best)| best.jobs.to_string())
        .text("", |(_, best)| if best.recommended { "*" } else { "?" }.to_owned())
        .number("time", |(_, best)| format::time(best.time_seconds.value))
        .number(interval, |(_, best)| format::time_interval(&best.time_seconds).unwrap_or_default())
        .dispensable(1)
        .number("price per hour", move |(of, _)| of.price_per_hour.map_or_else(dash, money))
        .dispensable(2)
        .number("per restore", move |(_, best)| {
            best.cost_per_restore.map_or_else(dash, |cost| money(cost.value))
        })
        .note("* recommended   ? the fastest, not settled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_three_digits_that_count() {
        for (cost, shown) in [
            (0.0, "0"),
            (0.001_234_5, "0.00123"),
            (0.58, "0.580"),
            (12.344, "12.3"),
            (4321.0, "4321"),
        ] {
            assert_eq!(money(cost), shown);
        }
    }
}
