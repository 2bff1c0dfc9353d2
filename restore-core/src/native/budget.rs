//! The memory and the processes that builds of indexes and checks of keys may
//! take together.
//!
//! Each build takes `maintenance_work_mem`, and a build of a B-tree or BRIN
//! index starts up to `max_parallel_maintenance_workers` processes (manual,
//! "Resource Consumption"): with many workers that is more than the server
//! has, and with one build left it is less.

use std::collections::BTreeMap;

use super::request::Limits;

/// What the server gives a session that says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerDefaults {
    /// `maintenance_work_mem`, in kB.
    pub(crate) memory_kb: u64,
    /// `max_parallel_maintenance_workers`; `None` before PostgreSQL 11.
    pub(crate) parallel_workers: Option<u32>,
}

/// What one build is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) memory_kb: u64,
    pub(crate) parallel_workers: Option<u32>,
}

impl Grant {
    /// The statements that make it the session's, where it has another one.
    pub(crate) fn settings(self, present: Self) -> Vec<String> {
        let mut sql = Vec::new();
        if self.memory_kb != present.memory_kb {
            sql.push(format!("SET maintenance_work_mem = '{}kB'", self.memory_kb));
        }
        if self.parallel_workers != present.parallel_workers {
            let workers = self.parallel_workers.into_iter();
            sql.extend(
                workers.map(|count| format!("SET max_parallel_maintenance_workers = {count}")),
            );
        }
        sql
    }
}

impl From<ServerDefaults> for Grant {
    fn from(defaults: ServerDefaults) -> Self {
        Self { memory_kb: defaults.memory_kb, parallel_workers: defaults.parallel_workers }
    }
}

/// What else goes on when a build begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Surroundings {
    /// Workers that may be busy.
    pub(crate) jobs: usize,
    /// Workers that are busy, without this one.
    pub(crate) busy: usize,
    /// Tasks that have not ended, without this one.
    pub(crate) left: usize,
    /// What the build costs.
    pub(crate) cost: u64,
    /// What those tasks cost together.
    pub(crate) left_cost: u64,
}

impl Surroundings {
    /// Workers that will be busy beside this build, on average of the time that it
    /// takes: what else is left to do may end long before.
    fn busy_meanwhile(&self) -> u32 {
        let builds = self.left_cost.saturating_add(self.cost / 2) / self.cost.max(1);
        self.busy.min(usize::try_from(builds).unwrap_or(usize::MAX)) as u32
    }
}

/// Shares memory and processes out among the builds that run.
#[derive(Debug)]
pub(crate) struct Budget {
    defaults: ServerDefaults,
    limits: Limits,
    /// What was asked for while the restore runs.
    most_workers: Option<u32>,
    granted: BTreeMap<usize, Grant>,
}

/// The least that the server takes as `maintenance_work_mem`.
const LEAST_KB: u64 = 1024;

/// The most that it takes.
const MOST_KB: u64 = i32::MAX as u64;

impl Budget {
    pub(crate) fn new(defaults: ServerDefaults, limits: Limits) -> Self {
        Self { defaults, limits, most_workers: None, granted: BTreeMap::new() }
    }

    /// Gives builds that begin from now on so many parallel workers at most.
    pub(crate) fn limit_workers(&mut self, most: Option<u32>) {
        self.most_workers = most;
    }

    /// What the build of the worker in `slot` is given, until it is released.
    pub(crate) fn grant(&mut self, slot: usize, around: Surroundings) -> Grant {
        let grant = Grant {
            memory_kb: self.memory_kb(around),
            parallel_workers: self.defaults.parallel_workers.map(|most| {
                let free = self.limits.processors.map(|processors| {
                    let helpers = self.granted.values().filter_map(|of| of.parallel_workers);
                    let taken = 1 + around.busy_meanwhile() + helpers.sum::<u32>();
                    processors.saturating_sub(taken)
                });
                most.min(free.unwrap_or(most)).min(self.most_workers.unwrap_or(most))
            }),
        };
        self.granted.insert(slot, grant);
        grant
    }

    pub(crate) fn release(&mut self, slot: usize) {
        self.granted.remove(&slot);
    }

    /// An equal share with those builds that may still begin while this one
    /// runs, of what the others have left. With a worker's usual memory for
    /// each, that is the server's setting as long as all can be busy.
    fn memory_kb(&self, around: Surroundings) -> u64 {
        let usual = self.defaults.memory_kb.saturating_mul(around.jobs.max(1) as u64);
        let total = self.limits.maintenance_memory.map_or(usual, |bytes| bytes.0 >> 10);
        let taken = self.granted.values().map(|grant| grant.memory_kb).sum();
        let idle = around.jobs.saturating_sub(1 + self.granted.len());
        let unbegun = around.left.saturating_sub(self.granted.len());
        let share = total.saturating_sub(taken) / (1 + idle.min(unbegun) as u64);
        share.clamp(LEAST_KB, MOST_KB)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::units::Bytes;

    const DEFAULTS: ServerDefaults =
        ServerDefaults { memory_kb: 65_536, parallel_workers: Some(2) };

    fn around(jobs: usize, busy: usize, left: usize) -> Surroundings {
        Surroundings { jobs, busy, left, cost: 1, left_cost: left as u64 }
    }

    #[test]
    fn builds_have_the_servers_memory_while_all_workers_can_be_busy() {
        let mut budget = Budget::new(DEFAULTS, Limits::default());
        for slot in 0..4 {
            assert_eq!(budget.grant(slot, around(4, slot, 20)), Grant::from(DEFAULTS));
        }
    }

    #[test]
    fn the_last_build_has_the_memory_of_all() {
        let mut budget = Budget::new(DEFAULTS, Limits::default());
        assert_eq!(budget.grant(0, around(4, 0, 0)).memory_kb, 4 * DEFAULTS.memory_kb);
        budget.release(0);
        assert_eq!(budget.grant(1, around(4, 0, 1)).memory_kb, 2 * DEFAULTS.memory_kb);
    }

    #[test]
    fn parallel_workers_take_processors_that_are_free() {
        let limits = Limits { processors: Some(4), ..Limits::default() };
        let mut budget = Budget::new(DEFAULTS, limits);
        assert_eq!(budget.grant(0, around(3, 0, 9)).parallel_workers, Some(2));
        assert_eq!(budget.grant(1, around(3, 1, 9)).parallel_workers, Some(0));
        budget.release(0);
        assert_eq!(budget.grant(0, around(3, 2, 9)).parallel_workers, Some(1));
        let old = ServerDefaults { parallel_workers: None, ..DEFAULTS };
        assert_eq!(Budget::new(old, limits).grant(0, around(1, 0, 0)).parallel_workers, None);
    }

    #[test]
    fn what_ends_long_before_a_build_leaves_its_processor_to_it() {
        let limits = Limits { processors: Some(2), ..Limits::default() };
        let grant = |left_cost| {
            let around = Surroundings { jobs: 2, busy: 1, left: 3, cost: 100, left_cost };
            Budget::new(DEFAULTS, limits).grant(0, around).parallel_workers
        };
        assert_eq!(grant(30), Some(1));
        assert_eq!(grant(80), Some(0));
        assert_eq!(grant(1000), Some(0));
    }

    #[test]
    fn settings_are_sent_where_they_change() {
        let usual = Grant::from(DEFAULTS);
        assert_eq!(usual.settings(usual), Vec::<String>::new());
        let other = Grant { memory_kb: 2048, parallel_workers: Some(0) };
        assert_eq!(
            other.settings(usual),
            ["SET maintenance_work_mem = '2048kB'", "SET max_parallel_maintenance_workers = 0"]
        );
    }

    proptest! {
        #[test]
        fn no_more_than_the_budget_is_granted_at_once(
            jobs in 1usize..9,
            steps in prop::collection::vec((0usize..8, 0usize..30), 1..40),
            megabytes in 16u64..4096,
            processors in 1u32..17,
        ) {
            let limits = Limits {
                maintenance_memory: Some(Bytes(megabytes << 20)),
                processors: Some(processors),
            };
            let mut budget = Budget::new(DEFAULTS, limits);
            for (slot, left) in steps {
                let slot = slot % jobs;
                if budget.granted.contains_key(&slot) {
                    budget.release(slot);
                    continue;
                }
                let busy = budget.granted.len();
                budget.grant(slot, around(jobs, busy, left + busy));
                let memory: u64 = budget.granted.values().map(|of| of.memory_kb).sum();
                let builds = budget.granted.len();
                prop_assert!(memory <= (megabytes << 10) + builds as u64 * LEAST_KB);
                let helpers: u32 =
                    budget.granted.values().filter_map(|of| of.parallel_workers).sum();
                // A build whose helpers were granted earlier may be joined by
                // workers, never by helpers beyond the processors.
                prop_assert!(helpers == 0 || helpers < processors);
            }
        }
    }
}
