//! The best number of jobs beside a workload, and on an idle server.

use std::collections::BTreeMap;

use restore_core::units::Jobs;

use super::verdict::CurveVerdict;
use crate::analysis::{Analysis, Curve, CurveKey, RunFacts};

/// The best number of jobs beside the workload, and on an idle server.
#[derive(Debug, Clone, PartialEq)]
pub struct IdleAndBusy {
    /// The curve beside the workload.
    pub busy: CurveKey,
    /// Recommended there within the limits.
    pub busy_jobs: Option<Jobs>,
    /// Recommended there if there were no limits.
    pub unlimited_jobs: Option<Jobs>,
    /// The same curve on an idle server.
    pub idle: CurveKey,
    /// Recommended there.
    pub idle_jobs: Option<Jobs>,
}

/// Pairs each curve beside the workload with its like on an idle server.
pub fn idle_and_busy(
    analysis: &Analysis,
    verdicts: &[CurveVerdict],
    facts: &RunFacts,
) -> Vec<IdleAndBusy> {
    let by_key: BTreeMap<&CurveKey, &CurveVerdict> =
        verdicts.iter().map(|verdict| (&verdict.key, verdict)).collect();
    verdicts
        .iter()
        .filter_map(|busy| {
            let variant = facts.idle_of.get(&busy.key.variant)?.clone();
            let idle = by_key.get(&CurveKey { variant, ..busy.key.clone() })?;
            Some(IdleAndBusy {
                busy: busy.key.clone(),
                busy_jobs: busy.recommended(),
                unlimited_jobs: without_limits(analysis.curve(&busy.key)?, facts),
                idle: idle.key.clone(),
                idle_jobs: idle.recommended(),
            })
        })
        .collect()
}

fn without_limits(curve: &Curve, facts: &RunFacts) -> Option<Jobs> {
    let mut curve = curve.clone();
    for cell in &mut curve.cells {
        cell.breaches.clear();
    }
    CurveVerdict::new(&curve, facts).recommended()
}
