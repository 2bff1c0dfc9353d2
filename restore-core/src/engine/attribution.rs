//! Which item of an archive an error belongs to.
//!
//! Before its first error in an item, each process of `pg_restore` writes `from TOC entry`
//! with the item; before further errors in the same item it writes nothing
//! (`warn_or_exit_horribly` in `pg_backup_archiver.c`, PostgreSQL 12 to 18). The lines of one
//! process keep their order, and those of several processes mix. So an error belongs to one
//! of the items that were announced and are not finished: the statement tells which one, and
//! otherwise the item that was announced and has reported no error yet.

use super::error::{ErrorSource, RestoreError};
use crate::event::ItemName;
use crate::toc::ItemKind;
use crate::units::DumpId;

/// The items that errors can belong to at this point of a log.
#[derive(Debug, Default)]
pub(super) struct Attribution {
    /// The item of the leader, which works alone.
    serial: Option<ItemName>,
    /// The items of the workers, in the order in which they were launched.
    running: Vec<ItemName>,
    /// The items that were announced by `from TOC entry`, in that order.
    announced: Vec<Announced>,
}

#[derive(Debug)]
struct Announced {
    item: ItemName,
    /// No error has followed yet.
    waits_for_error: bool,
}

impl Attribution {
    /// The leader begins an item.
    pub(super) fn serial(&mut self, item: &ItemName) {
        self.serial = Some(item.clone());
    }

    /// The workers begin, or end: nothing that was announced before goes on.
    pub(super) fn workers(&mut self) {
        self.serial = None;
        self.running.clear();
        self.announced.clear();
    }

    /// A worker begins an item.
    pub(super) fn launched(&mut self, item: &ItemName) {
        self.running.push(item.clone());
    }

    /// A worker has ended an item; all of its errors were written before.
    pub(super) fn finished(&mut self, item: &ItemName) {
        self.running.retain(|running| running.id != item.id);
        self.announced.retain(|announced| announced.item.id != item.id);
    }

    /// `215; 1259 16394 TABLE foo owner` was written.
    pub(super) fn announce(&mut self, text: &str, split_kind: fn(&str) -> (&str, &str)) {
        let Some((id, rest)) = text.split_once("; ") else { return };
        let Ok(id) = id.parse().map(DumpId) else { return };
        let item = self.named(id, rest, split_kind);
        if self.running.is_empty() {
            self.announced.clear();
        }
        self.announced.retain(|announced| announced.item.id != Some(id));
        self.announced.push(Announced { item, waits_for_error: true });
    }

    /// The item with this number, by its name where the log gave it before. The line itself
    /// ends with the owner, and nothing marks where the name ends.
    fn named(&self, id: DumpId, rest: &str, split_kind: fn(&str) -> (&str, &str)) -> ItemName {
        let with_id = |item: &ItemName| ItemName { id: Some(id), ..item.clone() };
        let text = rest.splitn(3, ' ').nth(2).unwrap_or_default();
        let known = self.running.iter().chain(&self.serial);
        if let Some(known) = known.clone().find(|item| item.id == Some(id)) {
            return with_id(known);
        }
        let unnumbered = self.serial.as_ref().filter(|item| {
            item.id.is_none() && text.strip_prefix(&item.kind).is_some_and(|r| r.starts_with(' '))
        });
        if let Some(item) = unnumbered {
            return with_id(item);
        }
        let (kind, name) = split_kind(text);
        let name = name.rsplit_once(' ').map_or(name, |(name, _)| name);
        ItemName { id: Some(id), kind: kind.to_owned(), name: name.to_owned() }
    }

    /// Finds the item of an error that is whole.
    pub(super) fn attribute(&mut self, error: &mut RestoreError) {
        let best = self
            .announced
            .iter()
            .enumerate()
            .max_by_key(|(index, announced)| {
                let matching = resemblance(&announced.item, error);
                (matching, announced.waits_for_error, std::cmp::Reverse(*index))
            })
            .map(|(index, _)| index);
        let Some(index) = best else { return };
        self.announced[index].waits_for_error = false;
        let item = self.announced[index].item.clone();
        // A worker that sets up its connection announces the last item of the leader.
        let is_running = self.running.iter().any(|running| running.id == item.id);
        if !self.running.is_empty() && !is_running {
            self.announced.remove(index);
        }
        if !error.is_setup_statement() {
            error.source = ErrorSource::Item(item);
        }
    }
}

/// How much of an item's name is in an error: 0 for nothing, 3 for all.
fn resemblance(item: &ItemName, error: &RestoreError) -> u8 {
    let statement = error.statement.as_deref().unwrap_or_default();
    let action = error.action.as_deref().unwrap_or_default();
    let copies = action.starts_with("COPY failed for table ");
    if copies || item.kind == ItemKind::TableData.as_str() {
        let table = format!("\"{}\"", last_of_qualified(&item.name));
        let is_data = item.kind == ItemKind::TableData.as_str();
        return if is_data && copies && action.ends_with(&table) { 3 } else { 0 };
    }
    let grants = ["GRANT ", "REVOKE ", "SET SESSION AUTHORIZATION ", "ALTER DEFAULT "];
    let is_grant = grants.iter().any(|word| statement.starts_with(word));
    if !statement.is_empty() && is_grant != item.kind.ends_with("ACL") {
        return 0;
    }
    let text = if statement.is_empty() { &error.message } else { statement };
    let last_word = item.name.rsplit(' ').next().unwrap_or_default();
    if has_word(text, &item.name) {
        3
    } else if has_word(text, last_word) {
        2
    } else {
        u8::from(has_word(text, last_of_qualified(last_word)))
    }
}

/// A serial restore names items with their schema.
fn last_of_qualified(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, name)| name)
}

/// Whether `word` stands in `text` as a word of its own: `t1` is not in `t10`.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
}
