//! What all workers of one restore share.

use std::sync::atomic::{AtomicBool, Ordering};

use super::budget::ServerDefaults;
use super::choices::Choices;
use super::contents::Contents;
use super::failure::archive_error;
use super::gate::Gate;
use super::graph::Work;
use super::journal::{Done, Journal, Progress};
use super::reporter::Reporter;
use super::request::Tuning;
use super::source::DataItem;
use super::sql::{ArchiveSettings, SqlSettings, definition};
use crate::connection::Conninfo;
use crate::engine::RestoreError;
use crate::plan::{ItemIndex, Plan};
use crate::toc::{Item, ItemKind};
use crate::units::Bytes;

/// Small tasks that a worker can do together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SmallKind {
    /// The SQL of an item.
    Definition,
    /// The rows of a table.
    Rows,
}

/// What all workers of one restore share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) contents: Contents,
    pub(crate) target: Conninfo,
    pub(crate) plan: Plan,
    pub(crate) settings: SqlSettings,
    pub(crate) session: ArchiveSettings,
    pub(crate) tuning: Tuning,
    pub(crate) choices: Choices,
    pub(crate) server_major: u32,
    pub(crate) server_defaults: ServerDefaults,
    /// Whether nothing that makes objects is restored.
    pub(crate) is_data_only: bool,
    /// Whether the first error ends the restore.
    pub(crate) exit_on_error: bool,
    pub(crate) journal: Option<Journal>,
    /// What an earlier run has done.
    pub(crate) progress: Progress,
    pub(crate) reporter: Reporter,
    /// Data goes through it.
    pub(crate) gate: Gate,
    /// By item: whether this restore has made its object; of a key, its index.
    pub(crate) made: Vec<AtomicBool>,
}

impl Context {
    pub(crate) fn item(&self, item: ItemIndex) -> &Item {
        self.contents.item(item)
    }

    /// Whether something of an item is still to be done.
    pub(crate) fn has_work(&self, item: ItemIndex) -> bool {
        self.plan.is_wanted(item) && !self.is_done(item, Done::Item)
    }

    /// Whether an earlier run has done this.
    pub(crate) fn is_done(&self, item: ItemIndex, done: Done) -> bool {
        self.progress.has(self.plan.id(item), done)
    }

    /// The statement that notes what is done, if there is a journal.
    pub(crate) fn note(&self, item: ItemIndex, done: Done) -> Option<String> {
        self.journal.as_ref().map(|_| Journal::note(self.plan.id(item), done))
    }

    /// The statements of an item's own SQL.
    pub(crate) fn definition(&self, item: ItemIndex) -> Result<Vec<String>, Box<RestoreError>> {
        let entry = self.item(item);
        definition(self.contents.toc(), entry, &self.settings)
            .map_err(|error| Box::new(archive_error(entry, &error)))
    }

    /// Nothing made yet, of so many items.
    pub(crate) fn nothing_made(items: usize) -> Vec<AtomicBool> {
        std::iter::repeat_with(AtomicBool::default).take(items).collect()
    }

    pub(crate) fn is_made(&self, item: ItemIndex) -> bool {
        self.made[item.as_usize()].load(Ordering::Relaxed)
    }

    pub(crate) fn mark_made(&self, item: ItemIndex) {
        self.made[item.as_usize()].store(true, Ordering::Relaxed);
    }

    /// Whether this restore has made the table that a data item fills, so
    /// that the table is known to be empty (`te->created`).
    pub(crate) fn made_table_of(&self, data: ItemIndex) -> bool {
        let table = self.item(data).dependencies.first().and_then(|&id| self.plan.find(id));
        table.is_some_and(|table| self.is_made(table))
    }

    /// Whether a task builds an index or checks a key: memory and parallel
    /// workers make it faster.
    pub(crate) fn is_build(&self, work: Work) -> bool {
        match work {
            Work::KeyIndex(_) | Work::Validate(_) | Work::Vacuum(_) => true,
            Work::Define(item) => matches!(
                self.item(item).kind,
                ItemKind::Index | ItemKind::Constraint | ItemKind::ForeignKey
            ),
            _ => false,
        }
    }

    /// What kind of small task this is, if it is one: the way to the server and
    /// the commit take longer than the work itself.
    pub(crate) fn small_kind(&self, work: Work) -> Option<SmallKind> {
        if !self.tuning.pipeline || self.exit_on_error {
            return None;
        }
        match work {
            Work::Load(item) if self.is_small(item) && self.item(item).is_copied() => {
                Some(SmallKind::Rows)
            }
            Work::Define(item) => {
                let is_small = match self.item(item).kind {
                    ItemKind::MaterializedViewData => false,
                    ItemKind::Index
                    | ItemKind::Constraint
                    | ItemKind::ForeignKey
                    | ItemKind::CheckConstraint => self.is_small(item),
                    _ => true,
                };
                is_small.then_some(SmallKind::Definition)
            }
            _ => None,
        }
    }

    /// Whether the data of an item, or of the largest table that it is made
    /// of, is known to be small.
    fn is_small(&self, item: ItemIndex) -> bool {
        /// Of data as the archive stores it.
        const SMALL: Bytes = Bytes(64 << 10);
        let is_known = |item: ItemIndex| self.item(item).data_length.is_some();
        let tables = self.plan.dependencies(item).iter().copied();
        let mut data = tables.filter(|&table| self.item(table).kind == ItemKind::TableData);
        let all_known = match self.item(item).kind {
            ItemKind::TableData => is_known(item),
            _ => data.all(is_known),
        };
        all_known && self.plan.size(item) < SMALL
    }

    /// Whether the table of a data item could not be made, though it should
    /// have been.
    pub(crate) fn failed_table_of(&self, data: ItemIndex) -> bool {
        let table = self.item(data).dependencies.first().and_then(|&id| self.plan.find(id));
        table.is_some_and(|table| {
            self.plan.is_wanted(table)
                && self.item(table).kind == ItemKind::Table
                && !self.is_made(table)
        })
    }

    pub(crate) fn data(&self, item: ItemIndex) -> DataItem {
        self.contents.data(item)
    }

    /// The encoding of the archive's data, where a COPY must name it: the
    /// connection speaks UTF-8.
    pub(crate) fn data_encoding(&self) -> Option<&'static str> {
        let encoding = self.contents.archive.encoding().name();
        (encoding != "UTF8").then_some(encoding)
    }
}
