//! Reads the verbose log of `pg_restore`.
//!
//! The messages are those of `pg_backup_archiver.c`; they were compared with
//! the output of PostgreSQL 15, 17 and 18. They are translated in other
//! locales, so the engine asks for the C locale.

use super::attribution::Attribution;
use super::error::{OpenError, RestoreErrors};
use super::pg_restore_items::{OpenItems, Progress};
use super::program::{LineMeaning, ReadLines};
use crate::event::{EventKind, ItemName, RestoreError};
use crate::launch::Stream;
use crate::toc::ItemKind;
use crate::units::DumpId;

/// Reads one line after the other.
#[derive(Debug, Default)]
pub(super) struct LogReader {
    /// With two jobs or more, items are announced with their numbers, and the
    /// lines without numbers say the same again.
    numbered: bool,
    attribution: Attribution,
    items: OpenItems,
    /// The error that the next line may continue.
    open: Option<OpenError>,
    /// Marks of errors that were read without their texts, which are yet to come.
    marks_without_text: u32,
    errors: RestoreErrors,
    /// `pg_restore` said how many errors it has ignored, which it does at its end.
    has_counted: bool,
}

impl ReadLines for LogReader {
    fn read(&mut self, stream: Stream, line: &str) -> LineMeaning {
        match stream {
            Stream::Error => self.read_line(line),
            Stream::Output => LineMeaning::Nothing,
        }
    }

    fn end(mut self) -> (RestoreErrors, bool) {
        self.close();
        (self.errors, self.has_counted)
    }
}

impl LogReader {
    /// What `line` means.
    fn read_line(&mut self, line: &str) -> LineMeaning {
        let (mark, error_marks, text) = split_marks(line);
        if self.continues(mark, text) {
            if let Some(open) = &mut self.open {
                open.extend(line);
            }
            return LineMeaning::Message;
        }
        if mark == Mark::Note
            && let Some(open) = &mut self.open
            && text.starts_with("Query was: ")
        {
            open.extend(text);
            return LineMeaning::Message;
        }
        self.close();
        // A numbered item is told by its own words, whatever stands before.
        if let Some(progress) = self.progress(text) {
            self.marks_without_text += error_marks;
            self.follow(&progress);
            return LineMeaning::Events(self.items.take(&progress));
        }
        if let Some(entry) = text.strip_prefix(FROM_ENTRY) {
            self.marks_without_text += error_marks;
            self.attribution.announce(entry, split_kind);
            return LineMeaning::Nothing;
        }
        if let Some(count) = text.strip_prefix(ERRORS_IGNORED) {
            self.has_counted = true;
            self.errors.note_announced(count.trim().parse().unwrap_or(1));
            return LineMeaning::Message;
        }
        if self.is_error(mark, error_marks, text) {
            self.open = Some(OpenError::begin(text));
            let error = Box::new(RestoreError::read(text));
            return LineMeaning::Error(EventKind::Error { error }, text.to_owned());
        }
        self.marks_without_text += error_marks;
        if is_verbose(text) || mark == Mark::Program {
            return LineMeaning::Nothing;
        }
        LineMeaning::Message
    }

    /// Whether a line goes on with the error before it. Each message is written in one
    /// piece up to 1 kB, so that its lines follow each other; then a text may come whose
    /// marks stand before the error.
    fn continues(&self, mark: Mark, text: &str) -> bool {
        self.open.is_some()
            && mark == Mark::Nothing
            && !is_error_text(text)
            && !is_verbose(text)
            && !text.starts_with(FROM_ENTRY)
            && !text.starts_with(ERRORS_IGNORED)
    }

    /// Ends the error that was open.
    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            let mut error = open.end();
            self.attribution.attribute(&mut error);
            self.errors.push(error);
        }
    }

    /// Whether a text is that of an error, and not of a message whose marks came before
    /// those of an error.
    fn is_error(&mut self, mark: Mark, error_marks: u32, text: &str) -> bool {
        let can_be = !text.is_empty() && !is_verbose(text);
        if error_marks > 0 && can_be {
            self.marks_without_text += error_marks - 1;
            return true;
        }
        let is_late = is_error_text(text) || (can_be && mark == Mark::Nothing);
        if is_late && self.marks_without_text > 0 {
            self.marks_without_text -= 1;
            return true;
        }
        false
    }

    fn follow(&mut self, progress: &Progress) {
        match progress {
            Progress::Serial(item) => self.attribution.serial(item),
            Progress::Launched(item) => self.attribution.launched(item),
            Progress::Finished(item) => self.attribution.finished(item),
            Progress::WorkersBegin | Progress::WorkersEnd => self.attribution.workers(),
        }
    }

    fn progress(&mut self, text: &str) -> Option<Progress> {
        if text == "entering main parallel loop" {
            self.numbered = true;
            return Some(Progress::WorkersBegin);
        }
        if text == "finished main parallel loop" {
            return Some(Progress::WorkersEnd);
        }
        for (prefix, progress) in NUMBERED {
            if let Some(item) = text.strip_prefix(prefix).and_then(numbered_item) {
                self.numbered = true;
                return Some(progress(item));
            }
        }
        if self.numbered {
            return None;
        }
        unnumbered_item(text).map(Progress::Serial)
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
const FROM_ENTRY: &str = "from TOC entry ";

/// Whether a text can only be that of an error.
fn is_error_text(text: &str) -> bool {
    const BEGINNINGS: [&str; 5] = [
        "could not execute query: ",
        "COPY failed for table ",
        "could not set ",
        "error returned by PQ",
        "query failed: ",
    ];
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

/// Whether a text says what `pg_restore` does, or is a notice of the server.
fn is_verbose(text: &str) -> bool {
    const BEGINNINGS: [&str; 26] = [
        "creating ",
        "processing ",
        "executing ",
        "launching item ",
        "finished item ",
        "skipping item ",
        "dropping ",
        "connecting to ",
        "connected to ",
        "entering main parallel loop",
        "finished main parallel loop",
        "entering restore_toc_entries_",
        "restoring large object ",
        "restored ",
        "transferring dependency ",
        "reducing dependencies ",
        "setting owner and privileges ",
        "table \"",
        "while INITIALIZING:",
        "while PROCESSING TOC:",
        "while FINALIZING:",
        "implied no-schema restore",
        "implied data-only restore",
        "NOTICE:  ",
        "WARNING:  ",
        "INFO:  ",
    ];
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

/// Splits the marks from the message behind them.
///
/// The leader and its workers write to the same pipe, each message in several
/// pieces: the program's name, a space, the level, and the text with its line
/// end (`pg_log_generic_v` in `src/common/logging.c`, standard error being
/// unbuffered). So the text is whole, and before it may stand marks of other
/// messages: `pg_restore: pg_restore:finished item 12 INDEX x`.
///
/// Gives the strongest mark, how many of them are those of errors, and the text.
fn split_marks(line: &str) -> (Mark, u32, &str) {
    const MARKS: [(&str, Mark); 6] = [
        ("pg_restore:", Mark::Program),
        ("error: ", Mark::Error),
        ("warning: ", Mark::Note),
        ("detail: ", Mark::Note),
        ("hint: ", Mark::Note),
        (" ", Mark::Nothing),
    ];
    let (mut mark, mut errors, mut rest) = (Mark::Nothing, 0, line);
    while let Some((text, found)) = MARKS.iter().find(|(text, _)| rest.starts_with(text)) {
        mark = mark.max(*found);
        errors += u32::from(*found == Mark::Error);
        rest = &rest[text.len()..];
    }
    (mark, errors, rest)
}

type MakeProgress = fn(ItemName) -> Progress;

const NUMBERED: [(&str, MakeProgress); 4] = [
    ("launching item ", Progress::Launched),
    ("finished item ", Progress::Finished),
    ("processing item ", Progress::Serial),
    ("processing missed item ", Progress::Serial),
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
    use crate::event::Phase;

    /// Worker and item of what starts and what has finished, phases, and errors.
    fn events(log: &str) -> Vec<Told> {
        let mut reader = LogReader::default();
        let read = |line| match reader.read_line(line) {
            LineMeaning::Events(events) => events,
            LineMeaning::Error(event, _) => vec![event],
            LineMeaning::Message | LineMeaning::Nothing => Vec::new(),
        };
        log.lines().flat_map(read).map(told).collect()
    }

    #[derive(Debug, PartialEq)]
    enum Told {
        Started(u32, ItemName),
        Finished(u32, ItemName),
        Phase(Phase),
        Error(String),
    }

    fn told(event: EventKind) -> Told {
        match event {
            EventKind::Started { worker, item, .. } => Told::Started(worker, item),
            EventKind::Finished { worker, item, .. } => Told::Finished(worker, item),
            EventKind::Phase { phase } => Told::Phase(phase),
            EventKind::Error { error } => Told::Error(error.to_string()),
            other => panic!("{other:?}"),
        }
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
                Told::Started(0, named(Some(3374), "SEQUENCE OWNED BY", "b_id_seq")),
                Told::Finished(0, named(Some(3374), "SEQUENCE OWNED BY", "b_id_seq")),
                Told::Phase(Phase::Main),
                Told::Started(1, named(Some(3360), "TABLE DATA", "odd \"name")),
                Told::Finished(1, named(Some(3360), "TABLE DATA", "odd \"name")),
                Told::Started(1, named(Some(3373), "ACL", "TABLE b")),
                Told::Phase(Phase::Acl),
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
        let begun = events(log).into_iter().filter(|told| matches!(told, Told::Started(..)));
        assert_eq!(
            begun.collect::<Vec<_>>(),
            [
                Told::Started(0, named(None, "FK CONSTRAINT", "public.b b_r_fkey")),
                Told::Started(0, named(None, "TABLE DATA", "public.odd \"name")),
                Told::Started(0, named(None, "SEQUENCE SET", "b_id_seq")),
                Told::Started(0, named(None, "BLOBS", "BLOBS")),
            ]
        );
    }

    fn errors(log: &str) -> RestoreErrors {
        let mut reader = LogReader::default();
        for line in log.lines() {
            reader.read_line(line);
        }
        reader.end().0
    }

    /// From PostgreSQL 15, `pg_restore -v`.
    #[test]
    fn an_error_has_its_item_and_its_statement() {
        let found = errors(
            "\
pg_restore: creating TABLE \"public.t11\"
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 226; 1259 16560 TABLE t11 alice
pg_restore: error: could not execute query: ERROR:  relation \"t11\" already exists
Command was: CREATE TABLE public.t11 (
    id integer NOT NULL
);


pg_restore: error: could not execute query: ERROR:  role \"alice\" does not exist
Command was: ALTER TABLE public.t11 OWNER TO alice;

pg_restore: creating TABLE \"public.t12\"
pg_restore: warning: errors ignored on restore: 2",
        );
        let [exists, role] = found.kept() else { panic!("{found:?}") };
        assert_eq!(exists.to_string(), "ERROR:  relation \"t11\" already exists");
        assert_eq!(exists.item(), Some(&named(Some(226), "TABLE", "public.t11")));
        let statement = "CREATE TABLE public.t11 (\n    id integer NOT NULL\n);";
        assert_eq!(exists.statement.as_deref(), Some(statement));
        assert_eq!(role.item(), exists.item());
        assert_eq!(found.count(), 2);
    }

    /// The announcements of two workers, and then their errors in the other order; the mark
    /// of one error before the text of another message.
    #[test]
    fn mixed_lines_of_workers_are_taken_apart() {
        let found = errors(
            "\
pg_restore: entering main parallel loop
pg_restore: launching item 7 TABLE DATA a
pg_restore: launching item 8 INDEX b
pg_restore: from TOC entry 7; 0 16524 TABLE DATA a alice
pg_restore: from TOC entry 8; 1259 16532 INDEX b alice
pg_restore: error: pg_restore: error: could not execute query: ERROR:  no disk
Command was: CREATE INDEX b ON public.a USING btree (v);


 processing data for table \"public.c\"
COPY failed for table \"a\": ERROR:  invalid input
CONTEXT:  COPY a, line 1
pg_restore: error: pg_restore: finished item 7 TABLE DATA a
could not execute query: ERROR:  role \"bob\" does not exist
Command was: ALTER INDEX public.b OWNER TO bob;",
        );
        let told: Vec<(u32, String)> = found
            .kept()
            .iter()
            .map(|error| (error.item().unwrap().id.unwrap().0, error.to_string()))
            .collect();
        let expected = [
            (8, "ERROR:  no disk".to_owned()),
            (7, "ERROR:  invalid input".to_owned()),
            (8, "ERROR:  role \"bob\" does not exist".to_owned()),
        ];
        assert_eq!(told, expected);
        assert_eq!(found.kept()[1].context.as_deref(), Some("COPY a, line 1"));
    }

    /// From `pg_restore` 17 with four jobs on a server 15: each connection is set up anew, and
    /// its error names the last item before the workers began.
    #[test]
    fn errors_of_the_session_belong_to_no_item() {
        let found = errors(
            "\
pg_restore: while INITIALIZING:
pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter \"x\"
Command was: SET x = 0;
pg_restore: entering main parallel loop
pg_restore: launching item 3340 TABLE DATA t
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 214; 1259 16626 TABLE t postgres
pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter \"x\"
Command was: SET x = 0;
pg_restore: processing data for table \"public.t\"
pg_restore: finished item 3340 TABLE DATA t",
        );
        assert_eq!(found.count(), 2);
        assert!(found.kept().iter().all(|error| error.is_of_session() && error.item().is_none()));
    }

    /// From PostgreSQL 15 with eight jobs.
    #[test]
    fn lines_of_several_processes_run_into_each_other() {
        let log = "\
pg_restore: entering main parallel loop
pg_restore: pg_restore:launching item 7 TABLE DATA a
 processing data for table \"public.a\"
pg_restore: launching item 8 INDEX b
pg_restore:pg_restore:  finished item 7 TABLE DATA a
pg_restore: error: pg_restore: finished item 8 INDEX b
could not execute query: ERROR:  no";
        let item = |id, kind, name| named(Some(id), kind, name);
        assert_eq!(
            events(log),
            [
                Told::Phase(Phase::Main),
                Told::Started(1, item(7, "TABLE DATA", "a")),
                Told::Started(2, item(8, "INDEX", "b")),
                Told::Finished(1, item(7, "TABLE DATA", "a")),
                Told::Finished(2, item(8, "INDEX", "b")),
                Told::Error("ERROR:  no".to_owned()),
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
