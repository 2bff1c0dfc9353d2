//! What a run has made on this machine or on servers, so that it can be
//! removed after the run was killed.
//!
//! Every run keeps a lease: a file in the user's state folder that lists what
//! the run is about to make, written before it is made. The file is locked
//! for as long as the process lives, and the system drops the lock however
//! the process ends. So a lease that can be locked belongs to a dead run, and
//! nothing of a live one is ever touched.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// Something that outlives the process that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Resource {
    /// A throw-away cluster.
    Cluster {
        /// The folder that holds its data; made by the run.
        data: PathBuf,
        /// The folder that holds its socket; made by the run.
        socket: PathBuf,
    },
    /// A file system on a loop device.
    Disk {
        /// The folder that holds its image; made by the run.
        folder: PathBuf,
    },
    /// Containers that carry this value in the label `jobtune.run`.
    Containers {
        /// The value.
        label: String,
    },
    /// A database on a server that is not ours.
    Database {
        /// How to get there, without a password.
        conninfo: String,
        /// Its name.
        name: String,
        /// Which database of this name; absent where only this run gives such
        /// names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        oid: Option<u32>,
    },
    /// A file or folder that was being made.
    Partial {
        /// The path.
        path: PathBuf,
    },
}

/// The lease of a run of this process.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    file: File,
}

/// A lease that was found in the state folder.
#[derive(Debug)]
pub enum Found {
    /// Its run is alive.
    Live(String),
    /// It cannot be read or locked.
    Unreadable {
        /// Identifier of the run.
        run: String,
        /// Why.
        error: anyhow::Error,
    },
    /// Its run is dead, and this is what it may have left.
    Dead {
        /// Identifier of the run.
        run: String,
        /// What it noted, oldest first.
        resources: Vec<Resource>,
        /// The lease, which is ours now.
        lease: Lease,
    },
}

impl Lease {
    /// Takes the lease of `run`, with what an earlier process of the same run
    /// noted in it and did not release.
    pub fn take(folder: &Path, run: &str) -> anyhow::Result<(Self, Vec<Resource>)> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the state folder {}", folder.display()))?;
        let path = folder.join(format!("{run}.{EXTENSION}"));
        match Self::lock(path.clone())? {
            Some(lease) => {
                let resources = lease.resources()?;
                Ok((lease, resources))
            }
            None => bail!(
                "run {run} is being executed by another process (its lease {} is locked)",
                path.display()
            ),
        }
    }

    fn lock(path: PathBuf) -> anyhow::Result<Option<Self>> {
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("cannot open the lease {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { path, file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }

    /// Notes something before it is made.
    pub fn note(&self, resource: &Resource) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(resource).context("cannot write down a resource")?;
        line.push(b'\n');
        (&self.file)
            .write_all(&line)
            .and_then(|()| self.file.sync_data())
            .with_context(|| format!("cannot write to the lease {}", self.path.display()))
    }

    /// What was noted so far, oldest first.
    pub fn resources(&self) -> anyhow::Result<Vec<Resource>> {
        let file = File::open(&self.path)
            .with_context(|| format!("cannot read the lease {}", self.path.display()))?;
        let mut resources = Vec::new();
        for line in BufReader::new(file).lines() {
            // A torn last line was noted for something that was never made.
            if let Ok(resource) = serde_json::from_str(&line?) {
                resources.push(resource);
            }
        }
        Ok(resources)
    }

    /// Gives the lease up, once everything that it lists is gone.
    pub fn release(self) -> anyhow::Result<()> {
        fs::remove_file(&self.path)
            .with_context(|| format!("cannot remove the lease {}", self.path.display()))
    }
}

const EXTENSION: &str = "lease";

/// All leases in the state folder, of the living and of the dead.
pub fn find_all(folder: &Path) -> anyhow::Result<Vec<Found>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", folder.display()));
        }
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != EXTENSION) {
            continue;
        }
        let run = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        found.push(look(run, path));
    }
    Ok(found)
}

/// One lease that was found. That it cannot be read is told, and keeps no other
/// from being looked at.
fn look(run: String, path: PathBuf) -> Found {
    let locked = Lease::lock(path)
        .and_then(|lease| lease.map(|lease| Ok((lease.resources()?, lease))).transpose());
    match locked {
        Ok(Some((resources, lease))) => Found::Dead { run, resources, lease },
        Ok(None) => Found::Live(run),
        Err(error) => Found::Unreadable { run, error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_run_is_told_from_a_dead_one() {
        let folder = tempfile::tempdir().unwrap();
        let resource = Resource::Containers { label: "abc".to_owned() };
        let (lease, earlier) = Lease::take(folder.path(), "abc").unwrap();
        assert!(earlier.is_empty());
        lease.note(&resource).unwrap();
        assert!(
            matches!(&find_all(folder.path()).unwrap()[..], [Found::Live(run)] if run == "abc")
        );
        assert!(Lease::take(folder.path(), "abc").is_err());

        drop(lease);
        match &find_all(folder.path()).unwrap()[..] {
            [Found::Dead { resources, .. }] => assert_eq!(resources[..], [resource]),
            other => panic!("{other:?}"),
        }
        let (lease, earlier) = Lease::take(folder.path(), "abc").unwrap();
        assert_eq!(earlier.len(), 1);
        lease.release().unwrap();
        assert!(find_all(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn a_torn_line_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.lease"), "{\"kind\":\"partial\",\"pa").unwrap();
        let (_, earlier) = Lease::take(folder.path(), "x").unwrap();
        assert!(earlier.is_empty());
    }
}
