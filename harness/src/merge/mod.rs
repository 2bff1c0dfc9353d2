//! Shards of one sweep become one run.
//!
//! The merged run has the rows that the sweep would have had in one piece, in
//! the same order, and says which host had which blocks.

mod alike;
mod allowance;
mod missing;
mod part;
mod record;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::gate::across::settings;
use crate::record::{ArchiveRecord, RecordedPlan, RunFolder, Taken};
pub use allowance::Allowance;
use missing::Missing;
use part::Part;

/// A run that was made of shards.
#[derive(Debug, Clone)]
pub struct Merged {
    pub folder: RunFolder,
    /// How many shards it was made of.
    pub shards: usize,
    /// What is to be known of it.
    pub notes: Vec<String>,
}

/// Merges the shards in these folders into a run folder. Their order does not
/// matter.
pub fn merge(runs: &[PathBuf], out: &Path, allow: &[Allowance]) -> anyhow::Result<Merged> {
    let mut parts = runs.iter().map(|run| Part::open(run)).collect::<anyhow::Result<Vec<_>>>()?;
    parts.sort_by_key(|part| part.shard);
    let Some((first, others)) = parts.split_first() else { bail!("name the shards to merge") };
    for other in others {
        refuse(first, other, allow)?;
    }
    if let Some(pair) = parts.windows(2).find(|pair| pair[0].shard == pair[1].shard) {
        bail!(
            "{} and {} are both shard {}, so that its blocks would count twice: leave one of them \
             out",
            pair[0].path.display(),
            pair[1].path.display(),
            pair[0].shard
        );
    }
    for part in &parts {
        part.check_rows()?;
    }
    let missing = missing::of(&parts);
    if !missing.is_empty() && !allow.contains(&Allowance::Missing) {
        bail!(
            "{} of {} blocks are missing:\n{}\nRun these and merge again, or merge what is \
             complete with --allow missing",
            missing.iter().map(|of| of.blocks().len()).sum::<usize>(),
            first.blocks_of_all(),
            missing.iter().map(|of| format!("  {of}")).collect::<Vec<_>>().join("\n")
        );
    }
    if parts.iter().all(|part| part.whole_rows().is_empty()) {
        bail!("none of the shards has a whole block: there is nothing to merge");
    }
    let run = record::of(&parts, missing.is_empty());
    let taken: Vec<Taken<'_>> =
        parts.iter().map(|part| Taken { folder: &part.folder, rows: part.whole_rows() }).collect();
    let folder = RunFolder::merge(out, &run, &plans(&parts)?, &taken)?;
    Ok(Merged { folder, shards: parts.len(), notes: notes(&parts, &missing) })
}

/// Refuses shards of two sweeps.
fn refuse(first: &Part, other: &Part, allow: &[Allowance]) -> anyhow::Result<()> {
    let mut differences = alike::differences(&first.record, &other.record);
    differences.retain(|difference| !difference.may_be_allowed_by(allow));
    if differences.is_empty() {
        return Ok(());
    }
    let advice = if differences.iter().all(|one| one.may_be_allowed_by(&[Allowance::Archive])) {
        "\nIf both were made from the same data, as each host makes its own, say --allow archive"
    } else {
        ""
    };
    bail!(
        "{} and {} are not shards of the same sweep:\n{}{advice}",
        first.path.display(),
        other.path.display(),
        differences.iter().map(|one| format!("  {one}")).collect::<Vec<_>>().join("\n")
    )
}

/// The plans of the archives, each from the first shard that keeps it.
fn plans(parts: &[Part]) -> anyhow::Result<Vec<(&ArchiveRecord, RecordedPlan)>> {
    let mut plans = Vec::new();
    let Some(first) = parts.first() else { return Ok(plans) };
    for archive in &first.record.archives {
        for part in parts {
            let Some(own) = part.record.archive(&archive.key) else { continue };
            let plan = part
                .folder
                .plan(own)
                .with_context(|| format!("cannot read a plan of {}", part.path.display()))?;
            if let Some(plan) = plan {
                plans.push((archive, plan));
                break;
            }
        }
    }
    Ok(plans)
}

fn notes(parts: &[Part], missing: &[Missing]) -> Vec<String> {
    let mut notes: Vec<String> =
        missing.iter().map(|missing| format!("left out, as allowed: {missing}")).collect();
    let Some((first, others)) = parts.split_first() else { return notes };
    for other in others {
        let names = (first.path.display(), other.path.display());
        for (variant, server) in &first.record.servers {
            let theirs = other.record.servers.get(variant);
            if let Some(seen) = theirs.and_then(|theirs| settings(server, theirs)) {
                notes.push(format!(
                    "the servers of {} and {} ({variant}) are not set alike: {seen}",
                    names.0, names.1
                ));
            }
        }
        let versions = [first, other].map(|part| &part.record.jobtune_version);
        if versions[0] != versions[1] {
            notes.push(format!(
                "{} was made by jobtune {}, {} by {}",
                names.0, versions[0], names.1, versions[1]
            ));
        }
    }
    notes
}
