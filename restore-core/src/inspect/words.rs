//! Items and shares as they are shown.

use crate::plan::ItemIndex;
use crate::toc::{Item, Toc};

/// An item's kind and name as they are shown.
pub(super) fn title(item: &Item) -> String {
    format!("{} {}", item.kind.as_str(), qualified(item))
}

/// An item's name with its schema.
pub(super) fn qualified(item: &Item) -> String {
    match item.namespace.as_deref() {
        Some(schema) if !schema.is_empty() => format!("{schema}.{}", item.name()),
        _ => item.name().to_owned(),
    }
}

/// The item at a place of the plan.
pub(super) fn item_at(toc: &Toc, place: ItemIndex) -> &Item {
    &toc.items[place.as_usize()]
}

/// A part of a whole, from 0 to 1; of nothing it is 0.
pub(super) fn share(part: u128, whole: u128) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
