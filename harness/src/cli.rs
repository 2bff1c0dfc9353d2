//! The command line as clap sees it. What the arguments come to is decided in
//! `commands`.

mod about;
mod answers;
mod format;
mod measure;
mod restore;
mod restore_options;
mod setup;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use about::command;
pub use answers::{
    By, ClaimsArgs, CompareArgs, HistoryArgs, InspectArgs, RecommendArgs, ReportArgs, VerifyArgs,
};
pub use format::OutputFormat;
pub use measure::{
    ErrorArgs, HookArgs, HostArgs, MergeArgs, NoiseArgs, ServerArgs, StateArgs, SweepArgs, TuneArgs,
};
pub use restore::{ControlArgs, ControlRequest, EventFormat, JobCount, KeepArgs, RestoreArgs, Way};
pub use restore_options::PgRestoreOptions;
pub use setup::{CompletionsArgs, ExportArgs, ExportForm, InitArgs, ManArgs, RunsArgs};

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
