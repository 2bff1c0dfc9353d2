//! What a sweep would do, and what it takes.

use std::path::PathBuf;
use std::time::Duration;

use restore_core::options::RestoreOptions;

use super::super::estimate::{Estimate, check_disk};
use super::super::host::host;
use super::job::Job;
use crate::dataset::describe;
use crate::design::{ArchiveKey, Design};
use crate::document::{Document, Table};
use crate::provider::containers_folder;
use crate::scenario::{Dataset, Provider, Variant};

impl Job {
    /// The design before the archives are there.
    pub(super) fn design(&self) -> anyhow::Result<Design> {
        let mut keys = Vec::new();
        let sweep = &self.scenario.sweep;
        for variant in &self.scenario.variants {
            let variant_name = variant.name.clone();
            if let Dataset::Archive { path } = &variant.dataset {
                let archive = restore_core::archive::Archive::open(path)?;
                let (format, compression) = (archive.format(), archive.header().compression);
                keys.push(ArchiveKey { variant: variant_name, format, compression });
                continue;
            }
            for &format in &sweep.formats {
                let none = [restore_core::format::Compression::NONE];
                let compressions =
                    if format.is_parallel() { &sweep.compression[..] } else { &none };
                for &compression in compressions {
                    keys.push(ArchiveKey { variant: variant_name.clone(), format, compression });
                }
            }
        }
        Ok(Design::of_phase(self.scenario.phase, &keys, &sweep.jobs, self.seed))
    }

    fn estimate(&self) -> anyhow::Result<Option<Estimate>> {
        Ok(Estimate::new(&self.scenario, &self.design()?, host().cores))
    }

    /// Where clusters are made, if that is on a disk of this machine.
    async fn cluster_folder(&self) -> Option<PathBuf> {
        match &self.scenario.variants[0].server.provider {
            Provider::Local { data_dir, .. } => {
                Some(data_dir.clone().unwrap_or_else(std::env::temp_dir))
            }
            Provider::Docker { .. } => containers_folder().await,
            Provider::External { .. } => None,
        }
    }

    /// Refuses a sweep that will not fit on its disk, where both are known.
    pub(super) async fn check_room(&self) -> anyhow::Result<()> {
        let Some(estimate) = self.estimate()? else { return Ok(()) };
        match self.cluster_folder().await {
            Some(folder) => check_disk(&estimate, &folder),
            None => Ok(()),
        }
    }

    /// What `--dry-run` prints.
    pub(super) fn describe(&self) -> anyhow::Result<Document> {
        let design = self.design()?;
        let blocks = self.scenario.sweep.blocks;
        let cells = design.cells().len() as u32;
        let mut fields = vec![
            ("scenario", self.scenario.name.clone()),
            ("run folder", self.folder.display().to_string()),
            ("seed", self.seed.to_string()),
        ];
        fields.extend(self.scenario.variants.iter().map(|variant| {
            let what = describe(&variant.dataset);
            let options = self.scenario.options(&variant.name);
            let with = if options == RestoreOptions::without_roles() {
                String::new()
            } else {
                format!(", with {}", options.arguments().join(" "))
            };
            (variant.name.as_str(), format!("{what} into {}{with}", describe_server(variant)))
        }));
        fields.push((
            "trials",
            format!(
                "{} to {}: {cells} cells in {} to {} blocks",
                blocks.min * cells,
                blocks.max * cells,
                blocks.min,
                blocks.max
            ),
        ));
        let takes = match self.estimate()? {
            Some(estimate) => format!(
                "about {} to {}, and {} of disk space (orders of magnitude)",
                about(estimate.min_secs),
                about(estimate.max_secs),
                estimate.disk
            ),
            None => "not known before the data is there".to_owned(),
        };
        fields.push(("takes", takes));
        let first = Table::of(design.block(1))
            .number("trial", |trial| trial.number.to_string())
            .text("cell", |trial| trial.cell.to_string());
        let mut document = Document::new();
        document.fields(fields).heading("First block, in its order").table(first);
        Ok(document)
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
