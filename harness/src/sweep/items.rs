//! Which item of an archive the engine's log means.

use std::collections::HashMap;

use restore_core::archive::Archive;
use restore_core::engine::RestoreError;
use restore_core::event::{ItemName, ItemTiming};

use crate::errors::classify;
use crate::record::{ErrorRow, ItemRow, nanos};

/// Items by what the engine's log calls them.
#[derive(Default)]
pub(super) struct ItemIndex {
    /// How many are restored, if that is known.
    pub(super) count: Option<u64>,
    by_id: HashMap<u32, Known>,
    /// A serial restore names items without numbers; of two with the same
    /// kind and name (overloaded functions) either will do.
    by_name: HashMap<(String, String), u32>,
}

struct Known {
    kind: String,
    name: String,
    bytes: Option<u64>,
}

impl ItemIndex {
    pub(super) fn new(archive: &Archive) -> Self {
        let mut index = Self { count: Some(archive.toc().items.len() as u64), ..Self::default() };
        for item in &archive.toc().items {
            let name = match item.namespace.as_deref() {
                Some(schema) if !schema.is_empty() => format!("{schema}.{}", item.name()),
                _ => item.name().to_owned(),
            };
            let kind = item.kind.as_str().to_owned();
            index.by_name.insert((kind.clone(), name.clone()), item.id.0);
            index.by_name.entry((kind.clone(), item.name().to_owned())).or_insert(item.id.0);
            let bytes = item.data_length.map(|bytes| bytes.0);
            index.by_id.insert(item.id.0, Known { kind, name, bytes });
        }
        index
    }

    pub(super) fn row(&self, timing: ItemTiming) -> ItemRow {
        let ItemTiming { item, step, lane, start, end } = timing;
        let bytes = self.known(&item).and_then(|(_, known)| known.bytes);
        let (dump_id, kind, name) = self.named(&item);
        let (start_ns, end_ns) = (nanos(start), nanos(end));
        ItemRow { lane, start_ns, end_ns, dump_id, kind, name, bytes, step }
    }

    pub(super) fn error(&self, error: &RestoreError) -> ErrorRow {
        let item = error.item().map(|item| self.named(item)).unwrap_or_default();
        ErrorRow::new(error, item, classify(error).key())
    }

    /// Number, kind and name of an item, by the archive where it knows the item.
    fn named(&self, item: &ItemName) -> (Option<u32>, String, String) {
        match self.known(item) {
            Some((id, known)) => (Some(id), known.kind.clone(), known.name.clone()),
            None => (item.id.map(|id| id.0), item.kind.clone(), item.name.clone()),
        }
    }

    fn known(&self, item: &ItemName) -> Option<(u32, &Known)> {
        let by_name = || self.by_name.get(&(item.kind.clone(), item.name.clone())).copied();
        let id = item.id.map(|id| id.0).or_else(by_name)?;
        Some((id, self.by_id.get(&id)?))
    }
}
