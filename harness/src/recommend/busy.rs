//! The best number of jobs beside a workload, and on an idle server.

use std::collections::BTreeMap;

use restore_core::units::Jobs;
use serde::{Serialize, Serializer};

use super::curve::CurveStudy;
use super::verdict::Judgement;
use crate::analysis::{CurveKey, RunFacts};

/// The best number of jobs on an idle server, and beside the workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IdleAndBusy {
    /// The curve on an idle server.
    #[serde(serialize_with = "title")]
    pub idle: CurveKey,
    /// Recommended there.
    pub idle_jobs: Option<Jobs>,
    /// The same curve beside the workload.
    #[serde(serialize_with = "title")]
    pub busy: CurveKey,
    /// Recommended there within the limits.
    pub busy_jobs: Option<Jobs>,
    /// Recommended there if there were no limits.
    pub unlimited_jobs: Option<Jobs>,
}

fn title<S: Serializer>(key: &CurveKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(key)
}

/// Pairs each curve beside the workload with its like on an idle server.
pub fn idle_and_busy(curves: &[CurveStudy], facts: &RunFacts) -> Vec<IdleAndBusy> {
    let by_key: BTreeMap<&CurveKey, &CurveStudy> =
        curves.iter().map(|curve| (&curve.key, curve)).collect();
    let pair = |busy: &CurveStudy| {
        let variant = facts.idle_of.get(&busy.key.variant)?.clone();
        let idle = by_key.get(&CurveKey { variant, ..busy.key.clone() })?;
        Some(IdleAndBusy {
            idle: idle.key.clone(),
            idle_jobs: idle.verdict.recommended(),
            busy: busy.key.clone(),
            busy_jobs: busy.verdict.recommended(),
            unlimited_jobs: without_limits(busy, facts),
        })
    };
    curves.iter().filter_map(pair).collect()
}

fn without_limits(curve: &CurveStudy, facts: &RunFacts) -> Option<Jobs> {
    let mut curve = curve.measured.clone();
    for cell in &mut curve.cells {
        cell.breaches.clear();
    }
    Judgement::new(&curve, facts).verdict.recommended()
}
