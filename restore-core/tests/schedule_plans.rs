//! Plans, schedules and replays of small archives, worked by hand.

mod schedule_items;

use std::time::Duration;

use restore_core::plan::{Bounds, Costs, CriticalPath, Demand, Pass, PgMajor, Plan, PlanError};
use restore_core::replay::{Contention, Measured, Processors, RecordedItem, Recording, Replay};
use restore_core::schedule::{Lane, Policy, Schedule, Simulation, Step};
use restore_core::toc::{Section, Toc};
use restore_core::units::{Bytes, DumpId};
use schedule_items::{after, item, jobs, plan, rows, seconds, table};

const SECOND: u128 = 1_000_000_000;

/// Two tables; the first is the larger, with a key, an index and a foreign
/// key to the second.
fn two_tables() -> Plan {
    plan(vec![
        table(1),
        table(2),
        rows(3, 1, 900),
        rows(4, 2, 100),
        after(5, "CONSTRAINT", &[1]),
        after(6, "CONSTRAINT", &[2]),
        after(7, "INDEX", &[1]),
        after(8, "FK CONSTRAINT", &[1, 6, 2]),
    ])
}

#[test]
fn what_comes_after_the_data_waits_for_it_and_counts_as_large() {
    let plan = two_tables();
    let at = |id| plan.find(DumpId(id)).unwrap();
    assert_eq!(plan.dependencies(at(8)), [at(3), at(6), at(4)]);
    assert_eq!(plan.dependencies(at(3)), [at(1)]);
    assert_eq!(plan.size(at(7)), Bytes(900));
    assert_eq!(plan.size(at(6)), Bytes(100));
    assert_eq!(plan.size(at(8)), Bytes(900));
    assert_eq!(plan.exclusive_locks(at(8)), [at(3), at(4)]);
    assert_eq!(plan.exclusive_locks(at(7)), []);
    assert!(plan.conflict(at(5), at(7)) && plan.conflict(at(7), at(5)));
    assert!(!plan.conflict(at(5), at(6)));
}

#[test]
fn a_key_excludes_the_index_beside_it() {
    let plan = two_tables();
    let costs = seconds(&plan, &[(3, 9), (4, 1), (5, 4), (6, 1), (7, 3), (8, 2)]);
    let path = CriticalPath::new(&plan, &costs);
    let main = &path.passes[Pass::Main as usize];
    // By dependencies alone, rows, then the key or the foreign key.
    assert_eq!(main.chain.length, 13 * SECOND);
    // By locks, rows, both keys and the index follow one another.
    let locked = main.locked.as_ref().unwrap();
    assert_eq!(plan.id(locked.table), DumpId(3));
    assert_eq!(locked.length, (9 + 4 + 2 + 3) * SECOND);
    assert!(main.is_set_by_locks());
    for j in [2, 3, 8] {
        let simulation = Simulation::run(&plan, &costs, jobs(j), Policy::BinaryHeap17Plus);
        assert_eq!(simulation.makespan(), 18 * SECOND);
        assert_eq!(Bounds::new(&path, jobs(j)).lower, 18 * SECOND);
    }
}

#[test]
fn the_tail_begins_when_a_worker_has_nothing_left() {
    let plan = two_tables();
    let costs = seconds(&plan, &[(1, 2), (3, 9), (4, 1), (5, 4), (6, 1), (7, 3), (8, 2)]);
    let simulation = Simulation::run(&plan, &costs, jobs(2), Policy::SortedList12To16);
    assert_eq!(simulation.makespan(), 20 * SECOND);
    // Two seconds of pre-data alone, two of two workers, the rest of one.
    assert_eq!(simulation.time_by_running(), [0, 18 * SECOND, 2 * SECOND]);
    assert_eq!(simulation.idle(), 16 * SECOND);
    assert_eq!(simulation.tail().iter().map(|s| s.length).sum::<u128>(), 16 * SECOND);
    let straggler = simulation.straggler().unwrap();
    assert_eq!(straggler.end, 20 * SECOND);
}

/// Graham's anomaly: one more worker, and the restore takes longer.
#[test]
fn more_jobs_can_take_longer() {
    // His example, with the rows of nine tables for his nine tasks.
    let mut items: Vec<_> = (1..=9).map(|id| rows(id + 10, id, 900 - u64::from(id))).collect();
    for (id, on) in [(5, 14), (6, 14), (7, 14), (8, 14), (9, 11)] {
        items[id - 1].dependencies.push(DumpId(on));
    }
    let plan = plan(items);
    let costs = seconds(
        &plan,
        &[(11, 3), (12, 2), (13, 2), (14, 2), (15, 4), (16, 4), (17, 4), (18, 4), (19, 9)],
    );
    let makespan =
        |j| Simulation::run(&plan, &costs, jobs(j), Policy::BinaryHeap17Plus).makespan() / SECOND;
    assert_eq!((makespan(3), makespan(4)), (12, 15));
}

#[test]
fn what_waits_for_itself_is_restored_last_and_alone() {
    let plan = plan(vec![
        table(1),
        rows(2, 1, 10),
        after(3, "INDEX", &[1, 4]),
        after(4, "INDEX", &[1, 3]),
        after(5, "TRIGGER", &[1]),
    ]);
    let missed: Vec<_> = plan.missed().iter().map(|&item| plan.id(item)).collect();
    assert_eq!(missed, [DumpId(3), DumpId(4)]);
    let costs = seconds(&plan, &[(2, 1), (3, 5), (4, 5), (5, 1)]);
    let simulation = Simulation::run(&plan, &costs, jobs(4), Policy::BinaryHeap17Plus);
    let last: Vec<_> =
        simulation.items.iter().rev().take(2).map(|s| (plan.id(s.item), s.lane)).collect();
    assert_eq!(last, [(DumpId(4), Lane::Leader), (DumpId(3), Lane::Leader)]);
    assert_eq!(CriticalPath::new(&plan, &costs).missed.length, 10 * SECOND);
}

#[test]
fn the_passes_are_kept_apart() {
    let mut comment = item(8, "COMMENT", Section::None, &[7]);
    comment.tag = Some("EVENT TRIGGER watch".to_owned());
    let plan = plan(vec![
        table(1),
        item(2, "ACL", Section::None, &[1]),
        rows(3, 1, 5),
        after(4, "INDEX", &[1]),
        after(5, "MATERIALIZED VIEW DATA", &[1, 6]),
        after(6, "MATERIALIZED VIEW DATA", &[1]),
        after(7, "EVENT TRIGGER", &[]),
        comment,
        // Waits for something of a later pass: no pass can reach it.
        after(9, "INDEX", &[6]),
    ]);
    let pass = |id| plan.pass(plan.find(DumpId(id)).unwrap());
    assert_eq!([2, 4, 5, 7, 8].map(pass), {
        use Pass::{Acl, Main, PostAcl};
        [Acl, Main, PostAcl, PostAcl, PostAcl]
    });
    let costs = seconds(&plan, &[]);
    let simulation = Simulation::run(&plan, &costs, jobs(3), Policy::BinaryHeap17Plus);
    let order: Vec<_> = simulation.items.iter().map(|s| plan.id(s.item).0).collect();
    assert_eq!(order, [1, 3, 4, 2, 6, 7, 5, 8, 9]);
}

#[test]
fn rows_of_a_table_that_could_not_be_made_are_left_out() {
    let plan = two_tables();
    let mut schedule = Schedule::new(&plan, jobs(2), Policy::SortedList12To16);
    let at = |id| plan.find(DumpId(id)).unwrap();
    assert_eq!(schedule.next_step(), Step::Start { item: at(1), lane: Lane::Leader });
    assert_eq!(schedule.next_step(), Step::Wait);
    schedule.inhibit(at(3));
    schedule.finish(at(1));
    assert_eq!(schedule.next_step(), Step::Start { item: at(2), lane: Lane::Leader });
    schedule.finish(at(2));
    assert_eq!(schedule.next_step(), Step::Skip(at(3)));
    assert_eq!(schedule.next_step(), Step::Start { item: at(5), lane: Lane::Worker(0) });
    assert_eq!(schedule.next_step(), Step::Start { item: at(4), lane: Lane::Worker(1) });
    assert_eq!(schedule.next_step(), Step::Wait);
}

#[test]
fn damaged_tables_of_contents_are_refused() {
    let error = |items| Plan::new(&Toc { items }, PgMajor(17)).unwrap_err();
    let repeated = error(vec![table(1), table(2), table(1)]);
    assert_eq!(repeated, PlanError::RepeatedId { id: DumpId(1), first: 1, second: 3 });
    assert!(repeated.to_string().contains("items 1 and 3"));
    assert_eq!(error(vec![table(1), table(0)]), PlanError::ZeroId { place: 2 });
    let [id, table, max] = [2, 99, 2].map(DumpId);
    assert_eq!(
        error(vec![schedule_items::table(1), rows(2, 99, 5)]),
        PlanError::TableOutOfRange { id, table, max }
    );
    // A dependency that the archive lacks is nothing to wait for.
    let plan = schedule_items::plan(vec![
        schedule_items::table(1),
        after(2, "INDEX", &[1, 4_000_000_000]),
    ]);
    assert!(plan.missed().is_empty());
}

#[test]
fn lengths_that_claim_everything_do_not_overflow() {
    let plan = plan((1..50).flat_map(|n| [table(n), rows(n + 100, n, u64::MAX)]).collect());
    let toc = Toc { items: (1..50).flat_map(|n| [table(n), rows(n + 100, n, u64::MAX)]).collect() };
    let costs = Costs::from_sizes(&plan, &toc);
    let simulation = Simulation::run(&plan, &costs, jobs(4), Policy::BinaryHeap17Plus);
    assert!(simulation.makespan() > u128::from(u64::MAX));
}

/// Replays a restore whose items slow each other down by a known amount.
#[test]
fn replay_finds_the_contention_and_predicts_other_jobs() {
    let items = (1..=12).flat_map(|n| [table(n), rows(n + 100, n, 1000 - u64::from(n))]);
    let plan = plan(items.collect());
    let (mut clock, mut recorded) = (Duration::from_secs(1), Vec::new());
    for n in 1..=12_u32 {
        let (start, id) = (clock, DumpId(n + 100));
        clock += Duration::from_millis(u64::from(900 - n * 50));
        recorded.push(RecordedItem { id, start, end: clock, demand: None });
    }
    let recording = Recording::new(jobs(1), clock, recorded).unwrap();

    // Twelve items, largest first, on j workers; a = 0.25 and b = 0.01.
    let truth = |j: u32| {
        let work = recording.work(Processors::UNKNOWN, Contention::NONE);
        let costs = Costs::measured(&plan, &work);
        let simulation = Simulation::run(&plan, &costs, jobs(j), Policy::BinaryHeap17Plus);
        let slowed: f64 = (0_u32..)
            .zip(simulation.time_by_running())
            .map(|(k, length)| {
                let k = f64::from(k.max(1));
                length as f64 * 1e-9 * (1.0 + 0.25 * (k - 1.0) + 0.01 * k * (k - 1.0))
            })
            .sum();
        Duration::from_secs_f64(1.0 + slowed)
    };
    let measured: Vec<_> =
        [1, 2, 8].into_iter().map(|j| Measured { jobs: jobs(j), time: truth(j) }).collect();
    let (policy, recordings) = (Policy::BinaryHeap17Plus, std::slice::from_ref(&recording));
    let replay = Replay::fit(&plan, policy, Processors::UNKNOWN, recordings, &measured).unwrap();
    assert!((replay.contention().a - 0.25).abs() < 1e-3, "{:?}", replay.contention());
    assert!((replay.contention().b - 0.01).abs() < 1e-3, "{:?}", replay.contention());
    for j in [3, 4, 6, 12] {
        let prediction = replay.predict(jobs(j));
        let ratio = prediction.time.as_secs_f64() / truth(j).as_secs_f64();
        assert!((ratio - 1.0).abs() < 1e-3, "j = {j}: {ratio}");
        let (low, high) = prediction.band(2.0);
        assert!(low < truth(j) && truth(j) < high);
        assert!(prediction.tail < prediction.time);
    }
}

/// A run with two jobs as the one with the fewest: its own contention is
/// taken out of its items before they are replayed.
#[test]
fn replay_of_a_parallel_recording_takes_its_contention_out() {
    let items = (1..=8).flat_map(|n| [table(n), rows(n + 100, n, 1000 - u64::from(n))]);
    let plan = plan(items.collect());
    // Eight equal items of one second's work; two together take 1.5 s.
    let record = |n: u32| {
        let start = Duration::from_millis(1500 * u64::from((n - 1) / 2));
        let end = start + Duration::from_millis(1500);
        RecordedItem { id: DumpId(n + 100), start, end, demand: None }
    };
    let recording =
        Recording::new(jobs(2), Duration::from_secs(6), (1..=8).map(record).collect()).unwrap();
    let measured = [
        Measured { jobs: jobs(2), time: Duration::from_secs(6) },
        Measured { jobs: jobs(4), time: Duration::from_secs(5) },
        Measured { jobs: jobs(8), time: Duration::from_millis(4500) },
    ];
    let (policy, recordings) = (Policy::SortedList12To16, std::slice::from_ref(&recording));
    let replay = Replay::fit(&plan, policy, Processors::UNKNOWN, recordings, &measured).unwrap();
    assert!((replay.contention().a - 0.5).abs() < 1e-3, "{:?}", replay.contention());
    let serial = replay.predict(jobs(1)).time.as_secs_f64();
    assert!((serial - 8.0).abs() < 0.02, "{serial}");
}

/// Sixteen equal tables that keep a processor and a half busy each, on two
/// processors: two of them are already too many, and more gain nothing.
#[test]
fn replay_knows_the_plateau_of_the_processors() {
    let items = (1..=16).flat_map(|n| [table(n), rows(n + 100, n, 1000 - u64::from(n))]);
    let plan = plan(items.collect());
    let second = |n: u32| Duration::from_secs(n.into());
    let record = |n: u32| RecordedItem {
        id: DumpId(n + 100),
        start: second(n - 1),
        end: second(n),
        demand: Some(Demand::of_processors(1.5)),
    };
    let recordings = [Recording::new(jobs(1), second(16), (1..=16).map(record).collect()).unwrap()];
    let measured = |j, time| Measured { jobs: jobs(j), time: Duration::from_secs_f64(time) };
    let fit = |measured: &[Measured]| {
        let two = Processors::new(2.0).unwrap();
        Replay::fit(&plan, Policy::BinaryHeap17Plus, two, &recordings, measured).unwrap()
    };
    // Known before anything but one job was measured.
    let told = fit(&[measured(1, 16.0)]);
    // What is measured beyond it counts as far as processors carry items.
    let beside = fit(&[measured(1, 16.0), measured(2, 13.2)]);
    assert!((beside.contention().a - 0.1).abs() < 1e-3, "{:?}", beside.contention());
    for j in [2, 4, 8, 16] {
        let [alone, slowed] = [&told, &beside].map(|of| of.predict(jobs(j)).time.as_secs_f64());
        assert!((alone - 12.0).abs() < 1e-3, "j = {j}: {alone}");
        assert!((slowed - 13.2).abs() < 0.01, "j = {j}: {slowed}");
    }
    assert_eq!(told.predict(jobs(1)).time, second(16));
}
