//! The rows of a table as one number, whatever their order.

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::analysis::words::counted;

/// How many rows a table has, and the sum of their hashes.
///
/// A row's hash is the first 128 bits of the SHA-256 of its line of COPY text.
/// Sums modulo 2^128 do not depend on the order, and rows that occur twice
/// count twice. Sums of parts of a table add up to that of the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rows {
    pub count: u64,
    pub hash: u128,
}

impl Rows {
    fn add_row(&mut self, line: &[u8]) {
        let digest = Sha256::digest(line);
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        self.count += 1;
        self.hash = self.hash.wrapping_add(u128::from_be_bytes(first));
    }
}

impl std::ops::AddAssign for Rows {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.hash = self.hash.wrapping_add(other.hash);
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, hash {:016x}", counted(self.count, "row"), self.hash >> 64)
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:{:032x}", self.count, self.hash))
    }
}

/// Cuts a COPY stream into rows as it comes.
#[derive(Debug, Default)]
pub struct RowHasher {
    rows: Rows,
    /// The beginning of a row whose end has not come yet.
    begun: Vec<u8>,
    /// Behind the line `\.`, which ends the data of an archive.
    ended: bool,
}

impl RowHasher {
    /// Takes the next bytes. COPY writes line feeds in values as `\n`, so that each raw one ends
    /// a row.
    pub fn take(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            if self.begun.is_empty() {
                self.line(line);
            } else {
                let mut whole = std::mem::take(&mut self.begun);
                whole.extend_from_slice(line);
                self.line(&whole);
                // Its capacity serves the next row.
                whole.clear();
                self.begun = whole;
            }
            bytes = rest;
        }
        self.begun.extend_from_slice(bytes);
    }

    fn line(&mut self, line: &[u8]) {
        self.ended |= line == b"\\.";
        if !self.ended {
            self.rows.add_row(line);
        }
    }

    /// The rows that were taken.
    pub fn finish(self) -> Rows {
        self.rows
    }

    /// Whether the line `\.` came.
    pub fn has_ended(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(parts: &[&[u8]]) -> Rows {
        let mut hasher = RowHasher::default();
        for part in parts {
            hasher.take(part);
        }
        hasher.finish()
    }

    #[test]
    fn the_order_of_rows_and_the_cuts_between_chunks_do_not_matter() {
        let all = rows(&[b"1\ta\n2\tb\n2\tb\n"]);
        assert_eq!(all.count, 3);
        assert_eq!(rows(&[b"2\tb\n1\t", b"", b"a\n2", b"\tb\n\\.\n\n\n"]), all);
        assert_ne!(rows(&[b"1\ta\n2\tb\n"]), all);
        assert_ne!(rows(&[b"1\ta\n2\tb\n1\ta\n"]), all, "which row occurs twice counts");
        let mut sum = rows(&[b"2\tb\n"]);
        sum += rows(&[b"1\ta\n2\tb\n"]);
        assert_eq!(sum, all);
    }

    #[test]
    fn rows_without_columns_count() {
        assert_eq!(rows(&[b"\n\n\\.\n\n\n"]).count, 2);
    }
}
