//! The version of the archive format, and what it can express.

use std::fmt;

/// The version of the archive format: the three bytes after `PGDMP`.
///
/// What changed with which version is in `pg_backup_archiver.h`
/// (`K_VERS_*`); the methods here are its comments as questions, so that no
/// reader compares numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchiveVersion {
    /// Always 1 so far.
    pub major: u8,
    /// Counts the changes of the layout.
    pub minor: u8,
    /// Always 0 so far.
    pub revision: u8,
}

impl ArchiveVersion {
    /// The oldest that is read: PostgreSQL 8.0, the first whose dependencies
    /// are item numbers and whose strings carry tablespaces.
    pub const OLDEST: Self = Self::new(1, 10);

    /// The newest that is read: PostgreSQL 17 and 18.
    pub const NEWEST: Self = Self::new(1, 16);

    const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor, revision: 0 }
    }

    fn is_at_least(self, minor: u8) -> bool {
        self >= Self::new(1, minor)
    }

    /// Whether it is one that this crate reads. The revision does not count,
    /// as it is not to change the layout.
    pub fn is_known(self) -> bool {
        self >= Self::OLDEST && (self.major, self.minor) <= (1, Self::NEWEST.minor)
    }

    /// Whether a `pg_restore` of this major version reads it, in the last of
    /// its minor versions: it compares nothing but the format's version with
    /// its own (`ReadHead`, `K_VERS_MAX`), so that 17 reads what 18 writes.
    /// What comes after 18 is taken to read all that is known here.
    pub fn is_readable_by(self, major: u32) -> bool {
        WRITTEN_BY
            .into_iter()
            .find(|(first, _)| *first <= major)
            .is_some_and(|(_, minor)| (self.major, self.minor) <= (1, minor))
    }

    /// The first major version whose `pg_restore` reads it.
    pub fn first_reader(self) -> u32 {
        let readers = WRITTEN_BY.into_iter().filter(|(major, _)| self.is_readable_by(*major));
        readers.map(|(major, _)| major).min().unwrap_or(WRITTEN_BY[0].0)
    }

    /// 1.11 (PostgreSQL 8.4): items name their section.
    pub fn names_sections(self) -> bool {
        self.is_at_least(11)
    }

    /// 1.14 (PostgreSQL 12): tables name their access method.
    pub fn names_table_access_methods(self) -> bool {
        self.is_at_least(14)
    }

    /// 1.15 (PostgreSQL 16): the header names the compression method; before
    /// there was a zlib level.
    pub fn names_compression_method(self) -> bool {
        self.is_at_least(15)
    }

    /// 1.16 (PostgreSQL 17): relations carry their `relkind`.
    pub fn names_relation_kinds(self) -> bool {
        self.is_at_least(16)
    }

    /// 1.16 (PostgreSQL 17): large objects come in groups, each an item of
    /// its own with a list of its own; before, one item held them all.
    pub fn groups_large_objects(self) -> bool {
        self.is_at_least(16)
    }
}

/// The minor format version that is written from which major version on, the
/// newest first: `K_VERS_MINOR` in `pg_backup_archiver.h` of each branch.
///
/// 8.0 to 8.3 write 1.10, 8.4 writes 1.11, 9.0 to 9.2 write 1.12. So did 9.3 to
/// 10 at first; from their releases of March 2018 (9.3.22, 9.4.17, 9.5.12,
/// 9.6.8, 10.3) they write 1.13, as 11 does.
const WRITTEN_BY: [(u32, u8); 5] = [(17, 16), (16, 15), (12, 14), (9, 13), (8, 11)];

impl fmt::Display for ArchiveVersion {
    /// As `pg_restore -l` prints it: `1.14-0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}-{}", self.major, self.minor, self.revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_come_with_their_version() {
        let pg15 = ArchiveVersion::new(1, 14);
        assert!(pg15.names_sections() && pg15.names_table_access_methods());
        assert!(!pg15.names_compression_method() && !pg15.groups_large_objects());
        assert!(ArchiveVersion::NEWEST.groups_large_objects());
        assert!(!ArchiveVersion::OLDEST.names_sections());
    }

    #[test]
    fn the_format_decides_who_reads_it() {
        let readers = |minor| {
            let version = ArchiveVersion::new(1, minor);
            let majors = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19];
            majors.into_iter().filter(|major| version.is_readable_by(*major)).min()
        };
        let first = [(10, 8), (11, 8), (12, 9), (13, 9), (14, 12), (15, 16), (16, 17)];
        for (minor, major) in first {
            assert_eq!(readers(minor), Some(major), "1.{minor}");
            assert_eq!(ArchiveVersion::new(1, minor).first_reader(), major, "1.{minor}");
        }
        assert!(ArchiveVersion { major: 1, minor: 14, revision: 9 }.is_readable_by(13));
        assert!(!ArchiveVersion::new(1, 10).is_readable_by(7));
    }

    #[test]
    fn known_versions_have_both_ends() {
        let known = |major, minor, revision| ArchiveVersion { major, minor, revision }.is_known();
        assert!(known(1, 10, 0) && known(1, 16, 0) && known(1, 16, 7));
        assert!(!known(1, 9, 0) && !known(1, 17, 0) && !known(2, 0, 0) && !known(0, 99, 0));
        assert_eq!(ArchiveVersion::new(1, 14).to_string(), "1.14-0");
    }
}
