//! Arguments of the commands that answer: from runs, archives and databases.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use restore_core::units::Jobs;

use super::OutputFormat;
use crate::gate::GatedMetric;
use crate::gate::across::Likeness;
use crate::record::Metric;
use crate::scenario::quantity::Percent;

/// What a run is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The hosts of a merged run, those of one label together; with what a
    /// restore costs there, if prices were given.
    Host,
}

/// Arguments of `jobtune recommend`.
#[derive(Debug, Args)]
pub struct RecommendArgs {
    /// The run folder.
    pub run: PathBuf,
    /// The time that restores are judged by.
    #[arg(long, value_enum, default_value = "restore")]
    pub metric: Metric,
    /// Answer for each part of the run alone.
    #[arg(long, value_enum)]
    pub by: Option<By>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
}

/// Arguments of `jobtune inspect`.
///
/// Reads a custom, directory or tar archive by itself: no server, no
/// PostgreSQL programs. Options of `pg_restore` behind -- select what of the
/// archive is inspected or listed: `jobtune inspect shop.dump -- -L list -n sales`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The archive.
    pub archive: PathBuf,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
    /// List the items as `pg_restore -l` of the archive's version does, and
    /// nothing else.
    #[arg(long, conflicts_with_all = ["format", "jobs", "run", "pg_restore"])]
    pub list: bool,
    /// Values of -j to foretell [default: 1 to 64 in steps].
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub jobs: Option<Vec<Jobs>>,
    /// A run folder that restored this archive: its item times stand in for
    /// what would be guessed from sizes.
    #[arg(long, value_name = "DIR")]
    pub run: Option<PathBuf>,
    /// Plan as `pg_restore` of this major version does [default: that of the
    /// `pg_dump` that made the archive].
    #[arg(long, value_name = "MAJOR", value_parser = clap::value_parser!(u32).range(8..))]
    pub pg_restore: Option<u32>,
    /// Options of `pg_restore` that select items, as it takes them.
    #[arg(last = true, value_name = "OPTIONS OF PG_RESTORE")]
    pub restore_options: Vec<String>,
}

/// Arguments of `jobtune claims`.
///
/// Each rule is judged by every run and curve that can decide it: it holds
/// here, it does not hold here, or these data cannot decide it.
#[derive(Debug, Args)]
pub struct ClaimsArgs {
    /// Run folders.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
}

/// Arguments of `jobtune compare`.
///
/// Compares two variants of one run, which is the strong form: their trials
/// are paired within blocks, so that drift of the machine cancels. Or compares
/// two runs, which must be of the same kind.
///
/// Exit status: 0 pass, 1 regression, 3 inconclusive, 2 error.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The run folder; with a second one, that of the base.
    pub run: PathBuf,
    /// The run folder of the candidate.
    pub candidate: Option<PathBuf>,
    /// Variants to compare, the base first [default: the run's two; of two
    /// runs, the variant `base` of each].
    #[arg(long, value_name = "BASE,CANDIDATE", value_delimiter = ',', num_args = 1)]
    pub variants: Option<Vec<String>>,
    /// Compare two runs although they differ in this.
    #[arg(
        long,
        value_enum,
        value_name = "WHAT,...",
        value_delimiter = ',',
        requires = "candidate"
    )]
    pub allow: Vec<Likeness>,
    /// Folder of earlier runs of the same kind: how much equal runs differ is
    /// taken from them.
    #[arg(long, value_name = "DIR", requires = "candidate")]
    pub history: Option<PathBuf>,
    /// Compare these -j alone.
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub jobs: Option<Vec<Jobs>>,
    /// The time that restores are judged by.
    #[arg(long, value_enum, default_value = "restore")]
    pub metric: Metric,
    /// A regression is more than this much slower.
    #[arg(long, value_name = "PERCENT", default_value = "3%")]
    pub margin: Percent,
    /// A pass is less than this much slower.
    #[arg(long, value_name = "PERCENT", default_value = "10%")]
    pub allowance: Percent,
    /// How often a test may err.
    #[arg(long, value_name = "PERCENT", default_value = "5%")]
    pub alpha: Percent,
    /// What can fail the build; the rest informs.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "curve,best,wal")]
    pub gate: Vec<GatedMetric>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
    /// Write Markdown to this file as well.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write JSON to this file as well.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write JUnit XML to this file as well.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Print GitHub's workflow commands on standard error, for annotations.
    #[arg(long)]
    pub annotations: bool,
}

/// Arguments of `jobtune history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The folder that holds the run folders.
    pub folder: PathBuf,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
}

/// Arguments of `jobtune report`.
///
/// Writes `index.html` (one file that needs no network), `report.md`,
/// `report.json` with every number of both, and `plots/` with each picture as
/// SVG and PNG.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The run folders; several are shown side by side.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Where the files go [default: `report` in the run folder, or here for
    /// several runs].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The time that restores are judged by.
    #[arg(long, value_enum, default_value = "restore")]
    pub metric: Metric,
    /// Folder with templates of a house style, which replace those of the
    /// same name: page.html, run.html, page.css, page.js, article.md.
    #[arg(long, value_name = "DIR")]
    pub template: Option<PathBuf>,
}

/// Arguments of `jobtune verify`.
///
/// Compares definitions as `pg_dump` prints them, the rows of each table by a
/// hash that does not depend on their order, sequences, large objects, owners,
/// grants, and which indexes are valid. Reads only. Exits 0 where all is equal,
/// 1 where something differs.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// An archive, if there is a file or folder of this name, or else a
    /// database: a connection string, a URI or a name.
    #[arg(value_name = "ARCHIVE|CONNINFO")]
    pub left: String,
    /// What it is compared with.
    #[arg(value_name = "ARCHIVE|CONNINFO")]
    pub right: String,
    /// Connections, or threads for an archive, that read rows of each side.
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<Jobs>,
    /// Do not compare who owns what.
    #[arg(long, short = 'O')]
    pub no_owner: bool,
    /// Do not compare grants and default privileges.
    #[arg(long, short = 'x')]
    pub no_privileges: bool,
    /// The folder of PostgreSQL's programs [default: the newest found].
    #[arg(long, value_name = "DIR")]
    pub bindir: Option<PathBuf>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
}
