//! The pictures of an article.
//!
//! A chart draws into a [`scene::Scene`], once for wide and once for narrow
//! screens; [`svg`] and [`png`] make files of it. Charts show the numbers of
//! the article and compute none but places.

mod duration;
mod figure;
mod font;
mod frame;
mod history;
mod labels;
mod latency;
mod load;
mod map;
mod over_jobs;
mod palette;
mod panels;
mod png;
mod ratio;
mod replay;
mod scale;
mod scene;
mod side_by_side;
mod speedup;
mod svg;
mod timeline;

pub use figure::Figure;
pub use frame::Layout;
pub use palette::{Theme, style_sheet};
pub use png::PngError;

use scene::Scene;

use super::article::{Article, HistoryReport, LoadReport, RunArticle, TimelineReport};
use super::model::{CurveReport, Mark};
use super::{format, phrases};

/// The pictures of one run.
#[derive(Debug, Clone)]
pub struct RunFigures {
    /// Time over jobs; `None` where no trial completed.
    pub duration: Option<Figure>,
    /// Speed-up over jobs.
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
    let noun = phrases::noun(run.report.measured.phase);
    RunFigures {
        duration: figure(
            "duration",
            &format!("How long a {noun} takes, by number of jobs"),
            describe_durations(run),
            &|layout| duration::draw(run, layout),
        ),
        speedup: figure(
            "speedup",
            "How much faster than one job",
            describe_speedups(run),
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
            describe_ratios(run),
            &|layout| ratio::draw(run, layout),
        ),
        map: figure("map", "Every cell against the fastest", describe_map(run), &|layout| {
            map::draw(run, layout)
        }),
        load: figure("load", "What the machine did", describe_load(run), &|layout| {
            load::draw(run, layout)
        }),
        timelines: (1..)
            .zip(&run.timelines)
            .filter_map(|(number, timeline)| {
                figure(
                    &format!("timeline-{number}"),
                    &format!("What the workers did: {}, -j {}", timeline.title, timeline.jobs),
                    describe_timeline(timeline),
                    &|layout| Some(timeline::draw(timeline, layout)),
                )
            })
            .collect(),
    }
}

type Draw<'a> = &'a dyn Fn(Layout) -> Option<Scene>;

fn describe_durations(run: &RunArticle) -> String {
    let of_curve = |curve: &CurveReport| {
        let cells = curve.cells.iter().filter_map(|cell| {
            let time = format::time(cell.time_seconds?.value);
            let marked = cell.marks.contains(&Mark::Recommended);
            let recommended = if marked { " (recommended)" } else { "" };
            Some(format!("{time} with -j {}{recommended}", cell.jobs))
        });
        format!("{}: {}.", curve.title, cells.collect::<Vec<_>>().join(", "))
    };
    run.report.curves.iter().map(of_curve).collect::<Vec<_>>().join(" ")
}

fn describe_speedups(run: &RunArticle) -> String {
    let of_curve = |curve: &CurveReport| {
        let cells = curve.cells.iter().filter_map(|cell| {
            Some(format!("{} with -j {}", format::ratio(cell.speedup?.value), cell.jobs))
        });
        format!("{}: {}.", curve.title, cells.collect::<Vec<_>>().join(", "))
    };
    let curves: Vec<String> = run.report.curves.iter().map(of_curve).collect();
    format!("Times as fast as one job. {}", curves.join(" "))
}

fn describe_ratios(run: &RunArticle) -> String {
    let pairs = run.pairs.iter().map(|pair| {
        let cells: Vec<String> = pair
            .cells
            .iter()
            .map(|cell| format!("{} with -j {}", format::ratio(cell.ratio.value), cell.jobs))
            .collect();
        format!("Time of {} over {}: {}.", pair.other_title, pair.base_title, cells.join(", "))
    });
    pairs.collect::<Vec<_>>().join(" ")
}

fn describe_map(run: &RunArticle) -> String {
    let rows = run.map.iter().map(|row| {
        let cells: Vec<String> = row
            .cells
            .iter()
            .filter_map(|cell| {
                Some(format!("{} with -j {}", format::ratio(cell.to_fastest_ratio?), cell.jobs))
            })
            .collect();
        format!("{}: {}.", row.title, cells.join(", "))
    });
    format!("Time over that of the fastest. {}", rows.collect::<Vec<_>>().join(" "))
}

fn describe_timeline(timeline: &TimelineReport) -> String {
    let busy: Vec<String> = timeline
        .lanes
        .iter()
        .map(|lane| format!("{} {}", lane.name, format::percent(lane.busy_ratio)))
        .collect();
    let longest = timeline.longest.first().map(|item| {
        format!(" The longest item is {} {}, {}.", item.kind, item.name, format::time(item.seconds))
    });
    format!(
        "{} items in {}. The end waited for {} of them, one after the other, {} together. Share of \
         the time in which each worked: {}.{}",
        timeline.items,
        format::time(timeline.seconds),
        timeline.chain_items,
        format::time(timeline.chain_seconds),
        busy.join(", "),
        longest.unwrap_or_default()
    )
}

fn describe_load(run: &RunArticle) -> String {
    let of_kind = |report: &LoadReport| {
        let curves = report.curves.iter().map(|curve| {
            let cells: Vec<String> = curve
                .cells
                .iter()
                .map(|cell| format!("{} with -j {}", load::write(report, cell.mean), cell.jobs))
                .collect();
            format!("{}: {}.", curve.title, cells.join(", "))
        });
        format!("{}: {}", report.title, curves.collect::<Vec<_>>().join(" "))
    };
    run.load.iter().map(of_kind).collect::<Vec<_>>().join(" ")
}
