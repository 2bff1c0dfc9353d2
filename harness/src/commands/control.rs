//! `jobtune control`: asks a restore that runs.

use super::Status;
use crate::cli::{ControlArgs, ControlRequest};
use crate::keep::socket::{self, Request};
use crate::printer::Printer;

pub(super) async fn run(args: &ControlArgs, printer: &Printer) -> anyhow::Result<Status> {
    let path = match &args.socket {
        Some(path) => path.clone(),
        None => socket::only()?,
    };
    let request = match args.request {
        ControlRequest::Status => Request::Status,
        ControlRequest::Jobs { jobs } => Request::Jobs(jobs),
        ControlRequest::Pause => Request::Pause,
        ControlRequest::Resume => Request::Resume,
        ControlRequest::Keep { limit } => Request::Keep(limit),
    };
    printer.answer(&socket::ask(&path, request).await?);
    Ok(Status::Done)
}
