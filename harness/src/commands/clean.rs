//! `jobtune clean`: removes what dead runs left behind.

use std::path::Path;

use anyhow::bail;

use super::{Status, state_folder};
use crate::cli::CleanArgs;
use crate::lease::{Found, Resource, find_all};
use crate::printer::Printer;
use crate::session::clear;

pub(super) async fn run(args: &CleanArgs, printer: &Printer) -> anyhow::Result<Status> {
    let folder = state_folder(args.state.state_dir.as_deref())?;
    if let Some(run) = &args.forget {
        return forget(&folder, run, printer);
    }
    let (mut removed, mut kept) = (0, Vec::new());
    for found in find_all(&folder)? {
        match found {
            Found::Live(run) => printer.note(format!("run {run} is alive and is left alone")),
            Found::Unreadable { run, error } => {
                printer.warn(format!("{error:#}"));
                kept.push(run);
            }
            Found::Dead { run, resources, lease } => {
                for resource in &resources {
                    printer.note(format!("run {run}: {}", describe(resource)));
                }
                if args.dry_run || clear(lease, &resources, printer).await.is_ok() {
                    removed += 1;
                } else {
                    kept.push(run);
                }
            }
        }
    }
    printer.answer(&summary(removed, args.dry_run));
    if let Some(run) = kept.first() {
        bail!(
            "something of {} could not be removed and is kept on the list: mend what the warnings \
             say and clean again; what no longer exists, as a server that is gone, is taken off \
             the list by `jobtune clean --forget {run}`",
            kept.join(", ")
        );
    }
    Ok(Status::Done)
}

fn summary(removed: u32, dry_run: bool) -> String {
    let verb = if dry_run { "would be cleaned up" } else { "cleaned up" };
    match removed {
        0 => "nothing to clean up".to_owned(),
        1 => format!("1 run {verb}"),
        runs => format!("{runs} runs {verb}"),
    }
}

/// Takes a dead run off the list and says what it may have left.
fn forget(folder: &Path, run: &str, printer: &Printer) -> anyhow::Result<Status> {
    for found in find_all(folder)? {
        match found {
            Found::Live(live) if live == run => bail!("run {run} is alive: stop it first"),
            Found::Dead { run: dead, resources, lease } if dead == run => {
                lease.release()?;
                for resource in &resources {
                    printer.note(format!("run {run}: {}", describe(resource)));
                }
                printer.answer(&format!("run {run} is forgotten; what it may have left is above"));
                return Ok(Status::Done);
            }
            _ => {}
        }
    }
    bail!("there is no run {run} in {}", folder.display())
}

fn describe(resource: &Resource) -> String {
    match resource {
        Resource::Cluster { data, .. } => format!("cluster in {}", data.display()),
        Resource::Disk { folder } => format!("slow disk {}", folder.display()),
        Resource::Containers { label } => format!("containers labelled {label}"),
        Resource::Database { conninfo, name, .. } => format!("database {name} at {conninfo}"),
        Resource::Partial { path } => format!("half-made archive in {}", path.display()),
    }
}
