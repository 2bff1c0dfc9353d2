//! Reads the verbose log of `pg_restore`.
//!
//! The messages are those of `pg_backup_archiver.c`; they were compared with
//! the output of PostgreSQL 15, 17 and 18. They are translated in other
//! locales, so the engine asks for the C locale.

use super::LineMeaning;
use crate::event::{Happening, ItemName};
use crate::toc::ItemKind;
use crate::units::DumpId;

/// Reads one line after the other.
#[derive(Debug, Default)]
pub(super) struct LogReader {
    /// With two jobs or more, items are announced with their numbers, and the
    /// lines without numbers say the same again.
    numbered: bool,
}

impl LogReader {
    /// What `line` means.
    pub(super) fn read(&mut self, line: &str) -> LineMeaning {
        let (mark, text) = split_marks(line);
        // A numbered item is told by its own words, whatever stands before.
        if let Some(happening) = self.progress(text) {
            return LineMeaning::Event(happening);
        }
        if let Some(count) = text.strip_prefix(ERRORS_IGNORED) {
            return LineMeaning::ErrorCount(count.trim().parse().unwrap_or(1));
        }
        match mark {
            Mark::Error => LineMeaning::Event(Happening::Error(text.to_owned())),
            Mark::Program if !text.starts_with("from TOC entry ") => LineMeaning::Nothing,
            Mark::Program | Mark::Nothing | Mark::Note => LineMeaning::Message,
        }
    }

    fn progress(&mut self, text: &str) -> Option<Happening> {
        if text == "entering main parallel loop" {
            self.numbered = true;
            return Some(Happening::WorkersBegin);
        }
        if text == "finished main parallel loop" {
            return Some(Happening::WorkersEnd);
        }
        for (prefix, happening) in NUMBERED {
            if let Some(item) = text.strip_prefix(prefix).and_then(numbered_item) {
                self.numbered = true;
                return Some(happening(item));
            }
        }
        if self.numbered {
            return None;
        }
        unnumbered_item(text).map(Happening::SerialItem)
    }
}

/// What stands before a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    /// Nothing: the continuation of a message, or of a name with a line feed.
    Nothing,
    /// The program's name.
    Program,
    /// `warning: `, `detail: ` or `hint: `.
    Note,
    /// `error: `.
    Error,
}

const ERRORS_IGNORED: &str = "errors ignored on restore: ";

/// Splits the marks from the message behind them.
///
/// The leader and its workers write to the same pipe, each message in several
/// pieces: the program's name, a space, the level, and the text with its line
/// end (`pg_log_generic_v` in `src/common/logging.c`, standard error being
/// unbuffered). So the text is whole, and before it may stand marks of other
/// messages: `pg_restore: pg_restore:finished item 12 INDEX x`.
fn split_marks(line: &str) -> (Mark, &str) {
    const MARKS: [(&str, Mark); 6] = [
        ("pg_restore:", Mark::Program),
        ("error: ", Mark::Error),
        ("warning: ", Mark::Note),
        ("detail: ", Mark::Note),
        ("hint: ", Mark::Note),
        (" ", Mark::Nothing),
    ];
    let (mut mark, mut rest) = (Mark::Nothing, line);
    while let Some((text, found)) = MARKS.iter().find(|(text, _)| rest.starts_with(text)) {
        mark = mark.max(*found);
        rest = &rest[text.len()..];
    }
    (mark, rest)
}

type MakeHappening = fn(ItemName) -> Happening;

const NUMBERED: [(&str, MakeHappening); 4] = [
    ("launching item ", Happening::Launched),
    ("finished item ", Happening::Finished),
    ("processing item ", Happening::SerialItem),
    ("processing missed item ", Happening::SerialItem),
];

/// `3374 SEQUENCE OWNED BY b_id_seq`
fn numbered_item(text: &str) -> Option<ItemName> {
    let (id, rest) = text.split_once(' ')?;
    let (kind, name) = split_kind(rest);
    Some(ItemName {
        id: Some(DumpId(id.parse().ok()?)),
        kind: kind.to_owned(),
        name: name.to_owned(),
    })
}

/// `creating INDEX "public.b_r_idx"`, and the other forms that a serial
/// restore prints when it starts an item.
fn unnumbered_item(text: &str) -> Option<ItemName> {
    let item = |kind: &str, name: &str| {
        Some(ItemName { id: None, kind: kind.to_owned(), name: name.to_owned() })
    };
    if let Some(name) = text.strip_prefix("processing data for table ") {
        return item(ItemKind::TableData.as_str(), unquoted(name));
    }
    if let Some(kind) = text.strip_prefix("processing ") {
        return (kind == ItemKind::Blobs.as_str()).then(|| item(kind, kind)).flatten();
    }
    if let Some(rest) = text.strip_prefix("creating ") {
        let (kind, name) = rest.split_once(" \"")?;
        return item(kind, name.strip_suffix('"').unwrap_or(name));
    }
    let (kind, name) = split_kind(text.strip_prefix("executing ")?);
    item(kind, name)
}

fn unquoted(name: &str) -> &str {
    let name = name.strip_prefix('"').unwrap_or(name);
    name.strip_suffix('"').unwrap_or(name)
}

/// Splits `SEQUENCE OWNED BY b_id_seq` behind the kind.
///
/// Kinds are words of capital letters, and so may be names. The longest known
/// kind wins; for the rest the capital words are the kind, up to the last
/// word, which is always part of the name.
fn split_kind(text: &str) -> (&str, &str) {
    let ends: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).collect();
    let capitals = ends
        .iter()
        .take_while(|&&end| {
            let word = text[..end].rsplit(' ').next().unwrap_or_default();
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase())
        })
        .copied();
    let capitals: Vec<usize> = capitals.collect();
    let known = capitals
        .iter()
        .rev()
        .find(|&&end| !matches!(ItemKind::from(&text[..end]), ItemKind::Other(_)));
    match known.or(capitals.last()) {
        Some(&end) => (&text[..end], &text[end + 1..]),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(log: &str) -> Vec<Happening> {
        let mut reader = LogReader::default();
        log.lines()
            .filter_map(|line| match reader.read(line) {
                LineMeaning::Event(what) => Some(what),
                _ => None,
            })
            .collect()
    }

    fn named(id: Option<u32>, kind: &str, name: &str) -> ItemName {
        ItemName { id: id.map(DumpId), kind: kind.to_owned(), name: name.to_owned() }
    }

    /// From PostgreSQL 15, `pg_restore -v -j 2`.
    #[test]
    fn parallel_log() {
        let log = "\
pg_restore: connecting to database for restore
pg_restore: processing item 3374 SEQUENCE OWNED BY b_id_seq
pg_restore: creating SEQUENCE OWNED BY \"public.b_id_seq\"
pg_restore: entering main parallel loop
pg_restore: launching item 3360 TABLE DATA odd \"name
pg_restore: processing data for table \"public.odd \"name\"
pg_restore: finished item 3360 TABLE DATA odd \"name
pg_restore: launching item 3373 ACL TABLE b
pg_restore: finished main parallel loop";
        assert_eq!(
            events(log),
            [
                Happening::SerialItem(named(Some(3374), "SEQUENCE OWNED BY", "b_id_seq")),
                Happening::WorkersBegin,
                Happening::Launched(named(Some(3360), "TABLE DATA", "odd \"name")),
                Happening::Finished(named(Some(3360), "TABLE DATA", "odd \"name")),
                Happening::Launched(named(Some(3373), "ACL", "TABLE b")),
                Happening::WorkersEnd,
            ]
        );
    }

    /// From PostgreSQL 15, `pg_restore -v`.
    #[test]
    fn serial_log() {
        let log = "\
pg_restore: connecting to database for restore
pg_restore: creating FK CONSTRAINT \"public.b b_r_fkey\"
pg_restore: processing data for table \"public.odd \"name\"
pg_restore: executing SEQUENCE SET b_id_seq
pg_restore: processing BLOBS
pg_restore: restoring large object with OID 16409
pg_restore: restored 1 large object";
        assert_eq!(
            events(log),
            [
                Happening::SerialItem(named(None, "FK CONSTRAINT", "public.b b_r_fkey")),
                Happening::SerialItem(named(None, "TABLE DATA", "public.odd \"name")),
                Happening::SerialItem(named(None, "SEQUENCE SET", "b_id_seq")),
                Happening::SerialItem(named(None, "BLOBS", "BLOBS")),
            ]
        );
    }

    #[test]
    fn errors_are_counted_and_their_details_kept() {
        let mut reader = LogReader::default();
        let error = reader.read("pg_restore: error: could not execute query: ERROR:  no role");
        assert!(matches!(error, LineMeaning::Event(Happening::Error(_))));
        assert!(matches!(reader.read("Command was: ALTER TABLE"), LineMeaning::Message));
        let total = reader.read("pg_restore: warning: errors ignored on restore: 12");
        assert!(matches!(total, LineMeaning::ErrorCount(12)));
    }

    /// From PostgreSQL 15 with eight jobs.
    #[test]
    fn lines_of_several_processes_run_into_each_other() {
        let log = "\
pg_restore: entering main parallel loop
pg_restore: pg_restore:launching item 7 TABLE DATA a
 processing data for table \"public.a\"
pg_restore:pg_restore:  finished item 7 TABLE DATA a
pg_restore: error: pg_restore: finished item 8 INDEX b
could not execute query: ERROR:  no";
        let item = |id, kind, name| named(Some(id), kind, name);
        assert_eq!(
            events(log),
            [
                Happening::WorkersBegin,
                Happening::Launched(item(7, "TABLE DATA", "a")),
                Happening::Finished(item(7, "TABLE DATA", "a")),
                Happening::Finished(item(8, "INDEX", "b")),
            ]
        );
    }

    #[test]
    fn capital_names_do_not_join_a_known_kind() {
        assert_eq!(split_kind("TABLE DATA ORDERS"), ("TABLE DATA", "ORDERS"));
        assert_eq!(split_kind("INDEX A B"), ("INDEX", "A B"));
        assert_eq!(split_kind("SEQUENCE OWNED BY x"), ("SEQUENCE OWNED BY", "x"));
    }
}
