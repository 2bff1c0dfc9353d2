//! What `pg_restore` decides about an item from its kind, section and name.

use super::Entry;
use crate::toc::{ItemKind, Section};
use crate::units::PgMajor;

/// The passes over the archive, with a barrier between them (`RestorePass`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pass {
    /// Everything that the other passes do not take.
    Main,
    /// Rights: `GRANT` could otherwise stand in the way of the restore.
    Acl,
    /// What needs those rights, or would act on the restore itself:
    /// materialised views' contents, event triggers, late statistics.
    PostAcl,
}

impl Pass {
    /// All passes in their order.
    pub const ALL: [Self; 3] = [Self::Main, Self::Acl, Self::PostAcl];

    /// The pass of an item (`_tocEntryRestorePass`).
    pub fn of(item: &Entry<'_>, major: PgMajor) -> Self {
        match item.kind {
            ItemKind::Acl | ItemKind::DefaultAcl => Self::Acl,
            // Written by PostgreSQL 7.4 alone.
            ItemKind::Other(kind) if kind == "ACL LANGUAGE" => Self::Acl,
            ItemKind::EventTrigger | ItemKind::MaterializedViewData => Self::PostAcl,
            // These go with their object, and event triggers are the only
            // objects of a later pass that can have them.
            ItemKind::Comment | ItemKind::SecurityLabel
                if item.name.starts_with("EVENT TRIGGER ") =>
            {
                Self::PostAcl
            }
            // From 18: statistics of a materialised view need its contents,
            // and statistics are to be restored in the archive's order.
            ItemKind::StatisticsData
                if major >= PgMajor(18) && item.section == Section::PostData =>
            {
                Self::PostAcl
            }
            _ => Self::Main,
        }
    }

    /// What reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Acl => "ACL",
            Self::PostAcl => "post-ACL",
        }
    }
}

/// Which items the leader restores before it starts the workers
/// (`restore_toc_entries_prefork`): pre-data of the main pass, and what has
/// no section as long as nothing of a later section has come by.
pub(super) fn before_fork(items: &[Entry<'_>], passes: &[Pass]) -> Vec<bool> {
    let mut met_later_section = false;
    let mut decide = |(item, pass): (&Entry<'_>, &Pass)| {
        let in_section = match item.section {
            Section::PreData => true,
            Section::Data | Section::PostData => {
                met_later_section = true;
                false
            }
            Section::None => !met_later_section,
        };
        in_section && *pass == Pass::Main
    };
    items.iter().zip(passes).map(&mut decide).collect()
}

/// Whether the item locks the tables that it depends on against everything
/// else (`identify_locking_dependencies`): every post-data item is taken to
/// be an ALTER TABLE or the like, save CREATE INDEX.
pub(super) fn locks_exclusively(item: &Entry<'_>) -> bool {
    item.section == Section::PostData && *item.kind != ItemKind::Index
}

/// Whether an item stands for a table that can be locked.
pub(super) fn is_lockable(item: &Entry<'_>) -> bool {
    matches!(item.kind, ItemKind::Table | ItemKind::TableData)
}
