//! What is said of harmless errors, once in a run.

use std::collections::{BTreeMap, BTreeSet};

use super::ErrorKind;
use crate::record::ErrorRow;

/// A line for each kind of harmless error that was accepted. Trials with the same errors give
/// the same lines, in whatever order their errors came.
pub fn harmless(rows: &[ErrorRow]) -> Vec<String> {
    let mut by_kind: BTreeMap<ErrorKind, BTreeSet<(Option<u32>, String)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.accepted) {
        let kind = ErrorKind::from_key(&row.class);
        if kind.is_harmless() {
            by_kind.entry(kind).or_default().insert((row.dump_id, row.to_string()));
        }
    }
    let line = |(kind, errors): (ErrorKind, BTreeSet<(Option<u32>, String)>)| {
        let (_, first) = errors.first()?;
        let others = match errors.len() {
            1 => String::new(),
            2 => " (and 1 other)".to_owned(),
            count => format!(" (and {} others)", count - 1),
        };
        Some(format!("harmless errors, {}: {first}{others}", kind.title()))
    };
    by_kind.into_iter().filter_map(line).collect()
}
