//! Tables whose rows are checked, while they are loaded, by functions that may
//! read other tables.
//!
//! `pg_dump` lets a table with a CHECK constraint depend on the functions that
//! the constraint calls, and not on what those read (PostgreSQL 18 manual,
//! 5.5.1): in a parallel restore the tables are loaded in any order.

use std::collections::HashMap;

use super::collect::name;
use super::definitions::function_head;
use crate::sql::words;
use crate::toc::{Item, ItemKind};
use crate::units::DumpId;

/// A table whose rows a function checks that need not give the same answer at
/// every time: it is not IMMUTABLE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowCheck {
    /// The table, with its schema.
    pub table: String,
    /// The function, with its schema and the types of its arguments.
    pub function: String,
}

/// The tables of such checks, in the order of the items, each once.
pub fn row_checks(items: &[&Item]) -> Vec<RowCheck> {
    let functions: HashMap<DumpId, &Item> = items
        .iter()
        .filter(|item| item.kind.as_str() == "FUNCTION" && may_read_tables(item))
        .map(|item| (item.id, *item))
        .collect();
    let tables = items.iter().filter(|item| item.kind == ItemKind::Table);
    let checked = tables.filter_map(|table| {
        let function = table.dependencies.iter().find_map(|id| functions.get(id))?;
        has_check(table).then(|| RowCheck { table: name(table), function: name(function) })
    });
    checked.collect()
}

fn may_read_tables(function: &Item) -> bool {
    !function_head(function.definition.as_deref().unwrap_or_default()).is_immutable
}

fn has_check(table: &Item) -> bool {
    words(table.definition.as_deref().unwrap_or_default()).any(|token| token.is("check"))
}
