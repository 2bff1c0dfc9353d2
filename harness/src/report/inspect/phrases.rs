//! The sentences and tables that all renderings of an inspection share.

use restore_core::inspect::{Basis, Inspection, OnTable, SizesFrom, Speedup, TableRow};
use restore_core::units::Jobs;

use super::{Here, InspectReport};
use crate::report::format;
use crate::report::replay::processors;

/// Under this speed-up jobs gain little.
const LITTLE: f64 = 1.3;

/// What is made on a table is named up to so many; the rest is counted.
const NAMED: usize = 4;

/// A table to be shown: its title, what has to be known to read it, its
/// headings, and its rows.
pub(super) struct Block {
    pub(super) title: String,
    pub(super) before: Vec<String>,
    pub(super) headings: Vec<&'static str>,
    /// Which columns are text: the others are numbers, to the right.
    pub(super) text_columns: Vec<usize>,
    pub(super) rows: Vec<Vec<String>>,
    /// The row that matters most.
    pub(super) marked: Option<usize>,
}

impl Block {
    fn text(title: &str, before: Vec<String>) -> Self {
        Self {
            title: title.to_owned(),
            before,
            headings: Vec::new(),
            text_columns: Vec::new(),
            rows: Vec::new(),
            marked: None,
        }
    }
}

/// What to expect of -j, in one sentence.
pub(super) fn answer(inspection: &Inspection, here: Option<&Here>) -> String {
    if inspection.forecast.is_empty() {
        return format!(
            "Expect nothing of -j: pg_restore restores {} archives with one connection.",
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
            "Expect little of -j: no number of jobs restores this archive more than about {gained} \
             times as fast as one{range}{floor}."
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

/// Everything but the answer and the advice, in its order.
pub(super) fn blocks(report: &InspectReport) -> Vec<Block> {
    let inspection = &report.inspection;
    let mut blocks = vec![head(report), contents(inspection)];
    blocks.extend((!inspection.tables.is_empty()).then(|| tables(inspection)));
    blocks.push(Block::text("Compression and offsets", data(inspection)));
    blocks.push(Block::text("What is serial", serial(inspection)));
    blocks.push(concurrency(inspection));
    blocks.push(critical_path(inspection));
    blocks.extend((!inspection.forecast.is_empty()).then(|| forecast(report)));
    blocks
}

fn head(report: &InspectReport) -> Block {
    let head = &report.inspection.head;
    let title = format!(
        "{}: {} archive, {}, {} items, {} of data",
        report.archive, head.format, head.compression, head.items, report.inspection.data.bytes
    );
    let unknown = || "not told".to_owned();
    let words = |text: &Option<String>| text.clone().unwrap_or_else(unknown);
    let facts = format!(
        "Database {} of PostgreSQL {}, dumped {} by pg_dump {}; archive format {}; planned as \
         pg_restore {} does.",
        words(&head.database),
        words(&head.server_version),
        words(&head.created),
        words(&head.dumped_by),
        head.archive_version,
        head.rules_of
    );
    Block::text(&title, vec![facts])
}

fn contents(inspection: &Inspection) -> Block {
    let row = |row: &restore_core::inspect::ContentRow| {
        vec![
            row.section.name().to_owned(),
            row.kind.as_str().to_owned(),
            row.items.to_string(),
            row.data_bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
            if row.data_bytes.is_some() { format::percent(row.data_share) } else { String::new() },
        ]
    };
    Block {
        headings: vec!["section", "kind", "items", "data", "of all data"],
        text_columns: vec![0, 1],
        rows: inspection.contents.iter().map(row).collect(),
        ..Block::text("Contents", Vec::new())
    }
}

fn tables(inspection: &Inspection) -> Block {
    let row = |table: &TableRow| {
        vec![
            table.name.clone(),
            table.data_bytes.map_or("not told".to_owned(), |bytes| bytes.to_string()),
            format::percent(table.data_share),
            made_after(&table.after),
        ]
    };
    let (shown, all) = (inspection.tables.len(), inspection.tables_in_all);
    let title = if shown < all {
        format!("Largest tables ({shown} of {all})")
    } else {
        "Tables with data".to_owned()
    };
    Block {
        headings: vec!["table", "data", "of all", "made on it after its data"],
        text_columns: vec![0, 3],
        rows: inspection.tables.iter().map(row).collect(),
        ..Block::text(&title, Vec::new())
    }
}

fn made_after(after: &[OnTable]) -> String {
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

fn data(inspection: &Inspection) -> Vec<String> {
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
    vec![format!("{compression} {places}{sizes} {rows}")]
}

fn serial(inspection: &Inspection) -> Vec<String> {
    let serial = &inspection.serial;
    let mut sentences = vec![format!(
        "{} items before the workers start: {} of all work.",
        serial.leader_items,
        format::percent(serial.leader_share)
    )];
    if serial.missed_items > 0 {
        sentences.push(format!(
            "{} items that wait for each other in a circle, after the workers: {} of all work.",
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

fn concurrency(inspection: &Inspection) -> Block {
    let row = |of: &restore_core::inspect::Concurrency| {
        let range =
            if of.from == of.to { of.from.to_string() } else { format!("{} - {}", of.from, of.to) };
        vec![
            range,
            format::percent(of.time_share),
            format::percent(of.work_share),
            "#".repeat((of.time_share * 40.0).round() as usize),
        ]
    };
    Block {
        headings: vec!["at once", "of the time", "of the work", ""],
        text_columns: vec![3],
        rows: inspection.concurrency.iter().map(row).collect(),
        ..Block::text(
            "How many items could run at once",
            vec![format!(
                "If nothing but the archive set the pace; {} at the most.",
                inspection.most_at_once
            )],
        )
    }
}

fn critical_path(inspection: &Inspection) -> Block {
    let way = &inspection.critical_path;
    let locks = way
        .locked_table
        .as_ref()
        .map(|table| format!(" What locks {table} excludes each other, and makes it this long."))
        .unwrap_or_default();
    let before = format!(
        "{} items that must follow one another are {} of all work: no -j is more than {} times as \
         fast as -j 1.{locks}",
        way.items,
        format::percent(way.share),
        format::ratio(way.most_speedup),
    );
    let row = |step: &restore_core::inspect::PathStep| {
        vec![step.kind.as_str().to_owned(), step.name.clone(), format::percent(step.share)]
    };
    let serial = &inspection.serial;
    let leader = (serial.leader_items > 0).then(|| {
        let items = format!("the {} before the workers start", serial.leader_items);
        vec!["items".to_owned(), items, format::percent(serial.leader_share)]
    });
    Block {
        headings: vec!["kind", "name", "of all work"],
        text_columns: vec![0, 1],
        rows: leader.into_iter().chain(way.steps.iter().map(row)).collect(),
        ..Block::text("Critical path", vec![before])
    }
}

fn forecast(report: &InspectReport) -> Block {
    let inspection = &report.inspection;
    let here = report.here.as_ref();
    let has_range = inspection.enough.speedup.low.is_some();
    let mut headings = vec!["-j", "speed-up"];
    if has_range {
        headings.push("range");
    }
    headings.extend(["at most", "workers idle"]);
    if here.is_some() {
        headings.extend(["time here", "95 % band"]);
    }
    let rows: Vec<Vec<String>> = inspection
        .forecast
        .iter()
        .map(|of| {
            let mut row = vec![of.jobs.to_string(), format::ratio(of.speedup.value)];
            if has_range {
                row.push(range(&of.speedup));
            }
            row.extend([format::ratio(of.most_speedup), format::percent(of.idle_share)]);
            if let Some(here) = here {
                row.extend(time_here(here, of.jobs));
            }
            row
        })
        .collect();
    let marked = inspection.forecast.iter().position(|of| of.jobs == inspection.enough.jobs);
    Block { headings, rows, marked, ..Block::text("What to expect of -j", forecast_basis(report)) }
}

fn range(speedup: &Speedup) -> String {
    match (speedup.low, speedup.high) {
        (Some(low), Some(high)) => format!("{} - {}", format::ratio(low), format::ratio(high)),
        _ => String::new(),
    }
}

fn time_here(here: &Here, jobs: Jobs) -> [String; 2] {
    match here.time(jobs) {
        Some(time) => [format::time(time.value), format::time_interval(time).unwrap_or_default()],
        None => [String::new(), String::new()],
    }
}

fn forecast_basis(report: &InspectReport) -> Vec<String> {
    let mut sentences = vec![
        "Against -j 1, by pg_restore's own schedule on a server that is never short of cores, \
         memory or disk: yours will give less. \"At most\" is what no schedule can exceed."
            .to_owned(),
    ];
    sentences.push(match report.inspection.basis {
        Basis::Sizes => "Costs are guessed from the sizes of the data: an index as 40 % of its \
                         table's load, a foreign key as 20 %. The range is what comes of half and \
                         of twice that, which is how far single indexes are off. For times instead \
                         of guesses, sweep it and give the run with --run."
            .to_owned(),
        Basis::Measured => "Costs are the times of the items in the run.".to_owned(),
    });
    if let Some(here) = &report.here {
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
    sentences
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
