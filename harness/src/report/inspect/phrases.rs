//! The sentences of an inspection.

use restore_core::inspect::{
    Basis, Inspection, LeftOut, OnTable, SelectionSummary, SizesFrom, Speedup, Way,
};

use super::here::Here;
use super::needs::encoding_and_locale;
use crate::report::format;
use crate::report::replay::processors;

/// Under this speed-up jobs gain little.
const LITTLE: f64 = 1.3;

/// What is made on a table is named up to so many; the rest is counted.
const NAMED: usize = 4;

/// What to expect of -j, in one sentence.
pub(super) fn answer(inspection: &Inspection, here: Option<&Here>) -> String {
    if inspection.selection.as_ref().is_some_and(|of| of.restored_items == 0) {
        return "Nothing would be restored: the options leave out every item.".to_owned();
    }
    if inspection.forecast.is_empty() {
        return format!(
            "-j gains nothing: pg_restore restores {} archives with one connection.",
            inspection.head.format
        );
    }
    let jobs = inspection.enough.jobs;
    let gained = format::ratio(inspection.enough.speedup.value);
    let range = in_brackets(&inspection.enough.speedup);
    let floor =
        costliest(inspection).map(|item| format!("; {item} sets the floor")).unwrap_or_default();
    if let Some((here, time)) = here.and_then(|here| Some((here, here.time(here.enough)?))) {
        let band = format::time_interval(time).unwrap_or_default();
        return format!(
            "Expect {} ({band}) with -j {} on the server of this run, and nothing from more jobs; \
             an idle server with enough cores could gain up to {gained} times the speed of -j 1 \
             with -j {jobs}{floor}.",
            format::time(time.value),
            here.enough,
        );
    }
    if inspection.enough.speedup.value < LITTLE {
        return format!(
            "-j gains little: no number of jobs restores this archive more than about {gained} times \
             as fast as one{range}{floor}."
        );
    }
    let beyond = if inspection.enough.is_largest_tried {
        "more than 64 jobs may gain further"
    } else {
        "more jobs gain nothing"
    };
    format!(
        "Expect up to about {gained} times the speed of -j 1{range}, reached with -j {jobs} if the \
         server has that many idle cores; {beyond}{floor}."
    )
}

/// The range that the costs leave open, where it is one.
fn in_brackets(speedup: &Speedup) -> String {
    let (Some(low), Some(high)) = (speedup.low, speedup.high) else { return String::new() };
    let (low, high) = (format::ratio(low), format::ratio(high));
    if low == high { String::new() } else { format!(" ({low} to {high})") }
}

/// The costliest part of the critical path.
fn costliest(inspection: &Inspection) -> Option<String> {
    let steps = inspection.critical_path.steps.iter();
    let step = steps.max_by(|a, b| a.share.total_cmp(&b.share))?;
    let serial = inspection.serial.leader_share;
    Some(if serial > step.share {
        format!("what one connection makes before the workers start ({})", format::percent(serial))
    } else {
        format!("{} {}", step.kind.as_str(), step.name)
    })
}

/// The archive in a line.
pub(super) fn title(archive: &str, inspection: &Inspection) -> String {
    let head = &inspection.head;
    format!(
        "{archive}: {} archive, {}, {} items, {} of data",
        head.format, head.compression, head.items, inspection.data.bytes
    )
}

/// Where the archive comes from, and by which rules it is planned.
pub(super) fn origin(inspection: &Inspection) -> String {
    let head = &inspection.head;
    let words = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    format!(
        "Database {}{} of PostgreSQL {}, dumped {} by pg_dump {}; archive format {}; planned as \
         pg_restore {} does.",
        words(&head.database),
        encoding_and_locale(&inspection.source),
        words(&head.server_version),
        words(&head.created),
        words(&head.dumped_by),
        head.archive_version,
        head.rules_of
    )
}

/// What options leave of the archive.
pub(super) fn selection(selection: &SelectionSummary) -> Vec<String> {
    let options = shlex::try_join(selection.options.iter().map(String::as_str));
    let options = options.unwrap_or_else(|_| selection.options.join(" "));
    let (restored, left_out) = (selection.restored_items, selection.left_out_items);
    let of_kind = |of: &LeftOut| format!("{} {}", of.items, of.kind.as_str());
    let by_kind: Vec<String> = selection.left_out.iter().map(of_kind).collect();
    let mut sentences = vec![if left_out == 0 {
        format!("{options} leaves out nothing: {restored} items are restored.")
    } else {
        format!(
            "{options}: {restored} items are restored, {left_out} are left out ({}).",
            by_kind.join(", ")
        )
    }];
    let without_match = selection.without_match.iter();
    sentences
        .extend(without_match.map(|option| format!("{option}: the archive has no such name.")));
    if !selection.unknown.is_empty() {
        sentences.push(format!(
            "{}: jobtune does not know this, and shows what the other options leave.",
            selection.unknown.join(" ")
        ));
    }
    sentences
}

/// Which tables are listed.
pub(super) fn tables_title(inspection: &Inspection) -> String {
    let (shown, all) = (inspection.tables.len(), inspection.tables_in_all);
    if shown < all {
        format!("Largest tables ({shown} of {all})")
    } else {
        "Tables with data".to_owned()
    }
}

/// What is made on a table once it is loaded.
pub(super) fn made_after(after: &[OnTable]) -> String {
    let mut named: Vec<String> = after
        .iter()
        .take(NAMED)
        .map(|made| format!("{} {}", made.kind.as_str(), made.name))
        .collect();
    if after.len() > NAMED {
        named.push(format!("{} more", after.len() - NAMED));
    }
    if named.is_empty() { "nothing".to_owned() } else { named.join(", ") }
}

/// How the data is kept.
pub(super) fn data(inspection: &Inspection) -> String {
    let data = &inspection.data;
    let compression = match inspection.head.compression.as_str() {
        "none" => "The data is not compressed.".to_owned(),
        other => format!("The data is compressed with {other}: {} as stored.", data.bytes),
    };
    let places = if data.without_offset > 0 {
        format!(
            "{} of {} items with data have no place in the table of contents.",
            data.without_offset, data.with_data
        )
    } else {
        format!("The places of all {} items with data are known.", data.with_data)
    };
    let sizes = match data.sizes_from {
        SizesFrom::TableOfContents => "",
        SizesFrom::ReadingThrough => {
            " Sizes were found by reading through the archive; pg_restore does not know them."
        }
    };
    let rows = if data.as_inserts > 0 {
        format!("The rows of {} tables are INSERT commands.", data.as_inserts)
    } else {
        "The rows are COPY data.".to_owned()
    };
    format!("{compression} {places}{sizes} {rows}")
}

/// What runs alone, whatever the number of jobs.
pub(super) fn serial(inspection: &Inspection) -> Vec<String> {
    let serial = &inspection.serial;
    let mut sentences = vec![format!(
        "{} items before the workers start: {} of all work.",
        serial.leader_items,
        format::percent(serial.leader_share)
    )];
    if serial.missed_items > 0 {
        sentences.push(format!(
            "{} items that depend on each other in a circle, after the workers end: {} of all work.",
            serial.missed_items,
            format::percent(serial.missed_share)
        ));
    }
    if let Some(item) = &serial.largest_item {
        sentences.push(format!(
            "The costliest single item, which is never split: {item}, {} of all work.",
            format::percent(serial.largest_share)
        ));
    }
    sentences
}

/// What concurrency is told of.
pub(super) fn at_once(inspection: &Inspection) -> String {
    format!("On a server without limits; at most {}.", inspection.most_at_once)
}

/// What the critical path comes to.
pub(super) fn critical_path(way: &Way) -> String {
    let locks = way
        .locked_table
        .as_ref()
        .map(|table| {
            format!(" Items that lock {table} exclude each other, which makes it this long.")
        })
        .unwrap_or_default();
    format!(
        "{} items that must follow one another are {} of all work: no -j is more than {} times as \
         fast as -j 1.{locks}",
        way.items,
        format::percent(way.share),
        format::ratio(way.most_speedup),
    )
}

/// The range that the costs leave open: `1.71 - 2.00`.
pub(super) fn range(speedup: &Speedup) -> String {
    match (speedup.low, speedup.high) {
        (Some(low), Some(high)) => format!("{} - {}", format::ratio(low), format::ratio(high)),
        _ => String::new(),
    }
}

/// What the forecast rests on.
pub(super) fn forecast_basis(inspection: &Inspection, here: Option<&Here>) -> String {
    let mut sentences = vec![
        "Against -j 1, by pg_restore's own schedule on a server that is never short of cores, \
         memory or disk: yours will gain less. \"At most\" is what no schedule can exceed."
            .to_owned(),
    ];
    sentences.push(match inspection.basis {
        Basis::Sizes => "Costs are guessed from the sizes of the data: an index as 40 % of its \
                         table's load, a foreign key as 20 %. The range assumes half and twice \
                         that, since single indexes are off by as much. For times instead \
                         of guesses, sweep it and give the run with --run."
            .to_owned(),
        Basis::Measured => "Costs are the times of the items in the run.".to_owned(),
    });
    if let Some(here) = here {
        let off = here.residuals.iter().map(|of| of.ratio.abs()).fold(0.0, f64::max);
        sentences.push(format!(
            "Times here are predicted for the server of the run ({}{}) by replay, fitted to its {} \
             measured -j and off by at most {} there.",
            here.title,
            processors(here.processors),
            here.residuals.len(),
            format::percent(off)
        ));
    }
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_on_a_table_is_named_and_then_counted() {
        let on = |name: &str| OnTable { kind: "INDEX".into(), name: name.to_owned() };
        assert_eq!(made_after(&[]), "nothing");
        assert_eq!(made_after(&[on("a"), on("b")]), "INDEX a, INDEX b");
        let many: Vec<OnTable> = ["a", "b", "c", "d", "e", "f"].map(on).into();
        assert!(made_after(&many).ends_with("INDEX d, 2 more"));
    }
}
