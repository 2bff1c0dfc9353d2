//! The command line as clap sees it. What the arguments come to is decided in
//! `commands`.

mod about;
mod restore;
mod restore_options;
mod setup;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use restore_core::format::Format;
use restore_core::options::{OptionError, RestoreOptions};
use restore_core::units::Jobs;

pub use about::command;
pub use restore::{ControlArgs, ControlRequest, EventFormat, JobCount, KeepArgs, RestoreArgs, Way};
pub use restore_options::PgRestoreOptions;
pub use setup::{CompletionsArgs, ExportArgs, ExportForm, InitArgs, ManArgs, RunsArgs};

use crate::design::ShardChoice;
use crate::gate::GatedMetric;
use crate::gate::across::Likeness;
use crate::merge::Allowance;
use crate::record::Metric;
use crate::scenario::error_policy::Pattern;
use crate::scenario::quantity::{Percent, Price, Scale, Span, WarmUp};
use crate::scenario::{EngineKind, ErrorPolicy, Overrides, ProviderKind, Verification};

/// Measures which -j a parallel PostgreSQL restore should have.
///
/// `jobtune sweep` restores archives into a throw-away server (or one of
/// yours) with several job counts, in random order, several times, and
/// verifies each restore. `jobtune recommend` says which -j the measurements
/// speak for, how sure that is, and why; `jobtune report` publishes it as a
/// page with pictures.
///
/// Exit status: 0 done, 1 regression or errors of a restore, 2 error, 3 inconclusive,
/// 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "jobtune", version, max_term_width = 100)]
pub struct Cli {
    /// Say only what matters on standard error.
    #[arg(long, short, global = true, display_order = 900)]
    pub quiet: bool,
    /// Trace programs, statements, decisions and written files on standard
    /// error; `JOBTUNE_LOG` filters it.
    #[arg(long, short, global = true, display_order = 900)]
    pub verbose: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure restores over the axes of a scenario.
    Sweep(Box<SweepArgs>),
    /// Make one run of shards that were swept on several hosts.
    Merge(MergeArgs),
    /// Write a scenario for an archive, from what it holds.
    Init(InitArgs),
    /// Say which -j a run speaks for, how sure, and why.
    Recommend(RecommendArgs),
    /// Restore an archive into a database, faster than `pg_restore` where that
    /// is possible, and resumable.
    Restore(Box<RestoreArgs>),
    /// Ask a restore that runs: how far it is, fewer workers, a pause.
    Control(ControlArgs),
    /// Say whether two databases, or a database and an archive, hold the same.
    Verify(VerifyArgs),
    /// Tell what an archive holds, and what to expect of -j, without restoring
    /// it.
    Inspect(InspectArgs),
    /// Say whether a candidate restores slower than a base: a gate for CI.
    Compare(Box<CompareArgs>),
    /// Measure the same thing twice: what can this machine detect?
    Noise(Box<NoiseArgs>),
    /// Find -j for one archive with few restores.
    Tune(Box<TuneArgs>),
    /// Say when the times of cells changed over many runs.
    History(HistoryArgs),
    /// Say which rules of thumb hold in recorded runs.
    Claims(ClaimsArgs),
    /// List run folders: what each ran on, how far it is and what it says.
    Runs(RunsArgs),
    /// Publish runs: a page, a Markdown article, pictures and JSON.
    Report(ReportArgs),
    /// Write runs in the forms that other programs read: CSV, metrics.
    Export(ExportArgs),
    /// Show what was found on this machine, and what is missing.
    Doctor(DoctorArgs),
    /// Remove what interrupted or killed runs left behind.
    Clean(CleanArgs),
    /// Print what a shell needs to complete command lines of jobtune.
    Completions(CompletionsArgs),
    /// Write the manual pages into a folder.
    Man(ManArgs),
    /// Print the JSON schema of scenarios, for editors.
    Schema,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Tables for a terminal.
    Text,
    /// Markdown.
    Markdown,
    /// JSON.
    Json,
}

/// Arguments of `jobtune sweep`.
///
/// Give a scenario file, or --archive alone for a dump of your own, or
/// --resume to go on with a run.
#[derive(Debug, Clone, Default, Args)]
pub struct SweepArgs {
    /// Scenario files. Several are swept one after the other, each into a run
    /// folder of its own, with one summary.
    #[arg(value_name = "SCENARIO", required_unless_present_any = ["archive", "resume", "like"])]
    pub scenarios: Vec<PathBuf>,
    /// Restore this archive (custom, directory or tar) instead of the
    /// scenario's dataset.
    #[arg(long, value_name = "PATH")]
    pub archive: Option<PathBuf>,
    /// The run folder to make [default: runs/NAME-TIME]; of several scenarios,
    /// the folder in which each makes one by its name.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Go on with the run in this folder.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["jobs", "engines", "formats", "blocks", "seed", "archive", "image", "provider", "scale"]
    )]
    pub resume: Option<PathBuf>,
    /// Sweep what the run in this folder did: its scenario, blocks and seed.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = [
            "scenarios", "archive", "resume", "jobs", "engines", "formats", "blocks", "image",
            "provider", "scale", "before", "after", "database", "errors", "accept_error",
            "verify", "restore_options",
        ]
    )]
    pub like: Option<PathBuf>,
    /// Run a share of the blocks, as 2/8: the second of eight. `auto` asks the
    /// environment of a task of Slurm, GitLab, Grid Engine or AWS Batch, and
    /// `auto/8` that of Kubernetes, which tells no count; see docs/hosts.md.
    #[arg(long, value_name = "INDEX/COUNT", conflicts_with = "resume")]
    pub shard: Option<ShardChoice>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub host: HostArgs,
    /// Values of -j.
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub jobs: Option<Vec<Jobs>>,
    /// Engines that restore: `pg_restore`, `native`.
    #[arg(long, value_name = "ENGINE,...", value_delimiter = ',')]
    pub engines: Option<Vec<EngineKind>>,
    /// Archive formats: custom, directory, tar, plain.
    #[arg(long, value_name = "FORMAT,...", value_delimiter = ',')]
    pub formats: Option<Vec<Format>>,
    /// Exactly this many blocks.
    #[arg(long, value_name = "N")]
    pub blocks: Option<u32>,
    /// How much data to make: small, normal, or a factor.
    #[arg(long, value_name = "SCALE")]
    pub scale: Option<Scale>,
    /// Start no block that would end after this time: 90s, 30m, 2h.
    #[arg(long, value_name = "TIME")]
    pub budget: Option<Span>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub hooks: HookArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub server: ServerArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub errors: ErrorArgs,
    /// What of each restored database is held against its archive: how many
    /// `rows` each table has, or `hashes` of all that they hold [default: rows].
    #[arg(long, value_name = "WHAT", conflicts_with = "resume")]
    pub verify: Option<Verification>,
    /// Seed of the random order [default: drawn].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Print the design, and what it will take, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub state: StateArgs,
    /// `pg_restore`'s own options, for every variant: `-- --no-comments -t orders`.
    #[arg(last = true, value_name = "PG_RESTORE OPTION", conflicts_with = "resume")]
    pub restore_options: Vec<String>,
}

impl SweepArgs {
    /// The scenario file, if there is just one.
    pub fn scenario(&self) -> Option<&Path> {
        match &self.scenarios[..] {
            [scenario] => Some(scenario),
            _ => None,
        }
    }

    /// The same for one of its scenarios.
    #[must_use]
    pub fn of(&self, scenario: &Path) -> Self {
        Self { scenarios: vec![scenario.to_owned()], ..self.clone() }
    }

    /// What is said over the scenario's head.
    pub fn overrides(&self) -> Result<Overrides, OptionError> {
        let mut options = RestoreOptions::default();
        options.read_words(&self.restore_options)?;
        Ok(Overrides {
            jobs: self.jobs.clone(),
            engines: self.engines.clone(),
            formats: self.formats.clone(),
            blocks: self.blocks,
            budget: self.budget,
            provider: self.server.provider,
            seed: self.seed,
            bindir: self.server.bindir.clone(),
            data_dir: self.server.data_dir.clone(),
            image: self.server.image.clone(),
            conninfo: self.server.conninfo.is_some(),
            archive: self.archive.clone(),
            scale: self.scale,
            errors: self.errors.policy(),
            verify: self.verify,
            options,
            before: self.hooks.before.clone(),
            after: self.hooks.after.clone(),
            database: self.hooks.database.clone(),
        })
    }
}

/// What is done around each restore.
#[derive(Debug, Clone, Default, Args)]
pub struct HookArgs {
    /// Run this SQL script in the fresh database before each restore; may be
    /// given several times.
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub before: Vec<PathBuf>,
    /// Run this SQL script in the database after each restore, before its rows
    /// are counted; may be given several times.
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub after: Vec<PathBuf>,
    /// Give the database of each trial this name, where an extension insists
    /// on one. The server must not have such a database yet.
    #[arg(long, value_name = "NAME", conflicts_with = "resume")]
    pub database: Option<String>,
}

/// By what this host is known in answers about several.
#[derive(Debug, Clone, Default, Args)]
pub struct HostArgs {
    /// What to call this host, or its kind: `recommend --by host` answers for
    /// those of one label together.
    #[arg(long, value_name = "LABEL", env = "JOBTUNE_HOST_LABEL")]
    pub host_label: Option<String>,
    /// What this host costs in an hour, in any currency: answers tell what a
    /// restore costs.
    #[arg(long, value_name = "PRICE")]
    pub price_per_hour: Option<Price>,
}

/// The server that trials are run on, and where its files are.
#[derive(Debug, Clone, Default, Args)]
pub struct ServerArgs {
    /// Where the server comes from.
    #[arg(long, value_enum)]
    pub provider: Option<ProviderKind>,
    /// The docker provider's image.
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    /// Connection string of the external provider's server, as psql takes it.
    /// It shows in process lists: keep passwords in a password file.
    #[arg(long, value_name = "CONNINFO")]
    pub conninfo: Option<String>,
    /// Folder of the PostgreSQL programs.
    #[arg(long, value_name = "DIR")]
    pub bindir: Option<PathBuf>,
    /// Folder in which a local cluster is made: the disk under test.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Folder in which archives are kept between runs.
    #[arg(long, value_name = "DIR", env = "JOBTUNE_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,
}

/// Which errors of a restore are accepted.
#[derive(Debug, Clone, Default, Args)]
pub struct ErrorArgs {
    /// Errors that a restore may report and still count: `harmless` ones (docs/errors.md),
    /// the `same` as the warm-up restore item by item, or `none` [default: harmless].
    #[arg(long, value_name = "WHICH", value_parser = ["harmless", "same", "none"])]
    pub errors: Option<String>,
    /// Accept errors whose message matches this regular expression, beside harmless ones. May
    /// be repeated.
    #[arg(long, value_name = "REGEX", conflicts_with = "errors")]
    pub accept_error: Vec<Pattern>,
}

impl ErrorArgs {
    /// What is said over the scenario's head.
    pub fn policy(&self) -> Option<ErrorPolicy> {
        if !self.accept_error.is_empty() {
            return Some(ErrorPolicy::Matching(self.accept_error.clone()));
        }
        self.errors.as_deref().and_then(|word| word.parse().ok())
    }
}

/// Where jobtune keeps track of what it has made.
#[derive(Debug, Clone, Default, Args)]
pub struct StateArgs {
    /// Folder in which runs note what they make.
    #[arg(long, value_name = "DIR", env = "JOBTUNE_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
}

/// Arguments of `jobtune merge`.
///
/// The merged run has each designed trial once, as if one host had swept all
/// blocks, and remembers which host had which.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Run folders of shards: `jobtune sweep --shard 1/8`, in any order.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The run folder to make.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Merge although this is so.
    #[arg(long, value_enum, value_name = "WHAT,...", value_delimiter = ',')]
    pub allow: Vec<Allowance>,
}

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

/// Arguments of `jobtune noise`.
///
/// Measures the scenario twice in the same blocks, as if it were a base and a
/// candidate: how much equal restores differ here, which slowdown the gate
/// could detect, and how many blocks it would take.
#[derive(Debug, Args)]
pub struct NoiseArgs {
    /// The scenario file, or the run folder of an earlier `jobtune noise`.
    pub scenario: PathBuf,
    /// The slowdown that you would like to see.
    #[arg(long, value_name = "PERCENT", default_value = "10%")]
    pub effect: Percent,
    /// A regression is more than this much slower.
    #[arg(long, value_name = "PERCENT", default_value = "3%")]
    pub margin: Percent,
    /// A pass is less than this much slower.
    #[arg(long, value_name = "PERCENT", default_value = "10%")]
    pub allowance: Percent,
    /// The run folder to make [default: runs/NAME-TIME].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Values of -j.
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub jobs: Option<Vec<Jobs>>,
    /// Archive formats: custom, directory, tar, plain.
    #[arg(long, value_name = "FORMAT,...", value_delimiter = ',')]
    pub formats: Option<Vec<Format>>,
    /// So many blocks [default: 6].
    #[arg(long, value_name = "N")]
    pub blocks: Option<u32>,
    /// How much data to make: small, normal, or a factor.
    #[arg(long, value_name = "SCALE")]
    pub scale: Option<Scale>,
    /// Start no block that would end after this time: 90s, 30m, 2h.
    #[arg(long, value_name = "TIME")]
    pub budget: Option<Span>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub server: ServerArgs,
    /// Seed of the random order [default: drawn].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Run a share of the blocks, as `jobtune sweep` does.
    #[arg(long, value_name = "INDEX/COUNT")]
    pub shard: Option<ShardChoice>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub host: HostArgs,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub state: StateArgs,
    /// `pg_restore`'s own options: `-- --no-comments -t orders`.
    #[arg(last = true, value_name = "PG_RESTORE OPTION")]
    pub restore_options: Vec<String>,
}

/// Arguments of `jobtune tune`.
///
/// Restores one archive a few times, each time with the -j that promises to
/// tell most for its time, until one is within the tolerance of the best with
/// a probability of 0.95, or the budget is spent. A sweep is surer and takes
/// longer.
#[derive(Debug, Args)]
pub struct TuneArgs {
    /// The archive (custom or directory).
    #[arg(long, value_name = "PATH", required_unless_present = "resume")]
    pub archive: Option<PathBuf>,
    /// The run folder to make [default: runs/NAME-TIME].
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Go on with the run in this folder.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["archive", "jobs", "seed", "image", "provider", "tolerance", "warm_up"]
    )]
    pub resume: Option<PathBuf>,
    /// Choose among these -j [default: up to four times the processors].
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub jobs: Option<Vec<Jobs>>,
    /// How much slower than the best is as good [default: 5%].
    #[arg(long, value_name = "PERCENT")]
    pub tolerance: Option<Percent>,
    /// At most so many restores [default: two more than there are -j to choose
    /// from, where a sweep takes three to ten times as many as there are].
    #[arg(long, value_name = "N")]
    pub max_restores: Option<u32>,
    /// Restore for so long before the first restore that counts, so that it
    /// does not meet cold caches: a time, `whole`, or `off` [default: 1m].
    #[arg(long, value_name = "TIME")]
    pub warm_up: Option<WarmUp>,
    /// Start no restore that would end after this time: 90s, 30m, 2h.
    #[arg(long, value_name = "TIME")]
    pub budget: Option<Span>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub hooks: HookArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub server: ServerArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub errors: ErrorArgs,
    /// Seed of the draws [default: drawn].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub state: StateArgs,
    /// `pg_restore`'s own options: `-- --no-comments -t orders`.
    #[arg(last = true, value_name = "PG_RESTORE OPTION", conflicts_with = "resume")]
    pub restore_options: Vec<String>,
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

/// Arguments of `jobtune doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
    /// Folder in which archives are kept between runs.
    #[arg(long, value_name = "DIR", env = "JOBTUNE_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub state: StateArgs,
}

/// Arguments of `jobtune clean`.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Say what would be removed, and remove nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Take this run off the list and remove nothing: for what no longer
    /// exists, as a server that is gone.
    #[arg(long, value_name = "RUN", conflicts_with = "dry_run")]
    pub forget: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub state: StateArgs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
