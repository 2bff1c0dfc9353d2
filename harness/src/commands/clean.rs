//! `jobtune clean`: removes what dead runs left behind.

use super::{Status, clear, state_folder};
use crate::cli::CleanArgs;
use crate::lease::{Found, Resource, find_all};
use crate::printer::Printer;

pub(super) async fn run(args: &CleanArgs, printer: &Printer) -> anyhow::Result<Status> {
    let folder = state_folder(args.state.state_dir.as_deref())?;
    let mut removed = 0;
    for found in find_all(&folder)? {
        match found {
            Found::Live(run) => printer.note(format!("run {run} is alive and is left alone")),
            Found::Dead { run, resources, lease } => {
                for resource in &resources {
                    printer.note(format!("run {run}: {}", describe(resource)));
                }
                if !args.dry_run {
                    clear(lease, &resources, printer).await?;
                }
                removed += 1;
            }
        }
    }
    let verb = if args.dry_run { "would be cleaned up" } else { "cleaned up" };
    printer.answer(&match removed {
        0 => "nothing to clean up".to_owned(),
        1 => format!("1 run {verb}"),
        runs => format!("{runs} runs {verb}"),
    });
    Ok(Status::Done)
}

fn describe(resource: &Resource) -> String {
    match resource {
        Resource::Cluster { data, .. } => format!("cluster in {}", data.display()),
        Resource::Containers { label } => format!("containers labelled {label}"),
        Resource::Database { conninfo, name } => format!("database {name} at {conninfo}"),
        Resource::Partial { path } => format!("half-made archive in {}", path.display()),
    }
}
