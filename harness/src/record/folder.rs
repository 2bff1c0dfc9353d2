//! A run folder on disk: made, appended to, read, resumed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{FolderError, Result, io_error};
use super::run::SCHEMA;
use super::{
    ArchiveRecord, ControlRow, ItemRow, LatencyRow, LoadSample, RecordedPlan, RunRecord, TrialRow,
    paths, table,
};

const RUN: &str = "run.json";
pub(super) const TRIALS: &str = "trials.csv";
pub(super) const LOAD: &str = "load.csv";
pub(super) const ITEMS: &str = "items";
pub(super) const LOGS: &str = "logs";
pub(super) const LATENCY: &str = "latency";
pub(super) const CONTROL: &str = "control";
const PLANS: &str = "plans";

/// How much of the digests of an archive and of its selection names its plan.
const DIGEST_DIGITS: usize = 16;

/// A run folder.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run. It is complete or not there at all.
    pub fn create(
        path: &Path,
        run: &RunRecord,
        plans: &[(&ArchiveRecord, RecordedPlan)],
    ) -> Result<Self> {
        Self::create_with(path, run, plans, |_| Ok(()))
    }

    /// The same with what `fill` writes into it.
    pub(super) fn create_with(
        path: &Path,
        run: &RunRecord,
        plans: &[(&ArchiveRecord, RecordedPlan)],
        fill: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<Self> {
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
        for name in [ITEMS, LOGS, PLANS] {
            folder.make_folder(name)?;
        }
        folder.write_run(run)?;
        for (archive, plan) in plans {
            folder.write_plan(archive, plan)?;
        }
        folder.write_whole(TRIALS, table::trials_header(Path::new(TRIALS))?.as_bytes())?;
        fill(&folder)?;
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
        let mut run: RunRecord = serde_json::from_str(&text).map_err(damaged)?;
        paths::to_used(&self.path, &mut run);
        Ok(run)
    }

    /// Replaces `run.json`, as a whole or not at all.
    pub fn write_run(&self, run: &RunRecord) -> Result<()> {
        let mut run = run.clone();
        paths::to_written(&self.path, &mut run);
        let mut text = serde_json::to_vec_pretty(&run).map_err(|error| FolderError::Damaged {
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
        table::read_trials(&path, text.as_bytes())
    }

    /// The load samples of the trials that are done, in their order; none where
    /// none were taken.
    pub fn load(&self) -> Result<Vec<LoadSample>> {
        let done = self.trials()?.last().map_or(0, |row| row.trial);
        read_table(&self.path.join(LOAD), |text| end_of_load(text, done))
    }

    /// The load samples of one trial, without reading those of the others.
    pub fn load_of(&self, trial: u32) -> Result<Vec<LoadSample>> {
        let path = self.path.join(LOAD);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        let own = format!("{trial},");
        // Its fields are numbers: a line is a row, and begins with the trial.
        let lines = text.split_inclusive(|&byte| byte == b'\n').enumerate();
        let kept: Vec<&[u8]> = lines
            .filter(|(index, line)| *index == 0 || line.starts_with(own.as_bytes()))
            .map(|(_, line)| line)
            .collect();
        table::read(&path, &kept.concat())
    }

    /// When and where the items of a trial were restored; none where its table
    /// was left out of a copy of the folder.
    pub fn items(&self, trial: u32) -> Result<Vec<ItemRow>> {
        read_table(&self.items_path(trial), <[u8]>::len)
    }

    /// What decides the order in which an archive of the run is restored;
    /// `None` where the run keeps no plan of it: plain dumps have none, and
    /// neither have runs of schema 1.
    pub fn plan(&self, archive: &ArchiveRecord) -> Result<Option<RecordedPlan>> {
        let path = self.path.join(plan_name(archive));
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        Ok(Some(RecordedPlan { rows: table::read(&path, &text)? }))
    }

    /// Keeps the plan of an archive of the run.
    pub fn write_plan(&self, archive: &ArchiveRecord, plan: &RecordedPlan) -> Result<()> {
        // A run of schema 1 has no folder for it.
        let folder = self.path.join(PLANS);
        fs::create_dir_all(&folder).map_err(io_error("make", &folder))?;
        let name = plan_name(archive);
        self.write_whole(&name, &table::write(&plan.rows, true, &self.path.join(&name))?)
    }

    /// What a trial with `-j auto` decided; nothing of others.
    pub fn control(&self, trial: u32) -> Result<Vec<ControlRow>> {
        read_table(&self.path.join(CONTROL).join(format!("{trial}.csv")), <[u8]>::len)
    }

    /// Records what a trial decided, before the trial itself.
    pub fn write_control(&self, trial: u32, rows: &[ControlRow]) -> Result<()> {
        let folder = self.path.join(CONTROL);
        fs::create_dir_all(&folder).map_err(io_error("make", &folder))?;
        let name = format!("{CONTROL}/{trial}.csv");
        self.write_whole(&name, &table::write(rows, true, &self.path.join(&name))?)
    }

    /// How long the transactions of the workload took around a trial; nothing
    /// where none ran beside it.
    pub fn latency(&self, trial: u32) -> Result<Vec<LatencyRow>> {
        let path = self.path.join(LATENCY).join(format!("{trial}.csv"));
        match fs::read(&path) {
            Ok(text) => table::read(&path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(io_error("read", &path)(error)),
        }
    }

    /// Records the latencies of a trial, before the trial itself.
    pub fn write_latency(&self, trial: u32, rows: &[LatencyRow]) -> Result<()> {
        let folder = self.path.join(LATENCY);
        fs::create_dir_all(&folder).map_err(io_error("make", &folder))?;
        let name = format!("{LATENCY}/{trial}.csv");
        self.write_whole(&name, &table::write(rows, true, &self.path.join(&name))?)
    }

    /// Prepares for more trials: a torn last line is cut off, and so are load
    /// samples of a trial without a row. A table of an older program is given
    /// the columns of this one.
    pub fn mend(&self) -> Result<()> {
        let path = self.path.join(TRIALS);
        let text = fs::read(&path).map_err(io_error("read", &path))?;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let header = table::trials_header(&path)?;
        if text.starts_with(header.as_bytes()) {
            cut(&path, &text, whole)?;
        } else {
            let rows = table::read_trials(&path, &text[..whole])?;
            let lines = table::write_trials(&rows, &path)?;
            self.write_whole(TRIALS, &[header.as_bytes(), &lines].concat())?;
        }
        self.mend_load()
    }

    fn mend_load(&self) -> Result<()> {
        let path = self.path.join(LOAD);
        if !path.exists() {
            return Ok(());
        }
        let text = fs::read(&path).map_err(io_error("read", &path))?;
        let header = table::load_header(&path)?;
        if text.starts_with(header.as_bytes()) {
            let done = self.trials()?.last().map_or(0, |row| row.trial);
            return cut(&path, &text, end_of_load(&text, done));
        }
        let lines = table::write(&self.load()?, false, &path)?;
        self.write_whole(LOAD, &[header.as_bytes(), &lines].concat())
    }

    /// Records a trial: its items, load and log first, its row last.
    pub fn append(
        &self,
        row: &TrialRow,
        items: &[ItemRow],
        load: &[LoadSample],
        log: &[String],
    ) -> Result<()> {
        let items_path = self.items_path(row.trial);
        let text = table::write(items, true, &items_path)?;
        self.write_whole(&format!("{ITEMS}/{}.csv", row.trial), &text)?;
        if !log.is_empty() {
            let name = format!("{LOGS}/{}.log", row.trial);
            self.write_whole(&name, (log.join("\n") + "\n").as_bytes())?;
        }
        if !load.is_empty() {
            self.append_load(load)?;
        }
        let path = self.path.join(TRIALS);
        append_lines(&path, &table::write_trials(std::slice::from_ref(row), &path)?)
    }

    fn append_load(&self, load: &[LoadSample]) -> Result<()> {
        let path = self.path.join(LOAD);
        if !path.exists() {
            self.write_whole(LOAD, table::load_header(&path)?.as_bytes())?;
        }
        append_lines(&path, &table::write(load, false, &path)?)
    }

    fn items_path(&self, trial: u32) -> PathBuf {
        self.path.join(ITEMS).join(format!("{trial}.csv"))
    }

    pub(super) fn make_folder(&self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        fs::create_dir_all(&path).map_err(io_error("make", &path))
    }

    pub(super) fn read_if_there(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path.join(name);
        match fs::read(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("read", &path)(error)),
        }
    }

    pub(super) fn write_whole(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let making = self.path.join(format!("{name}.partial"));
        File::create(&making)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&making, &path))
            .inspect(|()| tracing::debug!(path = %path.display(), bytes = bytes.len(), "wrote"))
            .map_err(|error| {
                // What could not be written whole is of no use.
                let _ = fs::remove_file(&making);
                io_error("write", &path)(error)
            })
    }
}

/// The rows of a table up to an end; none where the file is not there.
pub(super) fn read_table<T: DeserializeOwned>(
    path: &Path,
    end: impl Fn(&[u8]) -> usize,
) -> Result<Vec<T>> {
    match fs::read(path) {
        Ok(text) => table::read(path, &text[..end(&text)]),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(io_error("read", path)(error)),
    }
}

/// Archives of the same contents share a plan where the same is restored of
/// them.
fn plan_name(archive: &ArchiveRecord) -> String {
    let digests = [Some(&archive.sha256), archive.selection.as_ref()].into_iter().flatten();
    let names: Vec<&str> =
        digests.map(|digest| digest.get(..DIGEST_DIGITS).unwrap_or(digest)).collect();
    format!("{PLANS}/{}.csv", names.join("-"))
}

/// Where the whole lines of `load.csv` end that belong to trials up to `done`.
fn end_of_load(text: &[u8], done: u32) -> usize {
    let mut end = 0;
    for (number, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let trial = line.split(|&byte| byte == b',').next().unwrap_or_default();
        let trial = std::str::from_utf8(trial).ok().and_then(|trial| trial.parse::<u32>().ok());
        let is_done = number == 0 || trial.is_some_and(|trial| trial <= done);
        if !(is_done && line.ends_with(b"\n")) {
            break;
        }
        end += line.len();
    }
    end
}

/// Cuts a file that holds `text` down to `len` bytes.
fn cut(path: &Path, text: &[u8], len: usize) -> Result<()> {
    if len == text.len() {
        return Ok(());
    }
    let file = OpenOptions::new().write(true).open(path).map_err(io_error("open", path))?;
    file.set_len(len as u64).and_then(|()| file.sync_all()).map_err(io_error("mend", path))
}

/// Lines are there as a whole or, if the disk is full, not at all.
fn append_lines(path: &Path, line: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new().append(true).open(path).map_err(io_error("open", path))?;
    let before = file.seek(SeekFrom::End(0)).map_err(io_error("read", path))?;
    file.write_all(line).and_then(|()| file.sync_data()).map_err(|error| {
        let _ = file.set_len(before);
        io_error("append to", path)(error)
    })
}

/// Temporary folders are closed to other users; a run folder is a result.
fn open_to_all(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(io_error("open up", path))
}

#[cfg(test)]
mod tests {
    use restore_core::event::Step;

    use super::*;
    use crate::record::{LoadSummary, Outcome};

    fn folder() -> (tempfile::TempDir, RunFolder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = RunFolder { path: parent.path().to_owned() };
        fs::create_dir(parent.path().join(ITEMS)).unwrap();
        fs::create_dir(parent.path().join(LOGS)).unwrap();
        folder
            .write_whole(TRIALS, table::trials_header(Path::new(TRIALS)).unwrap().as_bytes())
            .unwrap();
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
            step: Step::Whole,
        };
        folder.append(&row(1), std::slice::from_ref(&item), &[], &[]).unwrap();
        folder.append(&failed, &[], &[], &["said".to_owned()]).unwrap();
        assert_eq!(folder.trials().unwrap(), [row(1), failed]);
        assert_eq!(folder.items(1).unwrap(), [item]);
        assert_eq!(folder.items(2).unwrap(), []);
        assert_eq!(fs::read_to_string(folder.path.join("logs/2.log")).unwrap(), "said\n");
    }

    #[test]
    fn a_torn_row_is_no_row() {
        let (_guard, folder) = folder();
        folder.append(&row(1), &[], &[], &[]).unwrap();
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

    fn sample(trial: u32, at_ns: u64) -> LoadSample {
        LoadSample { trial, at_ns, interval_ns: 5, wal_bytes: Some(at_ns), ..LoadSample::default() }
    }

    #[test]
    fn load_comes_back_and_absent_stays_absent() {
        let (_guard, folder) = folder();
        assert_eq!(folder.load().unwrap(), []);
        let row = TrialRow {
            load: LoadSummary {
                load_samples: Some(2),
                host_cpu_mean_ratio: Some(0.25),
                ..LoadSummary::default()
            },
            ..row(1)
        };
        let load = [sample(1, 5), sample(1, 10)];
        folder.append(&row, &[], &load, &[]).unwrap();
        assert_eq!(folder.trials().unwrap(), [row]);
        assert_eq!(folder.load().unwrap(), load);
        let text = fs::read_to_string(folder.path.join(LOAD)).unwrap();
        assert!(text.lines().nth(1).unwrap().starts_with("1,5,5,,"), "absent is empty: {text}");
    }

    #[test]
    fn load_of_a_trial_without_a_row_is_no_load() {
        let (_guard, folder) = folder();
        folder.append(&row(1), &[], &[sample(1, 5)], &[]).unwrap();
        let path = folder.path.join(LOAD);
        let whole = fs::read(&path).unwrap();
        let next = table::write(&[sample(2, 5), sample(2, 10)], false, &path).unwrap();
        for cut in [next.len(), next.len() - 1, 1] {
            fs::write(&path, [&whole[..], &next[..cut]].concat()).unwrap();
            assert_eq!(folder.load().unwrap(), [sample(1, 5)]);
            folder.mend().unwrap();
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
    }

    #[test]
    fn a_table_of_schema_1_is_read_and_goes_on() {
        let (_guard, folder) = folder();
        let path = folder.path.join(TRIALS);
        folder.append(&row(1), &[], &[], &[]).unwrap();
        let columns = |line: &str| line.split(',').take(22).collect::<Vec<_>>().join(",") + "\n";
        let old: String = fs::read_to_string(&path).unwrap().lines().map(columns).collect();
        assert!(old.lines().next().unwrap().ends_with(",message"), "{old}");
        fs::write(&path, &old).unwrap();
        assert_eq!(folder.trials().unwrap(), [row(1)]);
        folder.mend().unwrap();
        folder.append(&row(2), &[], &[sample(2, 5)], &[]).unwrap();
        assert_eq!(folder.trials().unwrap(), [row(1), row(2)]);
    }

    #[test]
    fn damage_is_told_with_its_line() {
        let (_guard, folder) = folder();
        folder.append(&row(1), &[], &[], &[]).unwrap();
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
