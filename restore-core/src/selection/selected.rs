//! A table of contents with what is restored of it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::criteria::Criteria;
use super::parts::{Parts, is_restored};
use crate::toc::{DataOffset, Item, ItemKind, Section, Toc};
use crate::units::{DumpId, PgMajor};

/// Why options and archive do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A list file names an item that the archive lacks.
    #[error(
        "the list names item {id}, which the archive does not have: make the list from this \
         archive (jobtune inspect --list, or pg_restore -l)"
    )]
    NotInArchive {
        /// Its number.
        id: DumpId,
    },
}

/// A table of contents in the order in which `pg_restore` goes through it,
/// and what it restores of each item.
///
/// Items of which nothing is restored stay in their place: `pg_restore -j`
/// passes them through its schedule, at no cost.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    toc: Cow<'a, Toc>,
    /// Of each item of `toc`.
    parts: Vec<Parts>,
}

impl<'a> Selected<'a> {
    /// What `pg_restore` of version `major` restores of an archive.
    pub fn new(toc: &'a Toc, criteria: &Criteria, major: PgMajor) -> Result<Self, SelectionError> {
        let mut listed = toc.items.len();
        let mut toc = Cow::Borrowed(toc);
        if let Some(list) = &criteria.list {
            let end = data_end(&toc);
            let (items, count) =
                list.order(&toc).map_err(|id| SelectionError::NotInArchive { id })?;
            let mut in_order = Toc { items };
            // pg_restore measures the distances in the order of the list.
            in_order.set_data_lengths(end);
            (toc, listed) = (Cow::Owned(in_order), count);
        }
        let parts = decide(&toc, listed, criteria, major);
        let is_measured = |(item, parts): (&Item, &Parts)| !is_unmeasured(item, *parts);
        if !toc.items.iter().zip(&parts).all(is_measured) {
            let items = toc.to_mut().items.iter_mut().zip(&parts);
            for (item, _) in items.filter(|(item, parts)| is_unmeasured(item, **parts)) {
                item.data_length = None;
            }
        }
        Ok(Self { toc, parts })
    }

    /// What is restored without options.
    pub fn whole(toc: &'a Toc, major: PgMajor) -> Self {
        let parts = decide(toc, toc.items.len(), &Criteria::default(), major);
        Self { toc: Cow::Borrowed(toc), parts }
    }

    /// The table of contents in the order of the restore. Its items have the
    /// lengths that `pg_restore` gives them in that order, and where it
    /// restores their data.
    pub fn toc(&self) -> &Toc {
        &self.toc
    }

    /// What is restored of the item at this place of [`Self::toc`].
    pub fn parts(&self, place: usize) -> Parts {
        self.parts[place]
    }

    /// The items of which anything is restored, in order.
    pub fn restored(&self) -> impl Iterator<Item = &Item> {
        self.with_parts().filter(|(_, parts)| !parts.is_empty()).map(|(item, _)| item)
    }

    /// Whether options leave out the item at this place of [`Self::toc`]:
    /// nothing is restored of it, but would be without them.
    pub fn is_left_out(&self, place: usize) -> bool {
        let item = &self.toc.items[place];
        let definition = item.definition.as_deref().unwrap_or_default();
        let is_restored = || {
            let (kind, name) = (item.kind.as_str().as_bytes(), item.name().as_bytes());
            is_restored(kind, name, definition.as_bytes(), item.has_dumper)
        };
        self.parts[place].is_empty() && is_restored()
    }

    /// The items that options do not leave out, with their places.
    pub fn kept(&self) -> impl Iterator<Item = (usize, &Item)> {
        self.toc.items.iter().enumerate().filter(|&(place, _)| !self.is_left_out(place))
    }

    /// All items, with what is restored of each.
    pub fn with_parts(&self) -> impl Iterator<Item = (&Item, Parts)> {
        self.toc.items.iter().zip(self.parts.iter().copied())
    }
}

/// Decides item by item: what belongs to an object looks back at it. The
/// list, where there is one, names the last `listed` items.
fn decide(toc: &Toc, listed: usize, criteria: &Criteria, major: PgMajor) -> Vec<Parts> {
    let unlisted = toc.items.len() - listed;
    let mut section = Section::PreData;
    let mut parts = Vec::with_capacity(toc.items.len());
    // Both are needed only where names decide.
    let named = toc.items.iter().filter(|_| criteria.has_names());
    let by_id: HashMap<_, _> = named.map(|item| (item.id, item)).collect();
    let mut taken = HashSet::new();
    for (place, item) in toc.items.iter().enumerate() {
        if item.section != Section::None {
            section = item.section;
        }
        let of_item = if place < unlisted {
            Parts::NONE
        } else {
            let is_taken = |id| taken.contains(&id);
            criteria.parts_of(item, section, major, is_taken, |id| by_id.get(&id).copied())
        };
        if criteria.has_names() && !of_item.is_empty() && item.kind != ItemKind::Acl {
            taken.insert(item.id);
        }
        parts.push(of_item);
    }
    parts
}

/// Whether `pg_restore` does not ask how large the data is: in a directory,
/// where it is not restored (`pg_backup_directory.c`, `_PrepParallelRestore`).
/// In a custom archive it takes the sizes of all.
fn is_unmeasured(item: &Item, parts: Parts) -> bool {
    !parts.data && item.data_length.is_some() && matches!(item.data, DataOffset::File(_))
}

/// Where the data of a custom archive ends; `None` where the archive does not
/// tell the length of the last, as while it comes by a pipe.
fn data_end(toc: &Toc) -> Option<u64> {
    let starts = toc.items.iter().filter_map(|item| match item.data {
        DataOffset::At(start) => Some((start, item.data_length)),
        _ => None,
    });
    let (start, length) = starts.max_by_key(|&(start, _)| start)?;
    length.map(|length| start + length.0)
}
