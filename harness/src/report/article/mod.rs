//! What `jobtune report` publishes of one or more runs.
//!
//! The page, the article and the pictures show what is in here and compute
//! nothing; `report.json` is this.

mod history;
mod provenance;

use restore_core::units::Jobs;
use serde::Serialize;

use super::claims::ClaimsReport;
use super::recommendation::Report;
use super::{bottleneck, phrases, replay};
use crate::claims::Judged;
use crate::history::History;
use crate::recommend::CurveStudy;
use crate::recommend::rules::RuleOfThumb;
use crate::record::{FolderError, Run};
use crate::study::Study;
use crate::study::evidence::CurveEvidence;
use crate::study::latency::LatencyByJobs;
use crate::study::load::LoadByJobs;
use crate::study::map::MapRow;
use crate::study::pairs::Pair;
use crate::study::timeline::TrialTimeline;

pub use history::{HistoryCell, HistoryLevel, HistoryPoint, HistoryReport};
pub use provenance::Provenance;

/// The schema of the JSON form; see [`super::recommendation`] for when it is
/// raised.
pub const SCHEMA: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Article {
    pub schema: u32,
    /// Version of the program that wrote it.
    pub jobtune_version: &'static str,
    /// A sentence for each run.
    pub answer: String,
    /// In the order in which they were given.
    pub runs: Vec<RunArticle>,
    pub claims: ClaimsReport,
    /// Cells over time; `None` where too few runs share one.
    pub history: Option<HistoryReport>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunArticle {
    /// One of its kind in the article.
    pub name: String,
    /// What `jobtune recommend` says.
    pub report: Report,
    #[serde(rename = "says")]
    pub sentences: Sentences,
    /// What each curve of the study rests on, in their order.
    pub evidence: Vec<CurveEvidence>,
    /// Archives of the same rows against each other.
    pub pairs: Vec<Pair>,
    /// Every cell against the fastest; empty for a single curve.
    pub map: Vec<MapRow>,
    /// What the machine did, by number of jobs.
    pub load: Vec<LoadByJobs>,
    /// How a workload beside the restores did, by number of jobs; empty where
    /// none ran.
    pub latency: Vec<LatencyByJobs>,
    /// What the workers did in a few trials.
    pub timelines: Vec<TrialTimeline>,
    pub provenance: Provenance,
}

/// A study in sentences. What there is for each curve is in the order of the
/// curves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sentences {
    pub verdicts: Vec<String>,
    /// What limits each curve, where its load was recorded.
    #[serde(rename = "bounds")]
    pub bottlenecks: Vec<Vec<String>>,
    /// What the replay of each curve rests on, and what sets its floor.
    pub replays: Vec<Vec<String>>,
    /// What following the rules of thumb costs.
    pub rules: Vec<Vec<RuleInWords>>,
    /// How the curves do against each other.
    pub between: Vec<String>,
    /// How the numbers came about.
    pub measured: Vec<String>,
}

/// A rule of thumb in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleInWords {
    pub advice: String,
    pub jobs: Jobs,
    pub standing: String,
}

impl Article {
    /// Puts together what is published of `runs`, the claims that they decide,
    /// and their history.
    pub fn new(runs: Vec<RunArticle>, judged: &[Judged], history: &History) -> Self {
        let answer = match runs.as_slice() {
            [run] => run.report.answer.clone(),
            runs => {
                let sentence = |run: &RunArticle| format!("{}: {}", run.name, run.report.answer);
                runs.iter().map(sentence).collect::<Vec<_>>().join(" ")
            }
        };
        Self {
            schema: SCHEMA,
            jobtune_version: env!("CARGO_PKG_VERSION"),
            answer,
            runs,
            claims: ClaimsReport::new(judged),
            history: HistoryReport::of(history),
        }
    }
}

impl RunArticle {
    /// What is published of `run`, whose study it is; `command` is that which
    /// writes the article, without its options.
    pub fn new(study: Study, run: &Run, command: &str) -> Result<Self, FolderError> {
        Ok(Self {
            name: study.name.clone(),
            sentences: Sentences::of(&study),
            evidence: study.evidence(),
            pairs: study.pairs(),
            map: study.map(),
            load: study.load(),
            latency: study.latency(),
            timelines: study.timelines(run)?,
            provenance: Provenance::of(&run.record, command),
            report: Report::new(study),
        })
    }
}

impl Sentences {
    fn of(study: &Study) -> Self {
        let curves = || study.curves.iter();
        Self {
            verdicts: curves().map(|curve| phrases::verdict(curve, &study.measured)).collect(),
            bottlenecks: curves().map(bottleneck::lines).collect(),
            replays: curves()
                .map(|curve| curve.replay.as_ref().map(replay::sentences).unwrap_or_default())
                .collect(),
            rules: curves().map(rules).collect(),
            between: study.best.iter().flat_map(phrases::best).collect(),
            measured: phrases::measured(&study.measured),
        }
    }
}

fn rules(curve: &CurveStudy) -> Vec<RuleInWords> {
    let in_words = |rule: &RuleOfThumb| RuleInWords {
        advice: phrases::advice(rule),
        jobs: rule.jobs,
        standing: phrases::against_fastest(rule, curve),
    };
    let tells = curve.says_what_rules_cost();
    curve.rules.iter().filter(|_| tells).map(in_words).collect()
}
