//! What keeps an archive from being restored faster, and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::archive::Archive;
use crate::format::{Format, Method};
use crate::needs::row_checks;
use crate::plan::{Costs, ItemIndex, Plan};
use crate::selection::Selected;
use crate::toc::{DataOffset, ItemKind, SectionsPresent};
use crate::units::{Bytes, Jobs};

use super::Inspection;
use super::words::{item_at, qualified, share};

/// From this part of all data on, one table holds the restore up.
const GIANT_SHARE: f64 = 0.3;
/// Likewise for large objects in one item.
const LARGE_OBJECTS_SHARE: f64 = 0.2;
/// From so many foreign keys to one table on, they are worth a word.
const MANY_FOREIGN_KEYS: usize = 8;
/// And only where they are this part of all work.
const FOREIGN_KEYS_SHARE: f64 = 0.05;
/// From this part of all work on, the serial beginning matters.
const SERIAL_SHARE: f64 = 0.1;
/// Compression of less data than this matters to nobody.
const MUCH_DATA: Bytes = Bytes(64 << 20);
/// Under this speed-up with the best number of jobs, jobs gain little.
const LITTLE: f64 = 1.3;

/// A piece of advice with what was seen. `Display` says what was seen and what
/// to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Advice {
    /// The archive makes no tables, and needs them.
    NeedsTables {
        /// What such an archive is called.
        archive: String,
    },
    /// Options leave out what makes the tables, and not what needs them.
    SelectionNeedsTables,
    /// The archive has definitions alone.
    NoData {
        /// What such an archive is called.
        archive: String,
    },
    /// Files of a directory or tar archive are missing.
    MissingFiles {
        /// Items whose data is missing.
        items: u64,
        /// The first file, without the suffix of a compression.
        first: String,
    },
    /// The format is restored serially.
    SerialFormat {
        /// The format.
        format: String,
    },
    /// The archive does not say where its data is.
    NoOffsets {
        /// Items without a place.
        items: u64,
    },
    /// One table has much of the data.
    GiantTable {
        /// The table.
        table: String,
        /// Its part of all data.
        share: f64,
    },
    /// Large objects that one worker restores.
    LargeObjectsInOneItem {
        /// Their size as stored.
        bytes: Bytes,
        /// Their part of all data.
        share: f64,
        /// Whether the `pg_dump` of the archive knows how to split them.
        can_be_split: bool,
    },
    /// Foreign keys that exclude each other.
    ManyForeignKeys {
        /// The table that they refer to.
        table: String,
        /// How many.
        keys: usize,
        /// Their part of all work.
        share: f64,
    },
    /// The beginning, which is serial, is much of the restore.
    LongSerialPart {
        /// Items that it has.
        items: usize,
        /// Its part of all work.
        share: f64,
    },
    /// The rows are INSERT commands.
    Inserts {
        /// Tables whose rows are.
        tables: u64,
    },
    /// gzip, where another method would decompress faster.
    SlowCompression {
        /// The data as stored.
        bytes: Bytes,
        /// Whether the `pg_dump` that made the archive knows a faster one.
        knows_faster: bool,
    },
    /// Rows are checked by functions that may read other tables.
    ChecksByFunctions {
        /// Tables with such a check.
        tables: usize,
        /// The first of them.
        table: String,
        /// The function that checks its rows.
        function: String,
    },
    /// More jobs gain little whatever their number.
    LittleToGain {
        /// How many times as fast as one job the best number is.
        speedup: f64,
        /// That number.
        jobs: Jobs,
    },
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        match self {
            Self::NeedsTables { archive } => write!(
                f,
                "The archive is {archive}: it does not make the tables that a restore of it needs. \
                 Name scripts that make them, [restore] before = [\"tables.sql\"], or dump again \
                 with all sections."
            ),
            Self::SelectionNeedsTables => f.write_str(
                "The options leave out every definition that comes before the data: the tables \
                 that a restore of the rest needs must be there already.",
            ),
            Self::NoData { archive } => write!(
                f,
                "The archive is {archive}: it has no rows, so that a restore of it does not show \
                 what -j does for data."
            ),
            Self::MissingFiles { items, first } => write!(
                f,
                "The data of {items} items is missing, the first in the file {first}: a restore \
                 fails there. Copy the archive again, or dump again."
            ),
            Self::SerialFormat { format } => write!(
                f,
                "A {format} archive is restored by one connection, whatever -j says. Dump with \
                 -Fd (directory) or -Fc (custom) to restore in parallel."
            ),
            Self::NoOffsets { items } => write!(
                f,
                "The places of {items} items are not in the archive, as it was written to a pipe: \
                 each worker reads through it to find its data, and large tables are not taken \
                 first. Dump to a file (pg_dump --file) instead, or with -Fd."
            ),
            Self::GiantTable { table, share } => write!(
                f,
                "{table} is {} of the data, and one worker loads it: loading cannot become more \
                 than {:.1} times as fast with any -j. Partition it, so that its parts are loaded \
                 side by side.",
                percent(*share),
                1.0 / share
            ),
            Self::LargeObjectsInOneItem { bytes, share, can_be_split } => {
                write!(
                    f,
                    "{bytes} of large objects ({} of the data) are one item, which one worker \
                     restores.",
                    percent(*share)
                )?;
                f.write_str(if *can_be_split {
                    " Keep large values in a table instead."
                } else {
                    " pg_dump 17 or newer splits them into groups that are restored side by side."
                })
            }
            Self::ManyForeignKeys { table, keys, share } => write!(
                f,
                "{keys} foreign keys to {table} lock it one after the other ({} of all work), \
                 whatever -j says. If the restore must be short, leave them out (pg_restore -L), add \
                 them NOT VALID, and VALIDATE them side by side.",
                percent(*share)
            ),
            Self::LongSerialPart { items, share } => write!(
                f,
                "{items} items ({} of all work) are made by one connection before the workers \
                 start. More jobs do not help there: a faster single core and a short distance to \
                 the server do.",
                percent(*share)
            ),
            Self::Inserts { tables } => write!(
                f,
                "The rows of {tables} tables are INSERT commands, which load several times more \
                 slowly than COPY. Dump without --inserts and --column-inserts."
            ),
            Self::SlowCompression { bytes, knows_faster } => {
                let with = if *knows_faster {
                    "Dump with --compress=zstd or lz4"
                } else {
                    "Dump with pg_dump 16 or newer and --compress=zstd or lz4"
                };
                write!(
                    f,
                    "{bytes} of data are gzip. pg_restore decompresses on the machine that it runs \
                     on, and gzip takes it several times the processor time of zstd or lz4, which \
                     matters where the server shares these cores. {with}."
                )
            }
            Self::ChecksByFunctions { tables, table, function } => write!(
                f,
                "Functions that are not IMMUTABLE check rows while they are loaded. Tables with \
                 such checks: {tables}, the first {table} by {function}. If one reads another table, a restore with more \
                 than one job fails or not by the order in which tables are loaded: use a trigger \
                 or a foreign key instead."
            ),
            Self::LittleToGain { speedup, jobs } => write!(
                f,
                "The best that jobs can do is {speedup:.1} times the speed of one (-j {jobs}): too \
                 little of this archive can run at once. See what the critical path is made of."
            ),
        }
    }
}

/// All advice for an archive, what gains most first.
pub(super) fn of(
    archive: &Archive,
    selected: &Selected<'_>,
    plan: &Plan,
    costs: &Costs,
    inspection: &Inspection,
) -> Vec<Advice> {
    let parallel = archive.format().is_parallel();
    let only_parallel = [
        checks_by_functions(selected),
        no_offsets(archive, inspection),
        giant_table(inspection),
        large_objects(archive, inspection),
        many_foreign_keys(selected, plan, costs),
        long_serial_part(inspection),
    ];
    let serial = (!parallel).then(|| Advice::SerialFormat { format: archive.format().to_string() });
    [missing_files(selected), missing_sections(archive, selected), serial]
        .into_iter()
        .flatten()
        .chain(only_parallel.into_iter().flatten().filter(|_| parallel))
        .chain(inserts(inspection))
        .chain(slow_compression(archive, inspection))
        .chain(little_to_gain(inspection).filter(|_| parallel))
        .collect()
}

fn missing_files(selected: &Selected<'_>) -> Option<Advice> {
    let mut files = selected.kept().filter_map(|(_, item)| match &item.data {
        DataOffset::File(name) if item.data_length.is_none() => Some(name),
        _ => None,
    });
    let first = files.next()?.clone();
    Some(Advice::MissingFiles { items: files.count() as u64 + 1, first })
}

fn missing_sections(archive: &Archive, selected: &Selected<'_>) -> Option<Advice> {
    let present = archive.toc().sections_present();
    if !present.needs_tables() {
        let kept = SectionsPresent::of(selected.kept().map(|(_, item)| item));
        if kept.needs_tables() {
            return Some(Advice::SelectionNeedsTables);
        }
    }
    let archive = present.name()?.to_owned();
    Some(if present.needs_tables() {
        Advice::NeedsTables { archive }
    } else {
        Advice::NoData { archive }
    })
}

fn checks_by_functions(selected: &Selected<'_>) -> Option<Advice> {
    let checks = row_checks(&selected.kept().map(|(_, item)| item).collect::<Vec<_>>());
    let first = checks.first()?;
    Some(Advice::ChecksByFunctions {
        tables: checks.len(),
        table: first.table.clone(),
        function: first.function.clone(),
    })
}

fn no_offsets(archive: &Archive, inspection: &Inspection) -> Option<Advice> {
    let items = inspection.data.without_offset;
    (archive.format() == Format::Custom && items > 0).then_some(Advice::NoOffsets { items })
}

fn giant_table(inspection: &Inspection) -> Option<Advice> {
    let table = inspection.tables.first().filter(|table| table.data_share >= GIANT_SHARE)?;
    Some(Advice::GiantTable { table: table.name.clone(), share: table.data_share })
}

fn large_objects(archive: &Archive, inspection: &Inspection) -> Option<Advice> {
    let row = inspection.contents.iter().find(|row| row.kind == ItemKind::Blobs)?;
    let is_much = row.items == 1 && row.data_share >= LARGE_OBJECTS_SHARE;
    is_much.then(|| Advice::LargeObjectsInOneItem {
        bytes: row.data_bytes.unwrap_or_default(),
        share: row.data_share,
        can_be_split: archive.header().version.groups_large_objects(),
    })
}

/// The table whose foreign keys take most of the work together.
fn many_foreign_keys(selected: &Selected<'_>, plan: &Plan, costs: &Costs) -> Option<Advice> {
    let toc = selected.toc();
    let is_foreign_key = |item: &ItemIndex| {
        plan.is_wanted(*item) && item_at(toc, *item).kind == ItemKind::ForeignKey
    };
    let mut to_table = vec![(0_usize, 0_u128); plan.len()];
    for key in plan.items().filter(is_foreign_key) {
        for table in plan.exclusive_locks(key) {
            let (keys, work) = &mut to_table[table.as_usize()];
            *keys += 1;
            *work += u128::from(costs.of(key).0);
        }
    }
    let many = plan.items().filter(|table| to_table[table.as_usize()].0 >= MANY_FOREIGN_KEYS);
    let table = many.max_by_key(|table| to_table[table.as_usize()].1)?;
    let (keys, work) = to_table[table.as_usize()];
    let share = share(work, costs.total());
    (share >= FOREIGN_KEYS_SHARE).then(|| Advice::ManyForeignKeys {
        table: qualified(item_at(toc, table)),
        keys,
        share,
    })
}

fn long_serial_part(inspection: &Inspection) -> Option<Advice> {
    let serial = &inspection.serial;
    (serial.leader_share >= SERIAL_SHARE).then_some(Advice::LongSerialPart {
        items: serial.leader_items,
        share: serial.leader_share,
    })
}

fn inserts(inspection: &Inspection) -> Option<Advice> {
    let tables = inspection.data.as_inserts;
    (tables > 0).then_some(Advice::Inserts { tables })
}

fn slow_compression(archive: &Archive, inspection: &Inspection) -> Option<Advice> {
    let is_gzip = archive.header().compression.method() == Method::Gzip;
    let knows_faster =
        archive.header().dumped_by_major().is_some_and(|major| major >= Method::Zstd.since_major());
    (is_gzip && inspection.data.bytes >= MUCH_DATA)
        .then_some(Advice::SlowCompression { bytes: inspection.data.bytes, knows_faster })
}

fn little_to_gain(inspection: &Inspection) -> Option<Advice> {
    let enough = &inspection.enough;
    let speedup = enough.speedup.value;
    (speedup < LITTLE).then_some(Advice::LittleToGain { speedup, jobs: enough.jobs })
}
