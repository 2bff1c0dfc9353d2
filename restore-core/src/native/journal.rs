//! What is done, noted in the target database.
//!
//! A row is written in the transaction of the work that it stands for, so that
//! after any death the journal and the database say the same. It lives in a
//! schema of its own, which the end of the restore drops. Rows are only added:
//! a publication for all tables forbids to delete them without an identity.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::error::NativeError;
use super::sql::string;
use crate::archive::Archive;
use crate::toc::Item;
use crate::units::DumpId;

/// The schema of the journal.
const SCHEMA: &str = "jobtune_journal";

/// What of an item is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Done {
    /// All of it.
    Item,
    /// What `--clean` drops of all items; noted under the number 0.
    Clean,
    /// The first statement of a key that is made by two.
    KeyBegun,
    /// None of the parts that are noted: they were undone, and the item is to
    /// be loaded as a whole.
    Undone,
    /// The part of its data with this number.
    Part(u32),
}

impl Done {
    /// As the column `done` has it: parts by their numbers, the rest below 0.
    fn code(self) -> i64 {
        match self {
            Self::Part(number) => i64::from(number),
            Self::Item => -1,
            Self::Clean => -2,
            Self::KeyBegun => -3,
            Self::Undone => -4,
        }
    }

    fn from_code(code: i64) -> Option<Self> {
        let others = [Self::Item, Self::Clean, Self::KeyBegun, Self::Undone];
        match u32::try_from(code) {
            Ok(number) => Some(Self::Part(number)),
            Err(_) => others.into_iter().find(|done| done.code() == code),
        }
    }
}

/// Which restore a journal belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Of the archive's contents: see [`digest`].
    pub(crate) archive: String,
    /// The options, as `pg_restore` would be given them.
    pub(crate) options: String,
    /// How large slices are: their numbers mean nothing otherwise.
    pub(crate) slice_bytes: usize,
}

/// A digest of an archive's head and table of contents. It does not read the
/// data, whose places it covers where the archive tells them; not its sizes,
/// which are unknown of an archive that comes by a pipe.
pub(crate) fn digest(archive: &Archive) -> String {
    let mut sha = Sha256::new();
    sha.update(format!("{:?}", archive.header()));
    for item in &archive.toc().items {
        sha.update(format!("{:?}", Item { data_length: None, ..item.clone() }));
    }
    sha.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What an earlier run of the same restore has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    parts: HashMap<DumpId, BTreeSet<Done>>,
    /// What failed of items that count as done, in the words that it was
    /// reported with.
    pub(crate) failures: Vec<(DumpId, String)>,
}

impl Progress {
    pub(crate) fn has(&self, item: DumpId, done: Done) -> bool {
        self.parts.get(&item).is_some_and(|parts| parts.contains(&done))
    }

    /// The parts of an item's data that are loaded.
    pub(crate) fn parts(&self, item: DumpId) -> BTreeSet<u32> {
        if self.has(item, Done::Undone) {
            return BTreeSet::new();
        }
        let parts = self.parts.get(&item).into_iter().flatten();
        parts
            .filter_map(|done| if let Done::Part(number) = done { Some(*number) } else { None })
            .collect()
    }

    /// How many items are done.
    pub(crate) fn items(&self) -> usize {
        self.parts.values().filter(|parts| parts.contains(&Done::Item)).count()
    }
}

/// The journal of one restore.
#[derive(Debug)]
pub(crate) struct Journal;

impl Journal {
    /// Makes a journal. `None` where the user may not: the server's message
    /// says why.
    pub(crate) async fn create(
        client: &Client,
        identity: &Identity,
    ) -> Result<Result<Self, String>, NativeError> {
        let sql = format!(
            "CREATE SCHEMA {SCHEMA};\n\
             CREATE TABLE {SCHEMA}.restore \
             (archive text NOT NULL, options text NOT NULL, slice_bytes bigint NOT NULL);\n\
             CREATE TABLE {SCHEMA}.done \
             (item bigint NOT NULL, done bigint NOT NULL, failure text);\n\
             INSERT INTO {SCHEMA}.restore VALUES ({}, {}, {})",
            string(&identity.archive),
            string(&identity.options),
            identity.slice_bytes
        );
        match client.batch_execute(&sql).await {
            Ok(()) => Ok(Ok(Self)),
            Err(error) => match error.as_db_error() {
                Some(refusal) => Ok(Err(refusal.message().to_owned())),
                None => Err(NativeError::lost("making the journal", error)),
            },
        }
    }

    /// Whether the database has a journal, of whichever restore.
    pub(crate) async fn exists(client: &Client) -> Result<bool, NativeError> {
        let sql = format!("SELECT pg_catalog.to_regclass('{SCHEMA}.done') IS NOT NULL");
        let rows = rows(client, &sql).await?;
        Ok(rows.first().and_then(|row| row[0].as_deref()) == Some("t"))
    }

    /// Reads the journal of an interrupted restore, which must be this one.
    pub(crate) async fn open(
        client: &Client,
        identity: &Identity,
    ) -> Result<(Self, Progress), NativeError> {
        let head = rows(client, &format!("SELECT * FROM {SCHEMA}.restore")).await?;
        let text = |place: usize| head.first().and_then(|row| row.get(place)?.as_deref());
        if text(0) != Some(identity.archive.as_str()) {
            return Err(NativeError::Journal(
                "cannot resume: the restore was begun with another archive. Give that one, or \
                 restore into a fresh database"
                    .to_owned(),
            ));
        }
        if text(1) != Some(identity.options.as_str()) {
            let options = match text(1) {
                None | Some("") => "without options".to_owned(),
                Some(options) => format!("with {options}"),
            };
            return Err(NativeError::Journal(format!(
                "cannot resume: the restore was begun {options}. Give the same options"
            )));
        }
        if text(2) != Some(identity.slice_bytes.to_string().as_str()) {
            return Err(NativeError::Journal(
                "cannot resume: the restore was begun with slices of another size".to_owned(),
            ));
        }
        Ok((Self, Self::read(client).await?))
    }

    async fn read(client: &Client) -> Result<Progress, NativeError> {
        let sql = format!("SELECT item, done, failure FROM {SCHEMA}.done");
        let mut progress = Progress::default();
        for row in rows(client, &sql).await? {
            let number = |place: usize| row.get(place)?.as_deref()?.parse::<i64>().ok();
            let item = number(0).and_then(|item| u32::try_from(item).ok()).map(DumpId);
            let (Some(item), Some(done)) = (item, number(1).and_then(Done::from_code)) else {
                return Err(NativeError::Journal(
                    "cannot resume: the journal in the database is damaged. Restore into a fresh \
                     database"
                        .to_owned(),
                ));
            };
            progress.parts.entry(item).or_default().insert(done);
            if let Some(Some(failure)) = row.get(2) {
                progress.failures.push((item, failure.clone()));
            }
        }
        Ok(progress)
    }

    /// The statement that notes what is done; it belongs into the transaction
    /// of the work itself.
    pub(crate) fn note(item: DumpId, done: Done) -> String {
        format!("INSERT INTO {SCHEMA}.done VALUES ({}, {})", item.0, done.code())
    }

    /// The same for an item that failed and is not tried again.
    pub(crate) fn note_failure(item: DumpId, failure: &str) -> String {
        let failure = string(&failure.replace('\0', " "));
        format!("INSERT INTO {SCHEMA}.done VALUES ({}, {}, {failure})", item.0, Done::Item.code())
    }

    /// The statement that drops the journal.
    pub(crate) fn drop_statement() -> String {
        format!("DROP SCHEMA {SCHEMA} CASCADE")
    }

    /// Why a restore that is not to be resumed cannot begin in a database with
    /// a journal.
    pub(crate) fn unfinished() -> NativeError {
        NativeError::Journal(format!(
            "the database holds an unfinished restore: go on with it by --resume, or restore into \
             a fresh database (or DROP SCHEMA {SCHEMA} CASCADE to forget it)"
        ))
    }

    /// Why a restore cannot be resumed in a database without a journal.
    pub(crate) fn nothing_to_resume() -> NativeError {
        NativeError::Journal(
            "cannot resume: the database has no journal of an interrupted restore. Leave out \
             --resume to begin one"
                .to_owned(),
        )
    }
}

/// The rows of a query, as texts.
async fn rows(client: &Client, sql: &str) -> Result<Vec<Vec<Option<String>>>, NativeError> {
    let messages = client.simple_query(sql).await;
    let messages = messages.map_err(|error| NativeError::lost("reading the journal", error))?;
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|place| row.get(place).map(str::to_owned)).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_one_part_each() {
        for done in [Done::Item, Done::Clean, Done::KeyBegun, Done::Undone, Done::Part(7)] {
            assert_eq!(Done::from_code(done.code()), Some(done));
        }
        assert_eq!(Done::from_code(-9), None);
    }
}
