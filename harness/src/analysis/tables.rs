//! What a run has of each trial beside its row.

use std::collections::BTreeMap;

use crate::record::{BlockHosts, ItemRow, LatencyRow};

/// The tables of trials by the trial's number. What is not there is not known:
/// the rows alone are enough for times and verdicts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tables {
    pub items: BTreeMap<u32, Vec<ItemRow>>,
    pub latencies: BTreeMap<u32, Vec<LatencyRow>>,
    /// Which host each block was run on.
    pub hosts: BlockHosts,
}
