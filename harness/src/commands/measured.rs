//! What a run has measured of an archive.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use restore_core::archive::Archive;
use restore_core::inspect::Selection;
use restore_core::options::RestoreOptions;
use restore_core::plan::Plan;
use restore_core::replay::Replay;

use crate::analysis::replay::ReplayInput;
use crate::analysis::{Curve, curves_of_rows};
use crate::record::{RecordedPlan, Run};
use crate::study::replay_inputs;

/// A curve of a run that restored the archive.
pub(super) struct Measured {
    pub(super) input: ReplayInput,
    pub(super) curve: Curve,
    run: PathBuf,
}

impl Measured {
    pub(super) fn of(
        run: &Path,
        archive: &Archive,
        options: &RestoreOptions,
    ) -> anyhow::Result<Self> {
        let recorded = Run::open(run)?;
        let curves = curves_of_rows(&recorded.rows);
        let mut inputs = replay_inputs(&recorded, &curves)?;
        let mut found = None;
        for (key, input) in &inputs {
            if found.is_none() && is_of(input, archive, options)? {
                found = Some(key.clone());
            }
        }
        let Some(key) = found else {
            let (run, archive) = (run.display(), archive.path().display());
            bail!(
                "{run} has no item times of {archive}: it restored other archives or with other \
                 options that select items, or keeps no plan of them (jobtune sweep --resume {run} \
                 adds plans while the archives are in the cache)"
            );
        };
        let input = inputs.remove(&key).context("an input that was just found")?;
        let curve = curves.into_iter().find(|curve| curve.key == key);
        let curve = curve.context("a curve that was just read")?;
        Ok(Self { input, curve, run: run.to_owned() })
    }

    /// The model of the run's restores, for a plan of the same items.
    pub(super) fn fit<'plan>(&self, plan: &'plan Plan) -> anyhow::Result<Replay<'plan>> {
        self.input
            .fit(plan, &self.curve)
            .with_context(|| format!("the item times of {} cannot be replayed", self.run.display()))
    }
}

/// Whether a run restored what options leave of the archive; without options,
/// whether it restored this archive in its own order.
fn is_of(input: &ReplayInput, archive: &Archive, options: &RestoreOptions) -> anyhow::Result<bool> {
    if *options == RestoreOptions::default() {
        return Ok(input.plan().has_items_of(archive.toc()));
    }
    let selection = Selection::new(archive, options, Some(input.rules()))?;
    Ok(*input.plan() == RecordedPlan::from(selection.selected()))
}
