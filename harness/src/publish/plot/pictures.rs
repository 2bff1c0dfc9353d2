//! Which pictures there are, with their names and titles.

use super::figure::Figure;
use super::frame::Layout;
use super::scene::Scene;
use super::{
    descriptions, duration, history, latency, load, map, ratio, replay, side_by_side, speedup,
    timeline,
};
use crate::report::article::{Article, HistoryReport, RunArticle};
use crate::report::phrases;

/// The pictures of one run.
#[derive(Debug, Clone)]
pub struct RunFigures {
    /// Time over jobs; `None` where no trial completed.
    pub duration: Option<Figure>,
    pub speedup: Option<Figure>,
    /// Measured times against those that the replay predicts.
    pub replay: Option<Figure>,
    /// Archives of the same rows against each other.
    pub ratio: Option<Figure>,
    /// Every cell against the fastest.
    pub map: Option<Figure>,
    /// What the machine did, by number of jobs.
    pub load: Option<Figure>,
    /// How a workload beside the restores did, by number of jobs.
    pub latency: Option<Figure>,
    /// What the workers did, for each timeline of the run.
    pub timelines: Vec<Figure>,
}

impl RunFigures {
    /// Every picture, in the order of the article.
    pub fn all(&self) -> impl Iterator<Item = &Figure> {
        let single = [
            &self.duration,
            &self.latency,
            &self.ratio,
            &self.speedup,
            &self.replay,
            &self.map,
            &self.load,
        ];
        single.into_iter().flatten().chain(&self.timelines)
    }
}

/// All pictures of an article.
#[derive(Debug, Clone)]
pub struct Pictures {
    /// The runs beside each other; `None` for a single one.
    pub side_by_side: Option<Figure>,
    /// Cells over time; `None` where too few runs share one.
    pub history: Option<Figure>,
    /// Those of each run.
    pub runs: Vec<RunFigures>,
}

impl Pictures {
    /// Draws what there is to see in `article`.
    pub fn of(article: &Article) -> Self {
        let prefix = |run: &RunArticle| match article.runs.as_slice() {
            [_] => String::new(),
            _ => format!("{}-", run.name),
        };
        Self {
            side_by_side: side_by_side(article),
            history: article.history.as_ref().map(over_time),
            runs: article.runs.iter().map(|run| of_run(run, &prefix(run))).collect(),
        }
    }

    /// Every picture, in the order of the article.
    pub fn all(&self) -> impl Iterator<Item = &Figure> {
        let of_all = self.side_by_side.iter().chain(&self.history);
        of_all.chain(self.runs.iter().flat_map(RunFigures::all))
    }
}

fn side_by_side(article: &Article) -> Option<Figure> {
    if article.runs.len() < 2 {
        return None;
    }
    Some(Figure {
        name: "runs".to_owned(),
        title: "The runs side by side, each archive at its best number of jobs".to_owned(),
        description: side_by_side::describe(article),
        wide: side_by_side::draw(article, Layout::Wide)?,
        narrow: side_by_side::draw(article, Layout::Narrow)?,
    })
}

fn over_time(report: &HistoryReport) -> Figure {
    Figure {
        name: "history".to_owned(),
        title: "The runs over time".to_owned(),
        description: history::describe(report),
        wide: history::draw(report, Layout::Wide),
        narrow: history::draw(report, Layout::Narrow),
    }
}

fn of_run(run: &RunArticle, prefix: &str) -> RunFigures {
    let figure = |name: &str, title: &str, description: String, draw: Draw<'_>| {
        Some(Figure {
            name: format!("{prefix}{name}"),
            title: title.to_owned(),
            description,
            wide: draw(Layout::Wide)?,
            narrow: draw(Layout::Narrow)?,
        })
    };
    let noun = phrases::noun(run.report.study.facts().phase);
    RunFigures {
        duration: figure(
            "duration",
            &format!("How long a {noun} takes, by number of jobs"),
            descriptions::durations(run),
            &|layout| duration::draw(run, layout),
        ),
        speedup: figure(
            "speedup",
            "How much faster than one job",
            descriptions::speedups(run),
            &|layout| speedup::draw(run, layout),
        ),
        replay: figure(
            "replay",
            "Measured, and predicted by replaying the schedule",
            replay::describe(run),
            &|layout| replay::draw(run, layout),
        ),
        latency: figure(
            "latency",
            "What the workload beside the restores felt",
            latency::describe(run),
            &|layout| latency::draw(run, layout),
        ),
        ratio: figure(
            "ratio",
            "Archive formats against each other",
            descriptions::ratios(run),
            &|layout| ratio::draw(run, layout),
        ),
        map: figure("map", "Every cell against the fastest", descriptions::map(run), &|layout| {
            map::draw(run, layout)
        }),
        load: figure("load", "What the machine did", descriptions::load(run), &|layout| {
            load::draw(run, layout)
        }),
        timelines: (1..)
            .zip(&run.timelines)
            .filter_map(|(number, timeline)| {
                figure(
                    &format!("timeline-{number}"),
                    &format!("What the workers did: {}, -j {}", timeline.title, timeline.jobs),
                    descriptions::timeline(timeline),
                    &|layout| Some(timeline::draw(timeline, layout)),
                )
            })
            .collect(),
    }
}

type Draw<'a> = &'a dyn Fn(Layout) -> Option<Scene>;
