//! How long workers had nothing to do because of locks.
//!
//! `pg_restore` starts no item that conflicts with a running one: it leaves the
//! worker idle instead, so that such a wait shows in no session of the server.
//! What was ready, and when, follows from the archive's plan and from when the
//! items before it ended.

use std::collections::BTreeSet;
use std::time::Duration;

use restore_core::event::ItemTiming;
use restore_core::plan::{ItemIndex, Pass, Plan};
use restore_core::units::Jobs;

/// Time that workers had nothing to do, summed over them, although items were
/// ready: each of those conflicted with a running one. `None` where there are
/// no workers, or the engine did not tell which items it restored.
pub fn held_by_locks(plan: &Plan, jobs: Jobs, items: &[ItemTiming]) -> Option<Duration> {
    if jobs == Jobs::ONE {
        return None;
    }
    let ran: Vec<Ran> = items.iter().filter_map(|timing| Ran::new(plan, timing)).collect();
    if ran.is_empty() {
        return None;
    }
    let mut now = Now::default();
    let mut changes = changes(plan, &ran);
    changes.sort_by_key(|change| (change.at, change.kind));
    let mut held = Duration::ZERO;
    for pair in changes.windows(2) {
        now.apply(&pair[0]);
        let time = pair[1].at.saturating_sub(pair[0].at);
        if !time.is_zero() {
            held += time * now.held_workers(plan, jobs);
        }
    }
    Some(held)
}

/// A worker's item with its times.
struct Ran {
    item: ItemIndex,
    start: Duration,
    end: Duration,
}

impl Ran {
    fn new(plan: &Plan, timing: &ItemTiming) -> Option<Self> {
        let item = plan.find(timing.item.id?)?;
        let (start, end) = (timing.start, timing.end);
        // What takes no time holds nobody up.
        (timing.lane > 0 && end > start).then_some(Self { item, start, end })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Change {
    at: Duration,
    kind: Kind,
    item: ItemIndex,
}

/// At one instant items end first, and are ready before they start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Ends,
    IsReady,
    Starts,
}

fn changes(plan: &Plan, ran: &[Ran]) -> Vec<Change> {
    let mut end = vec![Duration::ZERO; plan.len()];
    for ran in ran {
        end[ran.item.as_usize()] = ran.end;
    }
    let first = ran.iter().map(|ran| ran.start).min().unwrap_or_default();
    // A pass begins when all items of those before it have ended.
    let begins = |pass: Pass| {
        let earlier = ran.iter().filter(|other| plan.pass(other.item) < pass);
        earlier.map(|other| other.end).max().unwrap_or(first)
    };
    let passes = Pass::ALL.map(begins);
    ran.iter()
        .flat_map(|&Ran { item, start, end: ends }| {
            let needed = plan.dependencies(item).iter().map(|needed| end[needed.as_usize()]);
            let ready = needed.max().unwrap_or(first).max(passes[plan.pass(item) as usize]);
            [
                Change { at: ready.min(start), kind: Kind::IsReady, item },
                Change { at: start, kind: Kind::Starts, item },
                Change { at: ends, kind: Kind::Ends, item },
            ]
        })
        .collect()
}

/// What runs and what waits at one instant.
#[derive(Default)]
struct Now {
    running: BTreeSet<ItemIndex>,
    ready: BTreeSet<ItemIndex>,
}

impl Now {
    fn apply(&mut self, change: &Change) {
        match change.kind {
            Kind::Ends => drop(self.running.remove(&change.item)),
            Kind::IsReady => drop(self.ready.insert(change.item)),
            Kind::Starts => {
                self.ready.remove(&change.item);
                self.running.insert(change.item);
            }
        }
    }

    /// Idle workers for whom there is an item that a lock forbids.
    fn held_workers(&self, plan: &Plan, jobs: Jobs) -> u32 {
        let idle = jobs.as_usize().saturating_sub(self.running.len());
        let conflicts =
            |item: &&ItemIndex| self.running.iter().any(|&other| plan.conflict(**item, other));
        // No more than there are idle workers are looked for.
        self.ready.iter().filter(conflicts).take(idle).count() as u32
    }
}

#[cfg(test)]
mod tests {
    use restore_core::event::{ItemName, Step};
    use restore_core::plan::PgMajor;
    use restore_core::toc::{DataOffset, Item, ItemKind, Section, Toc};
    use restore_core::units::{DumpId, Oid};

    use super::*;

    fn item(id: u32, kind: &str, section: Section, dependencies: &[u32]) -> Item {
        Item {
            id: DumpId(id),
            has_dumper: kind == "TABLE DATA",
            catalog: Oid(0),
            oid: Oid(0),
            tag: Some(format!("item {id}")),
            kind: ItemKind::from(kind),
            section,
            definition: Some(format!("-- {kind} {id}")),
            drop_statement: None,
            copy_statement: None,
            namespace: None,
            tablespace: None,
            table_access_method: None,
            relation_kind: None,
            owner: None,
            dependencies: dependencies.iter().copied().map(DumpId).collect(),
            data: DataOffset::NoData,
            data_length: None,
        }
    }

    /// A parent and two children that refer to it.
    fn plan(last: &str) -> Plan {
        let tables = [1, 3, 5].map(|id| item(id, "TABLE", Section::PreData, &[]));
        let rows = [2, 4, 6].map(|id| item(id, "TABLE DATA", Section::Data, &[id - 1]));
        let after =
            [(7, 3), (8, 5)].map(|(id, child)| item(id, last, Section::PostData, &[1, child]));
        let items = tables.into_iter().chain(rows).chain(after).collect();
        Plan::new(&Toc { items }, PgMajor(17)).unwrap()
    }

    fn timing(id: u32, lane: u32, start: u64, end: u64) -> ItemTiming {
        let name = ItemName { id: Some(DumpId(id)), kind: String::new(), name: String::new() };
        let [start, end] = [start, end].map(Duration::from_secs);
        ItemTiming { item: name, step: Step::Whole, lane, start, end }
    }

    /// The last item is ready at 4 and starts at 7, when the one before it ends.
    fn timings() -> Vec<ItemTiming> {
        [(2, 1, 1, 3), (4, 2, 1, 2), (6, 2, 2, 4), (7, 1, 3, 7), (8, 1, 7, 9)]
            .map(|(id, lane, start, end)| timing(id, lane, start, end))
            .to_vec()
    }

    #[test]
    fn a_foreign_key_waits_for_another_to_the_same_parent() {
        let held = |last, jobs| held_by_locks(&plan(last), Jobs::new(jobs).unwrap(), &timings());
        assert_eq!(held("FK CONSTRAINT", 2), Some(Duration::from_secs(3)));
        assert_eq!(held("FK CONSTRAINT", 8), Some(Duration::from_secs(3)), "one item, one worker");
        assert_eq!(held("INDEX", 2), Some(Duration::ZERO), "indexes lock nobody out");
        assert_eq!(held("FK CONSTRAINT", 1), None);
        let plan = plan("INDEX");
        assert_eq!(held_by_locks(&plan, Jobs::new(2).unwrap(), &[]), None);
    }
}
