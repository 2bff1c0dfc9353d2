//! Rows of the tables of a run folder, as CSV.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{FolderError, Result};
use super::{LoadSample, LoadSummary, TrialRow, WorkloadSummary};

/// The header of `trials.csv`.
pub(super) fn trials_header(path: &Path) -> Result<String> {
    let trial = header_of(&TrialRow::example(), path)?;
    let load = header_of(&LoadSummary::default(), path)?;
    let workload = header_of(&WorkloadSummary::default(), path)?;
    Ok(format!("{},{},{workload}", trial.trim_end(), load.trim_end()))
}

/// The header of `load.csv`.
pub(super) fn load_header(path: &Path) -> Result<String> {
    header_of(&LoadSample::default(), path)
}

/// The fields of a row in their order.
fn header_of<T: Serialize>(example: &T, path: &Path) -> Result<String> {
    let text = write(std::slice::from_ref(example), true, path)?;
    let line = text.split_inclusive(|&byte| byte == b'\n').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}

/// Lines of `trials.csv`.
pub(super) fn write_trials(rows: &[TrialRow], path: &Path) -> Result<Vec<u8>> {
    // The columns of a group follow those of the row: serde has no name for
    // that in a table, but a tuple is written flat.
    let flat: Vec<(&TrialRow, &LoadSummary, &WorkloadSummary)> =
        rows.iter().map(|row| (row, &row.load, &row.workload)).collect();
    write(&flat, false, path)
}

/// Rows of `trials.csv`. Columns that an older program did not write are
/// absent.
pub(super) fn read_trials(path: &Path, text: &[u8]) -> Result<Vec<TrialRow>> {
    let mut reader = csv::Reader::from_reader(text);
    let damaged = |error: csv::Error| damaged(path, &error);
    let headers = reader.headers().map_err(damaged)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(damaged)?;
        let row: TrialRow = record.deserialize(Some(&headers)).map_err(damaged)?;
        let load = record.deserialize(Some(&headers)).map_err(damaged)?;
        let workload = record.deserialize(Some(&headers)).map_err(damaged)?;
        rows.push(TrialRow { load, workload, ..row });
    }
    Ok(rows)
}

pub(super) fn write<T: Serialize>(rows: &[T], with_header: bool, path: &Path) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().has_headers(with_header).from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| damaged(path, &error))?;
    }
    writer.into_inner().map_err(|error| FolderError::Damaged {
        path: path.to_owned(),
        line: None,
        reason: error.to_string(),
    })
}

pub(super) fn read<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<Vec<T>> {
    let mut reader = csv::Reader::from_reader(text);
    reader.deserialize().map(|row| row.map_err(|error| damaged(path, &error))).collect()
}

fn damaged(path: &Path, error: &csv::Error) -> FolderError {
    FolderError::Damaged {
        path: path.to_owned(),
        line: error.position().map(csv::Position::line),
        reason: error.to_string(),
    }
}
