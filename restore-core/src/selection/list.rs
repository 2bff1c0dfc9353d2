//! List files: what `pg_restore -L` reads.
//!
//! `pg_backup_archiver.c`, `SortTocFromFile`, the same in PostgreSQL 12 to 18.

use std::collections::HashMap;

use crate::toc::{Item, Toc};
use crate::units::DumpId;

/// The numbers that a list file names, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ItemList {
    ids: Vec<DumpId>,
}

impl ItemList {
    /// Reads a list file. A line counts up to its semicolon and begins with
    /// the number of an item; every other line is passed by, as `pg_restore`
    /// does with a warning.
    pub(super) fn parse(text: &[u8]) -> Self {
        let lines = text.split(|&byte| byte == b'\n');
        Self { ids: lines.filter_map(number).collect() }
    }

    /// The items in the order in which `pg_restore` takes them, and how many
    /// of them, at the end, the list names. Those that it does not name come
    /// first, in the order of the table of contents.
    ///
    /// Fails with a number that no item has although it is not above all:
    /// `pg_restore` stops there.
    pub(super) fn order(&self, toc: &Toc) -> Result<(Vec<Item>, usize), DumpId> {
        let places: HashMap<_, _> = (0..).zip(&toc.items).map(|(at, item)| (item.id, at)).collect();
        let largest = places.keys().max().copied().unwrap_or(DumpId(0));
        let mut is_listed = vec![false; toc.items.len()];
        let mut listed: Vec<usize> = Vec::new();
        for &id in self.ids.iter().filter(|&&id| id <= largest) {
            let &place = places.get(&id).ok_or(id)?;
            if !std::mem::replace(&mut is_listed[place], true) {
                listed.push(place);
            }
        }
        let others = (0..toc.items.len()).filter(|&place| !is_listed[place]);
        let order = others.chain(listed.iter().copied());
        Ok((order.map(|place| toc.items[place].clone()).collect(), listed.len()))
    }
}

/// The number at the beginning of a line (`strtol`).
fn number(line: &[u8]) -> Option<DumpId> {
    let line = line.split(|&byte| byte == b';').next().unwrap_or_default();
    let text = String::from_utf8_lossy(line);
    let text = text.trim_ascii_start();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok().filter(|&id| id > 0).map(DumpId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_up_to_the_semicolon() {
        let list = ItemList::parse(
            b"; head\n\n  12; 1259 16387 TABLE s t\r\n;13; out\n7\nx8\n-4\n0; 1\n+5 rest\n12\n9;",
        );
        assert_eq!(list.ids, [12, 7, 5, 12, 9].map(DumpId));
    }
}
