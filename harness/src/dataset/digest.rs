//! Digests of files, as records keep them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use restore_core::units::Bytes;
use sha2::{Digest, Sha256};

/// SHA-256 and size of a file, or of all files of a directory by name.
pub(super) fn digest(path: &Path) -> anyhow::Result<(String, Bytes)> {
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut add = |path: &Path| -> io::Result<()> {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            hasher.update(&buffer[..read]);
            bytes += read as u64;
        }
    };
    let unreadable = |path: &Path| format!("cannot read {}", path.display());
    if path.is_dir() {
        let entries = fs::read_dir(path).with_context(|| unreadable(path))?;
        let mut files: Vec<PathBuf> =
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
        files.sort();
        for file in files {
            add(&file).with_context(|| unreadable(&file))?;
        }
    } else {
        add(path).with_context(|| unreadable(path))?;
    }
    Ok((hex(&hasher.finalize()), Bytes(bytes)))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing into memory does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
