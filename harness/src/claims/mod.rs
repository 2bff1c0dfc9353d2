//! The folklore of parallel restores, claim by claim, judged by recorded runs.
//!
//! A claim is judged for every curve that can decide it, as one size does not
//! fit all: it may hold for one shape of data and not for another. Everything
//! here is a pure function of a run's rows.

mod claim;
mod compare;
mod regime;
mod rules;
mod run;

pub use claim::{Claim, Effect, Evidence, Judged, NOTICEABLE, Quantity, Ruling};
pub use regime::Regime;
pub use run::MeasuredRun;

/// Judges every claim by these runs.
pub fn judge(runs: &[MeasuredRun]) -> Vec<Judged> {
    rules::ALL.iter().map(|claim| Judged { claim: *claim, evidence: (claim.judge)(runs) }).collect()
}
