//! What `pg_restore -j N -v` says of its items, held against the schedule.

use restore_core::plan::{ItemIndex, Plan};
use restore_core::schedule::{Lane, Schedule, Step};
use restore_core::units::DumpId;

/// What the leader said of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Restored it itself, before the workers started.
    Processing(DumpId),
    Launching(DumpId),
    Skipping(DumpId),
    Finished(DumpId),
    /// Restored it itself, after the workers ended.
    Missed(DumpId),
}

/// Goes through a log as `pg_restore`'s leader went through its loop.
///
/// After a finish and after a skip the leader always looks for an item; after
/// a launch it looks only if nothing has finished meanwhile. So where a
/// finish follows a finish or a skip, the schedule must have had nothing to
/// start; and where something was launched, exactly that.
///
/// Returns how many launches there were, and what the schedule would do next
/// at the end of the log.
pub(crate) fn follow(
    plan: &Plan,
    mut schedule: Schedule<'_>,
    log: &[Event],
) -> Result<(usize, Step), String> {
    let find = |id: DumpId| plan.find(id).ok_or(format!("no item {id} in the archive"));
    let mut launches = 0;
    let mut previous = None;
    for (line, &event) in log.iter().enumerate() {
        let expected = |wanted: Step, seen: Step| {
            if wanted == seen {
                return Ok(());
            }
            Err(format!("line {}: pg_restore: {event:?}; the schedule: {seen:?}", line + 1))
        };
        match event {
            Event::Processing(id) | Event::Missed(id) => {
                let item = find(id)?;
                if lead(plan, &mut schedule, item) != Some(item) {
                    return Err(format!("line {}: the leader was not to do {event:?}", line + 1));
                }
            }
            Event::Launching(id) => {
                let item = find(id)?;
                let step = schedule.next_step();
                let Step::Start { lane: Lane::Worker(_), item: started } = step else {
                    return Err(format!("line {}: {event:?}, but {step:?}", line + 1));
                };
                if started != item {
                    let instead = plan.id(started);
                    return Err(format!("line {}: {event:?}, but {instead} was due", line + 1));
                }
                launches += 1;
            }
            Event::Skipping(id) => expected(Step::Skip(find(id)?), schedule.next_step())?,
            Event::Finished(id) => {
                if matches!(previous, Some(Event::Finished(_) | Event::Skipping(_))) {
                    expected(Step::Wait, schedule.next_step())?;
                }
                schedule.finish(find(id)?);
            }
        }
        previous = Some(event);
    }
    Ok((launches, schedule.next_step()))
}

/// Has the leader do its next item, and says which it was.
fn lead(plan: &Plan, schedule: &mut Schedule<'_>, wanted: ItemIndex) -> Option<ItemIndex> {
    match schedule.next_step() {
        Step::Start { item, lane: Lane::Leader } => {
            schedule.finish(item);
            Some(item)
        }
        // pg_restore says "processing" of what it then has nothing to do for.
        Step::Skip(item) if !plan.is_wanted(wanted) => Some(item),
        _ => None,
    }
}
