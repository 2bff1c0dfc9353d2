//! From curves to verdicts: which number of jobs, how sure, why.

pub mod best;
pub mod bottleneck;
pub mod busy;
pub mod curve;
pub mod hosts;
pub mod odds;
pub mod probability;
pub mod rules;
pub mod stop;
pub mod verdict;
pub mod warning;

pub use best::{BestCurve, Contender};
pub use bottleneck::{Bottleneck, Cause};
pub use busy::IdleAndBusy;
pub use curve::{CellStudy, CurveStudy, Mark};
pub use probability::Probability;
pub use stop::{Decision, StopRule};
pub use verdict::{Reason, Verdict};
pub use warning::Warning;
