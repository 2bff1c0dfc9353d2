//! `jobtune merge`: shards become one run.

use super::{Status, print, status_of};
use crate::cli::MergeArgs;
use crate::document::{Document, Table};
use crate::merge::{self, Merged};
use crate::printer::Printer;
use crate::record::{HostShare, RunRecord};

pub(super) fn run(args: &MergeArgs, printer: &Printer) -> anyhow::Result<Status> {
    let merged = merge::merge(&args.runs, &args.out, &args.allow)?;
    for note in &merged.notes {
        printer.warn(note);
    }
    print(&document(&merged)?, printer);
    printer.note(format!("\nThe run is in {}", args.out.display()));
    status_of(&merged.folder)
}

fn document(merged: &Merged) -> anyhow::Result<Document> {
    let run: RunRecord = merged.folder.run()?;
    let blocks: usize = run.hosts.iter().map(|host| host.blocks.len()).sum();
    let trials = merged.folder.trials()?.len();
    let mut document = Document::of(format!(
        "Merged {} of {}: {} in {} on {}.",
        counted(merged.shards, "shard"),
        run.scenario.name,
        counted(trials, "trial"),
        counted(blocks, "block"),
        counted(run.hosts.len(), "host"),
    ));
    document.table(hosts(&run.hosts));
    Ok(document)
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

fn hosts(hosts: &[HostShare]) -> Table<&HostShare> {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    Table::of(hosts)
        .text("host", move |host| or_none(&host.identity.name))
        .text("label", move |host| or_none(&host.identity.label))
        .text("machine", |host| format!("{} x {}", host.host.cores, host.host.cpu_model))
        .text("blocks", |host| {
            host.blocks.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
        })
}
