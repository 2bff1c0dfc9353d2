//! One file per subcommand.

mod claims;
mod clean;
mod compare;
mod completions;
mod control;
mod doctor;
mod export;
mod history;
mod init;
mod inspect;
mod man;
mod measured;
mod merge;
mod noise;
mod recommend;
mod report;
mod restore;
mod runs;
mod schema;
mod sweep;
mod tune;
mod verify;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::{Cli, Command, OutputFormat};
use crate::document::{Answer, Document, Style, markdown, terminal};
use crate::printer::Printer;
use crate::record::{Outcome, RunFolder};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Done.
    Done,
    /// A regression was found.
    Regression,
    /// Some items of a restore failed, or all of it did.
    RestoreErrors,
    /// Two sides do not hold the same.
    Different,
    /// Nothing was shown, neither a regression nor its absence.
    Inconclusive,
    /// Some of what was asked for cannot be done on this machine.
    Skipped,
    /// Nothing was measured: no trial completed.
    Failed,
    /// Interrupted; what can be resumed, can be resumed.
    Interrupted,
}

impl Status {
    /// As the shell sees it.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Regression | Self::RestoreErrors | Self::Different => 1,
            Self::Failed => 2,
            Self::Inconclusive | Self::Skipped => 3,
            Self::Interrupted => 130,
        }
    }
}

/// Does what the command line says.
pub async fn run(cli: Cli, printer: &Printer) -> anyhow::Result<Status> {
    match cli.command {
        Command::Sweep(args) => Box::pin(sweep::run(*args, printer)).await,
        Command::Merge(args) => merge::run(&args, printer),
        Command::Compare(args) => compare::run(&args, printer),
        Command::History(args) => history::run(&args, printer),
        Command::Noise(args) => Box::pin(noise::run(*args, printer)).await,
        Command::Tune(args) => Box::pin(tune::run(*args, printer)).await,
        Command::Restore(args) => Box::pin(restore::run(&args, printer)).await,
        Command::Control(args) => control::run(&args, printer).await,
        Command::Recommend(args) => recommend::run(&args, printer),
        Command::Verify(args) => Box::pin(verify::run(&args, printer)).await,
        Command::Init(args) => init::run(&args, printer),
        Command::Inspect(args) => inspect::run(&args, printer),
        Command::Claims(args) => claims::run(&args, printer),
        Command::Report(args) => report::run(&args, printer),
        Command::Doctor(args) => doctor::run(&args, printer).await,
        Command::Clean(args) => clean::run(&args, printer).await,
        Command::Completions(args) => Ok(completions::run(&args, printer)),
        Command::Man(args) => man::run(&args, printer),
        Command::Runs(args) => runs::run(&args, printer),
        Command::Export(args) => export::run(&args, printer),
        Command::Schema => schema::run(printer),
    }
}

/// An answer in the format that was asked for.
fn written(
    answer: &impl Answer,
    format: OutputFormat,
    printer: &Printer,
) -> anyhow::Result<String> {
    Ok(match format {
        OutputFormat::Text => terminal::render(&answer.document(), style(printer)),
        OutputFormat::Markdown => markdown::render(&answer.document()),
        OutputFormat::Json => answer.json()?,
    })
}

/// Prints a document that has no other format.
fn print(document: &Document, printer: &Printer) {
    printer.answer(&terminal::render(document, style(printer)));
}

fn style(printer: &Printer) -> Style {
    // The printer removes colours where standard output cannot show them.
    Style { width: printer.width(), color: true }
}

/// Writes a file that was asked for.
fn write_file(path: &Path, bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let bytes = bytes.as_ref();
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    tracing::debug!(path = %path.display(), bytes = bytes.len(), "wrote");
    Ok(())
}

/// How a command ends that answers from the trials of a run: without a single one that
/// completed there is no answer.
fn status_of(folder: &RunFolder) -> anyhow::Result<Status> {
    let rows = folder.trials()?;
    let completed = rows.iter().any(|row| row.outcome == Outcome::Completed);
    Ok(if completed { Status::Done } else { Status::Failed })
}

/// The folder in which runs note what they make.
fn state_folder(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    use etcetera::BaseStrategy;
    if let Some(folder) = named {
        return Ok(folder.to_owned());
    }
    let base = etcetera::choose_base_strategy()
        .context("no home folder to note in what is made: name a folder with --state-dir")?;
    Ok(base.state_dir().unwrap_or_else(|| base.data_dir()).join("jobtune"))
}
