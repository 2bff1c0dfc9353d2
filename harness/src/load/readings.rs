//! Files that are read again and again.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A file of procfs or sysfs, opened once: reading it from its start makes
/// the kernel write it anew.
#[derive(Debug)]
pub(super) struct Gauge {
    file: File,
    buffer: Vec<u8>,
}

impl Gauge {
    /// `None` where this system has no such file, or not for us.
    pub(super) fn open(path: impl AsRef<Path>) -> Option<Self> {
        /// What most of these files fit into.
        const USUAL: usize = 4096;

        let mut gauge = Self { file: File::open(path).ok()?, buffer: vec![0; USUAL] };
        // Some open and then cannot be read: pressure that was configured out.
        gauge.read()?;
        Some(gauge)
    }

    /// What it says now.
    pub(super) fn read(&mut self) -> Option<&str> {
        let mut len = 0;
        loop {
            let read = self.file.read_at(&mut self.buffer[len..], len as u64).ok()?;
            len += read;
            if read == 0 {
                break;
            }
            if len == self.buffer.len() {
                self.buffer.resize(len * 2, 0);
            }
        }
        std::str::from_utf8(&self.buffer[..len]).ok()
    }

    /// The start of what it says: as much as fits into one call.
    pub(super) fn read_start(&mut self) -> Option<&str> {
        let len = self.file.read_at(&mut self.buffer, 0).ok()?;
        let start = &self.buffer[..len];
        // Cut to whole lines, should a character be cut.
        let end = start.iter().rposition(|&byte| byte == b'\n').map_or(len, |end| end + 1);
        std::str::from_utf8(&start[..end]).ok()
    }
}

/// Reads a small file once.
pub(super) fn read(path: impl AsRef<Path>) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_anew_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gauge");
        std::fs::write(&path, "1\n").unwrap();
        let mut gauge = Gauge::open(&path).unwrap();
        assert_eq!(gauge.read(), Some("1\n"));
        let long = "22\n".repeat(4000);
        std::fs::write(&path, &long).unwrap();
        assert_eq!(gauge.read(), Some(long.as_str()));
        std::fs::write(&path, "3\n4").unwrap();
        assert_eq!(gauge.read_start(), Some("3\n"));
        assert!(Gauge::open(folder.path().join("none")).is_none());
    }
}
