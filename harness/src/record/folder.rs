//! A run folder on disk: made, appended to, read, resumed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::run::SCHEMA;
use super::{ItemRow, RunRecord, TrialRow};

const RUN: &str = "run.json";
const TRIALS: &str = "trials.csv";
const ITEMS: &str = "items";
const LOGS: &str = "logs";

/// A run folder.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

/// Why a run folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder that a new run was to have is there already.
    #[error("{0} exists already: choose another --out, or continue that run with --resume")]
    Exists(PathBuf),
    /// It is no run folder.
    #[error("{0} is not a run folder: it has no run.json")]
    NotARun(PathBuf),
    /// A newer program made it.
    #[error("{path} has schema {seen}, this program reads up to {SCHEMA}: use a newer jobtune")]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its schema.
        seen: u32,
    },
    /// A file of it cannot be understood.
    #[error("{path}{place}: {reason}", place = line.map(|line| format!(":{line}")).unwrap_or_default())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: Option<u64>,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refused.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

type Result<T> = std::result::Result<T, FolderError>;

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Io { doing, path, source }
}

impl RunFolder {
    /// Makes the folder of a new run. It is complete or not there at all.
    pub fn create(path: &Path, run: &RunRecord) -> Result<Self> {
        if path.exists() {
            return Err(FolderError::Exists(path.to_owned()));
        }
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(io_error("make", parent))?;
        let making = tempfile::Builder::new()
            .prefix(".jobtune-run-")
            .tempdir_in(parent)
            .map_err(io_error("make a folder in", parent))?;
        let folder = Self { path: making.path().to_owned() };
        for name in [ITEMS, LOGS] {
            let path = folder.path.join(name);
            fs::create_dir(&path).map_err(io_error("make", &path))?;
        }
        folder.write_run(run)?;
        folder.write_whole(TRIALS, header()?.as_bytes())?;
        open_to_all(making.path())?;
        fs::rename(making.path(), path).map_err(io_error("make", path))?;
        // The folder is no longer where its guard would look for it.
        let _ = making.keep();
        Ok(Self { path: path.to_owned() })
    }

    /// Opens the folder of a run that was made before.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self { path: path.to_owned() };
        if !folder.path.join(RUN).is_file() {
            return Err(FolderError::NotARun(path.to_owned()));
        }
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was to be done, and on what.
    pub fn run(&self) -> Result<RunRecord> {
        #[derive(Deserialize)]
        struct Schema {
            schema: u32,
        }

        let path = self.path.join(RUN);
        let text = fs::read_to_string(&path).map_err(io_error("read", &path))?;
        let damaged = |error: serde_json::Error| FolderError::Damaged {
            path: path.clone(),
            line: Some(error.line() as u64),
            reason: error.to_string(),
        };
        let Schema { schema } = serde_json::from_str(&text).map_err(damaged)?;
        if schema > SCHEMA {
            return Err(FolderError::Newer { path: self.path.clone(), seen: schema });
        }
        serde_json::from_str(&text).map_err(damaged)
    }

    /// Replaces `run.json`, as a whole or not at all.
    pub fn write_run(&self, run: &RunRecord) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(run).map_err(|error| FolderError::Damaged {
            path: self.path.join(RUN),
            line: None,
            reason: error.to_string(),
        })?;
        text.push(b'\n');
        self.write_whole(RUN, &text)
    }

    /// The trials that are done, in the order in which they were run. A last
    /// line without its end is the trace of a killed sweep and is left out.
    pub fn trials(&self) -> Result<Vec<TrialRow>> {
        let path = self.path.join(TRIALS);
        let mut text = fs::read_to_string(&path).map_err(io_error("read", &path))?;
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        parse_rows(&path, text.as_bytes())
    }

    /// When and where the items of a trial were restored.
    pub fn items(&self, trial: u32) -> Result<Vec<ItemRow>> {
        let path = self.items_path(trial);
        let text = fs::read(&path).map_err(io_error("read", &path))?;
        parse_rows(&path, &text)
    }

    /// Prepares for more trials: a torn last line is cut off.
    pub fn mend(&self) -> Result<()> {
        let path = self.path.join(TRIALS);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(io_error("open", &path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io_error("read", &path))?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        if whole == 0 {
            return self.write_whole(TRIALS, header()?.as_bytes());
        }
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(io_error("mend", &path))?;
            file.sync_all().map_err(io_error("sync", &path))?;
        }
        Ok(())
    }

    /// Records a trial: its items and log first, its row last.
    pub fn append(&self, row: &TrialRow, items: &[ItemRow], log: &[String]) -> Result<()> {
        let items_path = self.items_path(row.trial);
        self.write_whole(&format!("{ITEMS}/{}.csv", row.trial), &rows(items, true, &items_path)?)?;
        if !log.is_empty() {
            let name = format!("{LOGS}/{}.log", row.trial);
            self.write_whole(&name, (log.join("\n") + "\n").as_bytes())?;
        }
        let path = self.path.join(TRIALS);
        let line = rows(std::slice::from_ref(row), false, &path)?;
        append_line(&path, &line)
    }

    fn items_path(&self, trial: u32) -> PathBuf {
        self.path.join(ITEMS).join(format!("{trial}.csv"))
    }

    fn write_whole(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let making = self.path.join(format!("{name}.partial"));
        File::create(&making)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&making, &path))
            .map_err(|error| {
                // What could not be written whole is of no use.
                let _ = fs::remove_file(&making);
                io_error("write", &path)(error)
            })
    }
}

/// A line is there as a whole or, if the disk is full, not at all.
fn append_line(path: &Path, line: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new().append(true).open(path).map_err(io_error("open", path))?;
    let before = file.seek(SeekFrom::End(0)).map_err(io_error("read", path))?;
    file.write_all(line).and_then(|()| file.sync_data()).map_err(|error| {
        let _ = file.set_len(before);
        io_error("append to", path)(error)
    })
}

/// The header of `trials.csv`: the fields of a row in their order.
fn header() -> Result<String> {
    let example = TrialRow::example();
    let path = Path::new(TRIALS);
    let text = rows(std::slice::from_ref(&example), true, path)?;
    let line = text.split_inclusive(|&byte| byte == b'\n').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}

fn rows<T: Serialize>(rows: &[T], with_header: bool, path: &Path) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().has_headers(with_header).from_writer(Vec::new());
    let damaged =
        |reason: String| FolderError::Damaged { path: path.to_owned(), line: None, reason };
    for row in rows {
        writer.serialize(row).map_err(|error| damaged(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| damaged(error.to_string()))
}

fn parse_rows<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<Vec<T>> {
    let mut reader = csv::Reader::from_reader(text);
    reader
        .deserialize()
        .map(|row| {
            row.map_err(|error| FolderError::Damaged {
                path: path.to_owned(),
                line: error.position().map(csv::Position::line),
                reason: error.to_string(),
            })
        })
        .collect()
}

/// Temporary folders are closed to other users; a run folder is a result.
fn open_to_all(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(io_error("open up", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Outcome;

    fn folder() -> (tempfile::TempDir, RunFolder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = RunFolder { path: parent.path().to_owned() };
        fs::create_dir(parent.path().join(ITEMS)).unwrap();
        fs::create_dir(parent.path().join(LOGS)).unwrap();
        folder.write_whole(TRIALS, header().unwrap().as_bytes()).unwrap();
        (parent, folder)
    }

    fn row(trial: u32) -> TrialRow {
        TrialRow { trial, ..TrialRow::example() }
    }

    #[test]
    fn rows_come_back_as_they_were_written() {
        let (_guard, folder) = folder();
        let failed = TrialRow {
            outcome: Outcome::Failed,
            wal_bytes: None,
            message: Some("ERROR: a \"quoted\", comma\nand a line feed".to_owned()),
            ..row(2)
        };
        let item = ItemRow {
            lane: 1,
            start_ns: 5,
            end_ns: 9,
            dump_id: None,
            kind: "TABLE DATA".to_owned(),
            name: "public.größe, \"x\"".to_owned(),
            bytes: Some(3),
        };
        folder.append(&row(1), std::slice::from_ref(&item), &[]).unwrap();
        folder.append(&failed, &[], &["said".to_owned()]).unwrap();
        assert_eq!(folder.trials().unwrap(), [row(1), failed]);
        assert_eq!(folder.items(1).unwrap(), [item]);
        assert_eq!(folder.items(2).unwrap(), []);
        assert_eq!(fs::read_to_string(folder.path.join("logs/2.log")).unwrap(), "said\n");
    }

    #[test]
    fn a_torn_row_is_no_row() {
        let (_guard, folder) = folder();
        folder.append(&row(1), &[], &[]).unwrap();
        let path = folder.path.join(TRIALS);
        let whole = fs::read(&path).unwrap();
        for cut in 1..60 {
            let mut torn = whole.clone();
            torn.extend_from_slice(&whole[whole.len() - 80..whole.len() - cut]);
            fs::write(&path, &torn).unwrap();
            assert_eq!(folder.trials().unwrap().len(), 1);
            folder.mend().unwrap();
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
    }

    #[test]
    fn damage_is_told_with_its_line() {
        let (_guard, folder) = folder();
        folder.append(&row(1), &[], &[]).unwrap();
        let path = folder.path.join(TRIALS);
        let text = fs::read_to_string(&path).unwrap().replace("completed", "splendid");
        fs::write(&path, text).unwrap();
        let error = folder.trials().unwrap_err().to_string();
        assert!(error.contains("trials.csv:2: ") && error.contains("splendid"), "{error}");
    }

    #[test]
    fn other_folders_are_refused() {
        let (guard, _) = folder();
        assert!(matches!(RunFolder::open(guard.path()), Err(FolderError::NotARun(_))));
        fs::write(guard.path().join(RUN), "{\"schema\": 999}").unwrap();
        let newer = RunFolder::open(guard.path()).unwrap().run().unwrap_err();
        assert!(matches!(newer, FolderError::Newer { seen: 999, .. }));
    }
}
