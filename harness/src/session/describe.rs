//! What a sweep would do, and what it takes.

use std::path::Path;
use std::time::Duration;

use restore_core::archive::Archive;
use restore_core::format::Compression;
use restore_core::options::RestoreOptions;

use super::estimate::estimate;
use crate::dataset::describe;
use crate::design::{ArchiveKey, Design, Shard};
use crate::document::{Document, Table};
use crate::scenario::{Dataset, Provider, Scenario, Variant};

/// The design before the archives are there.
pub(super) fn design(scenario: &Scenario, seed: u64) -> anyhow::Result<Design> {
    let mut keys = Vec::new();
    let sweep = &scenario.sweep;
    for variant in &scenario.variants {
        let key =
            |format, compression| ArchiveKey { variant: variant.name.clone(), format, compression };
        if let Dataset::Archive { path } = &variant.dataset {
            let archive = Archive::open(path)?;
            keys.push(key(archive.format(), archive.header().compression));
            continue;
        }
        for &format in &sweep.formats {
            let none = [Compression::NONE];
            let compressions = if format.is_parallel() { &sweep.compression[..] } else { &none };
            keys.extend(compressions.iter().map(|&compression| key(format, compression)));
        }
    }
    Ok(Design::new(scenario.phase, &keys, sweep, seed))
}

/// What `--dry-run` prints.
pub(super) fn document(
    scenario: &Scenario,
    folder: &Path,
    seed: u64,
    shard: Option<Shard>,
) -> anyhow::Result<Document> {
    let design = design(scenario, seed)?;
    let blocks = shard.map(|shard| shard.blocks(scenario.sweep.blocks.max));
    let mut fields = vec![
        ("scenario", scenario.name.clone()),
        ("run folder", folder.display().to_string()),
        ("seed", seed.to_string()),
    ];
    for variant in &scenario.variants {
        fields.push((&variant.name, describe_variant(scenario, variant)));
    }
    if let (Some(shard), Some(blocks)) = (shard, &blocks) {
        fields.push(("shard", of_shard(shard, blocks, scenario, &design)));
    }
    fields.push(("trials", trials(scenario, &design)));
    let mut here = scenario.clone();
    if let Some(blocks) = &blocks {
        here.sweep.blocks.min = blocks.len() as u32;
        here.sweep.blocks.max = blocks.len() as u32;
    }
    fields.push(("takes", takes(&here, &design)));
    let first = blocks.and_then(|blocks| blocks.first().copied()).unwrap_or(1);
    let first = Table::of(design.block(first))
        .number("trial", |trial| trial.number.to_string())
        .text("cell", |trial| trial.cell.to_string());
    let mut document = Document::new();
    document.fields(fields).heading("First block, in its order").table(first);
    Ok(document)
}

/// Time and disk space of a sweep, in words.
pub fn what_it_takes(scenario: &Scenario) -> anyhow::Result<String> {
    // The seed decides the order alone.
    Ok(takes(scenario, &design(scenario, 0)?))
}

fn describe_variant(scenario: &Scenario, variant: &Variant) -> String {
    let what = describe(&variant.dataset);
    let options = scenario.options(&variant.name);
    let with = if options == RestoreOptions::without_roles() {
        String::new()
    } else {
        format!(", with {}", options.arguments().join(" "))
    };
    format!("{what} into {}{with}", describe_server(variant))
}

/// What of all trials is the shard's.
fn of_shard(shard: Shard, blocks: &[u32], scenario: &Scenario, design: &Design) -> String {
    let numbers: Vec<String> = blocks.iter().map(u32::to_string).collect();
    format!(
        "{shard}: {} trials, the blocks {} of {}",
        blocks.len() * design.cells().len(),
        numbers.join(", "),
        scenario.sweep.blocks.max
    )
}

fn trials(scenario: &Scenario, design: &Design) -> String {
    let cells = design.cells().len() as u32;
    let (min, max) = (scenario.sweep.blocks.min, scenario.sweep.blocks.max);
    format!("{} to {}: {cells} cells in {min} to {max} blocks", min * cells, max * cells)
}

fn takes(scenario: &Scenario, design: &Design) -> String {
    match estimate(scenario, design) {
        Some(estimate) => format!(
            "about {} to {}, and {} of disk space (orders of magnitude)",
            about(estimate.min_secs),
            about(estimate.max_secs),
            estimate.disk
        ),
        None => "not known before the data is there".to_owned(),
    }
}

/// Where a variant is restored, in words.
pub(super) fn describe_server(variant: &Variant) -> String {
    match &variant.server.provider {
        Provider::Local { .. } => "a throw-away local cluster".to_owned(),
        Provider::Docker { image, .. } => format!("a container of {image}"),
        Provider::External { .. } => "the external server".to_owned(),
    }
}

fn about(secs: f64) -> String {
    let time = Duration::from_secs_f64(secs);
    match time.as_secs() {
        0..120 => format!("{:.0} s", secs.max(1.0)),
        120..7200 => format!("{:.0} min", secs / 60.0),
        _ => format!("{:.1} h", secs / 3600.0),
    }
}
