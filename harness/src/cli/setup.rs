//! Arguments of what one needs once: completions, manual pages, scenarios.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use super::OutputFormat;

/// Arguments of `jobtune completions`.
///
/// For this user alone, with bash:
///
/// jobtune completions bash > ~/.local/share/bash-completion/completions/jobtune
///
/// The Debian package installs those of bash, zsh and fish.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Arguments of `jobtune man`.
///
/// Writes jobtune.1 and a page for each command; `man -l FILE` shows one.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder in which the pages are written; it is made if it is missing.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Arguments of `jobtune init`.
///
/// Reads the archive by itself, as `jobtune inspect` does, and writes a scenario
/// with what it found: the -j that are worth trying here, what the archive needs
/// of a server, and what one may wish to change, in comments. `jobtune sweep FILE`
/// takes it as it is.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The archive (custom, directory or tar).
    #[arg(value_name = "ARCHIVE")]
    pub archive: PathBuf,
    /// The scenario to write [default: NAME.toml in this folder, by the name of
    /// the archive].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `jobtune runs`.
///
/// The oldest run comes first. A folder that looks like a run and cannot be read is
/// named below the others.
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// A folder of run folders, or a run folder.
    #[arg(value_name = "DIR", default_value = "runs")]
    pub folder: PathBuf,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
}

/// A form that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// A row for each cell of each run.
    Csv,
    /// A row for each run and a column for each cell: what Apache Otava takes.
    Otava,
    /// Bencher Metric Format, JSON.
    Bencher,
    /// `OpenMetrics` text, for Prometheus and others.
    Openmetrics,
}

/// Arguments of `jobtune export`.
///
/// Times are seconds, or nanoseconds where the form says so; intervals are at 95 %.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Run folders.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The form.
    #[arg(long = "as", value_enum, value_name = "FORM", default_value = "csv")]
    pub form: ExportForm,
}
