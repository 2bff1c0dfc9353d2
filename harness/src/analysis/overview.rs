//! Counts and sums over all trials of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::cell::OutcomeCounts;
use super::serial_only::{SerialOnly, serial_only};
use crate::record::trial::{Outcome, TrialRow};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    pub counts: OutcomeCounts,
    /// Blocks begun.
    pub blocks: u32,
    /// Executions of the sweep: more than one after a resume.
    pub sessions: u32,
    pub restoring: Duration,
    /// Time that the harness spent around them.
    pub overhead: Duration,
    /// What the trials that count in no curve said, each message with how
    /// many trials said it, the most frequent first.
    pub messages: Vec<(String, u32)>,
    /// The curves that only one job restores reliably.
    pub serial_only: Vec<SerialOnly>,
}

impl Overview {
    pub fn new(rows: &[TrialRow]) -> Self {
        let mut overview = Self::default();
        let mut messages: BTreeMap<&str, u32> = BTreeMap::new();
        // Of a shard, they are not those from 1 to the last.
        let mut blocks: BTreeSet<u32> = BTreeSet::new();
        for row in rows {
            overview.counts.add(row.outcome);
            blocks.insert(row.block);
            overview.sessions = overview.sessions.max(row.session);
            overview.restoring += row.wall();
            overview.overhead += row.overhead();
            if row.outcome != Outcome::Completed {
                *messages.entry(row.message.as_deref().unwrap_or("no message")).or_default() += 1;
            }
        }
        overview.blocks = blocks.len() as u32;
        overview.messages =
            messages.into_iter().map(|(text, count)| (text.to_owned(), count)).collect();
        overview.messages.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        overview.serial_only = serial_only(rows);
        overview
    }
}
