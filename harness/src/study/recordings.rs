//! What the curves of a run are replayed from: the plans and item times that its
//! folder keeps.

use std::collections::BTreeMap;

use restore_core::replay::{Processors, Recording};

use crate::analysis::replay::{ReplayInput, recording};
use crate::analysis::usage::ProcessorUsage;
use crate::analysis::{Curve, CurveKey, RunFacts};
use crate::design::ArchiveKey;
use crate::record::{FolderError, Run, ServerRecord};

/// Restores that the replay takes its item timings from, at most: reading
/// more would make a report slower and hardly better.
const RECORDINGS: usize = 10;

/// The inputs of every curve whose run keeps enough: the plan of its archive
/// and the items of its restores with the fewest jobs.
pub fn replay_inputs(
    run: &Run,
    curves: &[Curve],
) -> Result<BTreeMap<CurveKey, ReplayInput>, FolderError> {
    let facts = RunFacts::of(&run.record);
    let mut inputs = BTreeMap::new();
    for curve in curves.iter().filter(|curve| curve.key.is_of_pg_restore()) {
        let CurveKey { variant, format, compression, .. } = curve.key.clone();
        let key = ArchiveKey { variant, format, compression };
        let rules = run.record.servers.get(&key.variant).and_then(ServerRecord::client_major);
        let (Some(archive), Some(rules)) = (run.record.archive(&key), rules) else { continue };
        let Some(plan) = run.plan(archive)? else { continue };
        let processors = facts.resources(&curve.key).processors();
        let processors = processors.and_then(Processors::new).unwrap_or(Processors::UNKNOWN);
        let recordings = recordings(run, curve)?;
        if !recordings.is_empty() {
            let input = ReplayInput::new(plan, rules, processors, recordings);
            inputs.insert(curve.key.clone(), input);
        }
    }
    Ok(inputs)
}

/// Whether nothing but the restores used the variant's server, so that its
/// processor time is theirs.
fn is_alone(run: &Run, variant: &str) -> bool {
    let variants = &run.record.scenario.variants;
    variants.iter().all(|of| of.name != variant || of.workload.is_none())
}

/// The items of the curve's restores with the fewest jobs, with what they kept
/// busy where the restores were alone.
fn recordings(run: &Run, curve: &Curve) -> Result<Vec<Recording>, FolderError> {
    let measured = curve.measured();
    let Some(fewest) = measured.first() else { return Ok(Vec::new()) };
    let alone = is_alone(run, &curve.key.variant);
    let mut recordings = Vec::new();
    for observed in fewest.observations.values().take(RECORDINGS) {
        let items = run.items(observed.trial)?;
        let usage = if alone { ProcessorUsage::of(&run.load(observed.trial)?) } else { None };
        // Items that cannot be of one restore say nothing about any.
        let seconds = observed.ln_seconds.exp();
        recordings.extend(recording(fewest.jobs, seconds, &items, usage.as_ref()));
    }
    Ok(recordings)
}
