//! `jobtune completions`: what a shell needs to complete a command line.

use super::Status;
use crate::cli::{self, CompletionsArgs};
use crate::printer::Printer;

pub(super) fn run(args: &CompletionsArgs, printer: &Printer) -> Status {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli::command(), "jobtune", &mut script);
    printer.answer_bytes(&script);
    Status::Done
}
