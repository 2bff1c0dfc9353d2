//! What must hold of every plan and every schedule, whatever the archive:
//! also of archives that `pg_dump` would not write.

mod schedule_items;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use proptest::prelude::*;
use restore_core::plan::{Bounds, Costs, CriticalPath, Demand, ItemIndex, Pass, PgMajor, Plan};
use restore_core::replay::{Measured, Processors, RecordedItem, Recording, Replay};
use restore_core::schedule::{Lane, Policy, Schedule, Simulation, Step};
use restore_core::toc::{Item, Section, Toc};
use restore_core::units::DumpId;
use schedule_items::{item, jobs, rows};

const POLICIES: [Policy; 3] =
    [Policy::FirstReadyBefore12, Policy::SortedList12To16, Policy::BinaryHeap17Plus];

/// An item of any kind that scheduling tells apart. Its dependencies may
/// name anything: itself, what comes later, nothing at all.
fn any_item(id: u32, count: u32) -> impl Strategy<Value = Item> {
    let kinds = prop_oneof![
        Just(("TABLE", Section::PreData)),
        Just(("TYPE", Section::PreData)),
        Just(("TABLE DATA", Section::Data)),
        Just(("TABLE DATA", Section::Data)),
        Just(("INDEX", Section::PostData)),
        Just(("CONSTRAINT", Section::PostData)),
        Just(("FK CONSTRAINT", Section::PostData)),
        Just(("COMMENT", Section::None)),
        Just(("ACL", Section::None)),
        Just(("MATERIALIZED VIEW DATA", Section::PostData)),
        Just(("DATABASE", Section::PreData)),
        Just(("SEARCHPATH", Section::PreData)),
    ];
    let backward = proptest::collection::vec(1..id.max(2), 0..4);
    let anywhere = proptest::collection::vec(1..count + 3, 0..2);
    let dependencies = prop_oneof![9 => backward, 1 => anywhere];
    (kinds, dependencies, 0..5_u64).prop_map(move |((kind, section), dependencies, size)| {
        let mut item = item(id, kind, section, &dependencies);
        if kind == "TABLE DATA" {
            // pg_restore refuses a table id beyond the last item's.
            item.dependencies.iter_mut().for_each(|d| *d = DumpId(d.0.min(count)));
            item.data_length = rows(id, 1, size).data_length;
        }
        item
    })
}

prop_compose! {
    /// An archive with a cost for every item that has work.
    fn any_archive()(count in 1..60_u32)(
        items in (1..=count).map(|id| any_item(id, count)).collect::<Vec<_>>(),
        costs in proptest::collection::vec(0..50_u64, count as usize),
    ) -> (Toc, Vec<u64>) {
        (Toc { items }, costs)
    }
}

fn planned(toc: &Toc, costs: &[u64]) -> (Plan, Costs) {
    let plan = Plan::new(toc, PgMajor(17)).expect("ids are unique and in range");
    let wanted = plan.items().zip(costs).filter(|&(item, _)| plan.is_wanted(item));
    let durations: HashMap<_, _> =
        wanted.map(|(item, &cost)| (plan.id(item), Duration::from_nanos(cost))).collect();
    let costs = Costs::measured(&plan, &durations);
    (plan, costs)
}

/// The recording of a restore with one job in which each item kept as many
/// processors busy, and how long it took.
fn recorded(plan: &Plan, costs: &Costs, demand: Demand) -> (Recording, Duration) {
    let mut end = Duration::ZERO;
    let item = |item| {
        let start = end;
        end += Duration::from_nanos(costs.of(item).0);
        RecordedItem { id: plan.id(item), start, end, demand: Some(demand) }
    };
    let items = plan.items().map(item).collect();
    (Recording::new(jobs(1), end, items).expect("items in order"), end)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_item_with_work_runs_once_and_in_time(
        (toc, costs) in any_archive(), j in 1..9_u32, policy in prop::sample::select(&POLICIES),
    ) {
        let (plan, costs) = planned(&toc, &costs);
        let simulation = Simulation::run(&plan, &costs, jobs(j), policy);
        let started: Vec<_> = simulation.items.iter().map(|span| span.item).collect();
        let distinct: HashSet<_> = started.iter().copied().collect();
        prop_assert_eq!(started.len(), distinct.len());
        let wanted: HashSet<_> = plan.items().filter(|&item| plan.is_wanted(item)).collect();
        prop_assert_eq!(&distinct, &wanted);

        // Workers start nothing before what it waits for has ended.
        let ends: HashMap<_, _> = simulation.items.iter().map(|s| (s.item, s.end)).collect();
        for span in simulation.items.iter().filter(|s| matches!(s.lane, Lane::Worker(_))) {
            for dependency in plan.dependencies(span.item) {
                let end = ends.get(dependency).copied().unwrap_or(0);
                prop_assert!(end <= span.start);
            }
        }
    }

    #[test]
    fn a_schedule_is_greedy_and_never_breaks_a_lock(
        (toc, costs) in any_archive(), j in 2..9_u32, policy in prop::sample::select(&POLICIES),
    ) {
        let (plan, costs) = planned(&toc, &costs);
        let mut schedule = Schedule::new(&plan, jobs(j), policy);
        let mut waiting: HashSet<ItemIndex> = plan.items().collect();
        let mut steps = 0;
        loop {
            steps += 1;
            prop_assert!(steps <= 3 * plan.len() + 1, "the schedule does not come to an end");
            let running: Vec<_> = schedule.running().collect();
            match schedule.next_step() {
                Step::Start { item, lane } => {
                    if policy == Policy::SortedList12To16 && lane != Lane::Leader {
                        assert_was_first(&plan, &waiting, &running, item)?;
                    }
                    waiting.remove(&item);
                    let leader = |lane| lane == Lane::Leader;
                    let on_their_own = leader(lane) || running.iter().any(|(lane, _)| leader(*lane));
                    prop_assert!(!on_their_own || running.is_empty());
                    for (other_lane, other) in running {
                        prop_assert!(other_lane != lane);
                        prop_assert!(!plan.conflict(item, other));
                        prop_assert_eq!(plan.pass(item), plan.pass(other));
                    }
                }
                Step::Skip(item) => {
                    prop_assert!(!plan.is_wanted(item));
                    waiting.remove(&item);
                }
                Step::Wait => {
                    let by_workers = running.iter().all(|(lane, _)| matches!(lane, Lane::Worker(_)));
                    if by_workers && running.len() < j as usize {
                        assert_nothing_could_start(&plan, &waiting, &running)?;
                    }
                    let shortest = running.iter().min_by_key(|(_, item)| costs.of(*item));
                    schedule.finish(shortest.expect("something to wait for").1);
                }
                Step::Done => break,
            }
        }
        prop_assert!(waiting.is_empty());
    }

    #[test]
    fn the_makespan_lies_within_the_bounds(
        (toc, costs) in any_archive(), j in 1..9_u32, policy in prop::sample::select(&POLICIES),
    ) {
        let (plan, costs) = planned(&toc, &costs);
        let path = CriticalPath::new(&plan, &costs);
        let bounds = Bounds::new(&path, jobs(j));
        let simulation = Simulation::run(&plan, &costs, jobs(j), policy);
        let makespan = simulation.makespan();
        prop_assert!(path.length() <= makespan);
        prop_assert!(bounds.lower <= makespan, "{makespan} is under {bounds:?}");
        prop_assert!(makespan <= costs.total());
        if plan.items().all(|item| plan.exclusive_locks(item).is_empty()) {
            prop_assert!(makespan <= bounds.upper_without_locks, "{makespan} is over {bounds:?}");
        }
        if j == 1 {
            prop_assert_eq!(makespan, costs.total());
        }
        let busy: u128 =
            simulation.segments.iter().map(|s| u128::from(s.running) * s.length).sum();
        prop_assert_eq!(busy, costs.total());
    }

    #[test]
    fn the_critical_path_is_a_path(
        (toc, costs) in any_archive(),
    ) {
        let (plan, costs) = planned(&toc, &costs);
        let path = CriticalPath::new(&plan, &costs);
        let mut counted = costs.sum(&path.leader.items) + costs.sum(&path.missed.items);
        for floor in &path.passes {
            prop_assert_eq!(costs.sum(&floor.chain.items), floor.chain.length);
            for pair in floor.chain.items.windows(2) {
                prop_assert!(plan.dependencies(pair[1]).contains(&pair[0]));
            }
            if let Some(locked) = &floor.locked {
                prop_assert!(costs.sum(&locked.exclusive) <= locked.length);
                for pair in locked.exclusive.windows(2) {
                    prop_assert!(plan.conflict(pair[0], pair[1]));
                }
            }
            counted += floor.work;
        }
        prop_assert_eq!(counted, costs.total());
    }

    /// Nothing but the processors slows anything here: then their time is a
    /// floor, and the schedule alone is where there are enough of them.
    #[test]
    fn a_replay_takes_as_long_as_its_schedule_and_its_processors_need(
        (toc, costs) in any_archive(), j in 1..9_u32, policy in prop::sample::select(&POLICIES),
        count in 1..5_u32, thousandths in 0..4000_u32,
    ) {
        let (plan, costs) = planned(&toc, &costs);
        prop_assume!(costs.total() > 0);
        let (recording, work) = recorded(&plan, &costs, Demand(thousandths));
        let measured = [Measured { jobs: jobs(1), time: work }];
        let predict = |processors| {
            let recordings = std::slice::from_ref(&recording);
            let replay = Replay::fit(&plan, policy, processors, recordings, &measured).unwrap();
            replay.predict(jobs(j)).time.as_nanos()
        };
        let makespan = Simulation::run(&plan, &costs, jobs(j), policy).makespan();
        let few = predict(Processors::new(count.into()).unwrap());
        // One item alone cannot keep more busy than there are.
        let busy = costs.total() * u128::from(thousandths.min(count * 1000));
        prop_assert!(few + 1 >= makespan.max(busy / u128::from(count * 1000)));
        prop_assert!(few <= costs.total() + 1);
        prop_assert!(predict(Processors::UNKNOWN).abs_diff(makespan) <= 1);
        if u64::from(j) * u64::from(thousandths) <= u64::from(count) * 1000 {
            prop_assert!(few.abs_diff(makespan) <= 1);
        }
    }

    #[test]
    fn one_job_follows_the_table_of_contents(
        (toc, costs) in any_archive(), policy in prop::sample::select(&POLICIES),
    ) {
        let (plan, costs) = planned(&toc, &costs);
        let simulation = Simulation::run(&plan, &costs, jobs(1), policy);
        let started: Vec<_> = simulation.items.iter().map(|span| span.item).collect();
        let mut in_order: Vec<_> = plan.items().filter(|&item| plan.is_wanted(item)).collect();
        in_order.sort_by_key(|&item| plan.pass(item));
        prop_assert_eq!(started, in_order);
    }
}

/// With a worker idle, every item of the running pass that waits for nothing
/// conflicts with something that runs.
fn assert_nothing_could_start(
    plan: &Plan,
    waiting: &HashSet<ItemIndex>,
    running: &[(Lane, ItemIndex)],
) -> Result<(), TestCaseError> {
    let Some(&(_, any)) = running.first() else { return Ok(()) };
    let pass: Pass = plan.pass(any);
    let running: HashSet<_> = running.iter().map(|(_, item)| *item).collect();
    for &item in waiting.iter().filter(|&&item| plan.pass(item) == pass) {
        let is_open = |d: &ItemIndex| waiting.contains(d) || running.contains(d);
        let is_ready = !plan.dependencies(item).iter().any(is_open);
        let is_excluded = running.iter().any(|&other| plan.conflict(item, other));
        prop_assert!(!is_ready || is_excluded, "{} could have started", plan.id(item));
    }
    Ok(())
}

/// Of all items that could start, the largest was started, and of these the
/// one with the lowest id.
fn assert_was_first(
    plan: &Plan,
    waiting: &HashSet<ItemIndex>,
    running: &[(Lane, ItemIndex)],
    started: ItemIndex,
) -> Result<(), TestCaseError> {
    let is_done = |d: &ItemIndex| !waiting.contains(d) && running.iter().all(|(_, r)| r != d);
    let could_start = |&item: &ItemIndex| {
        plan.pass(item) == plan.pass(started)
            && plan.dependencies(item).iter().all(is_done)
            && !running.iter().any(|&(_, other)| plan.conflict(item, other))
    };
    let urgency = |&item: &ItemIndex| (Reverse(plan.size(item)), plan.id(item));
    let first = waiting.iter().copied().filter(could_start).min_by_key(urgency);
    prop_assert_eq!(first, Some(started));
    Ok(())
}
