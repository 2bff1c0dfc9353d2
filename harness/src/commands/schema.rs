//! `jobtune schema`: what editors need to complete and check scenarios.

use super::Status;
use crate::printer::Printer;
use crate::scenario::json_schema;

pub(super) fn run(printer: &Printer) -> anyhow::Result<Status> {
    printer.answer(&serde_json::to_string_pretty(&json_schema())?);
    Ok(Status::Done)
}
