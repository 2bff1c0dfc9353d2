//! Counts and numbers of jobs as sentences have them.

use restore_core::units::Jobs;

/// Numbers in a row that are written as their ends.
const ROW: usize = 6;

/// A number with its noun.
pub fn counted(count: impl Into<u64>, noun: &str) -> String {
    let count = count.into();
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// `1, 2, 4`; long rows as `9 to 24`.
pub fn job_list(jobs: &[Jobs]) -> String {
    let rows = jobs.chunk_by(|a, b| a.get() + 1 == b.get());
    let words = rows.flat_map(|row| match row {
        [first, .., last] if row.len() >= ROW => vec![format!("{first} to {last}")],
        _ => row.iter().map(Jobs::to_string).collect(),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_rows_of_jobs_are_written_as_their_ends() {
        let list = |jobs: &[u32]| {
            let jobs: Vec<Jobs> = jobs.iter().map(|&jobs| Jobs::new(jobs).unwrap()).collect();
            job_list(&jobs)
        };
        assert_eq!(list(&[1, 2, 3, 4, 6, 8]), "1, 2, 3, 4, 6, 8");
        assert_eq!(list(&[2, 9, 10, 11, 12, 13, 14, 20]), "2, 9 to 14, 20");
        assert_eq!(list(&[]), "");
    }
}
