//! What `jobtune restore --dry-run` says.

use std::collections::BTreeSet;

use restore_core::event::ItemName;
use restore_core::native::{Expected, ExpectedRestore, Prospect};
use restore_core::units::Jobs;

use super::format::{self, ratio};
use super::phrases::counted;
use crate::document::{Document, Table};

/// Items that are named of each kind of treatment.
const NAMED: usize = 10;

/// What would be restored with `jobs` workers and in which way, and what to
/// expect of each number in `shown`.
pub fn document(
    prospect: &Prospect,
    jobs: Jobs,
    shown: impl IntoIterator<Item = Jobs>,
) -> Document {
    let (items, bytes) = prospect.size();
    let all: BTreeSet<Jobs> = shown.into_iter().chain([jobs, Jobs::ONE]).collect();
    let expected: Vec<Expected> = all.into_iter().map(|jobs| prospect.expect(jobs)).collect();
    let chosen = prospect.expect(jobs);
    let time = chosen.native.time;
    let mut document = Document::of(format!(
        "Would restore {}, {bytes} of data, with -j {jobs}: {} times as fast as with -j 1{}.",
        counted(items as u32, "item"),
        ratio(chosen.native.speedup),
        time.map(|time| format!(", in {}", format::time(time.as_secs_f64()))).unwrap_or_default(),
    ));
    document.table(
        Table::of(prospect.kinds())
            .number("n", |(_, count)| count.to_string())
            .text("kind", |(kind, _)| kind.as_str().to_owned()),
    );
    document.heading("Otherwise than pg_restore").list(ways(prospect, jobs));
    document.heading("What to expect").table(
        Table::of(expected)
            .number("-j", |of| of.jobs.to_string())
            .number("native", |of| in_words(of.native))
            .number("pg_restore", |of| in_words(of.pg_restore)),
    );
    document.paragraph(if time.is_some() {
        "By the time that pg_restore took for each item in that run, on a server that is never \
         short of processors, memory or disk. What the native engine does faster is not counted."
    } else {
        "Times as fast as one worker, by the sizes in the archive, on a server that is never short \
         of processors, memory or disk. `jobtune sweep --engines pg_restore,native` measures it."
    });
    document
}

fn in_words(of: ExpectedRestore) -> String {
    of.time.map_or_else(|| ratio(of.speedup), |time| format::time(time.as_secs_f64()))
}

/// A sentence for each way that would be taken.
fn ways(prospect: &Prospect, jobs: Jobs) -> Vec<String> {
    let of = prospect.treatment(jobs);
    let with_size = of.in_slices.iter().map(|(item, size)| match size {
        Some(size) => format!("{} ({size})", item.name),
        None => item.name.clone(),
    });
    let names = |items: &[ItemName]| items.iter().map(|item| item.name.clone()).collect();
    let ways: [(&str, Vec<String>); 4] = [
        ("Loaded in slices by several workers", with_size.collect()),
        ("Vacuumed before foreign keys", names(&of.vacuumed)),
        ("Index built before the key", names(&of.early_indexes)),
        ("Foreign key checked apart", names(&of.validated)),
    ];
    let sentences = ways.into_iter().map(|(way, items)| match items.len() {
        0 => format!("{way}: none."),
        count if count > NAMED => {
            format!("{way}: {}, and {} more.", items[..NAMED].join(", "), count - NAMED)
        }
        _ => format!("{way}: {}.", items.join(", ")),
    });
    sentences.collect()
}
