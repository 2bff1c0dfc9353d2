//! What comes of a warm-up restore: whether trials can follow, or what the user is to change.

use restore_core::units::Jobs;

use super::bench::Finished;
use crate::design::Cell;
use crate::errors::{ErrorGroup, groups};
use crate::record::{ErrorRow, Outcome};
use crate::scenario::quantity::WarmUp;

/// A warm-up restore that reported errors which are not accepted. Trials would fail by the
/// same errors, so that resuming the sweep does not help.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct WarmUpFailed {
    text: String,
    /// Whether other values of `--errors` would accept the errors.
    pub can_be_accepted: bool,
}

/// A warm-up restore that has ended.
pub(super) struct Attempt<'a> {
    pub(super) cell: &'a Cell,
    pub(super) outcome: Outcome,
    pub(super) message: Option<&'a str>,
    pub(super) errors: &'a [ErrorRow],
    pub(super) reached_end: bool,
}

impl<'a> Attempt<'a> {
    pub(super) fn of(cell: &'a Cell, finished: &'a Finished) -> Self {
        Self {
            cell,
            outcome: finished.row.outcome,
            message: finished.row.message.as_deref(),
            errors: &finished.errors,
            reached_end: finished.reached_end,
        }
    }

    /// Whether trials can follow. A restore that was to be stopped may have been stopped, but
    /// not have reported errors before that a trial would fail by.
    pub(super) fn is_good(&self, warm_up: WarmUp) -> bool {
        let was_stopped = self.outcome == Outcome::TimedOut && warm_up.limit().is_some();
        self.outcome == Outcome::Completed || (was_stopped && self.refused().next().is_none())
    }

    /// Whether it failed by errors of the restore, which another number of jobs may not have.
    pub(super) fn failed_by_errors(&self) -> bool {
        self.refused().next().is_some()
    }

    /// What to say of this restore where the same with one job went well.
    pub(super) fn failed_in_parallel(&self) -> String {
        format!(
            "the warm-up restore with -j {} failed, and the same with -j 1 did not: {}. The sweep \
             goes on; this archive may be one that only -j 1 restores reliably",
            self.cell.jobs,
            self.message.unwrap_or_default()
        )
    }

    /// The failure, with all errors by kind and what can be done.
    pub(super) fn failure(&self, log: &[String]) -> WarmUpFailed {
        let refused: Vec<&ErrorRow> = self.refused().collect();
        let message = self.message.unwrap_or_default();
        if refused.is_empty() {
            let quoted = log[..log.len().min(QUOTED_LINES)].join("\n");
            let text = format!("{}: {message}\n{quoted}", self.outcome.as_str());
            return WarmUpFailed { text, can_be_accepted: false };
        }
        let groups = groups(refused.iter().copied());
        let count = refused.len();
        let errors = if count == 1 { "1 error".to_owned() } else { format!("{count} errors") };
        let mut lines = vec![format!("{errors} in the restore that {} not accepted", are(count))];
        lines.extend(groups.iter().flat_map(ErrorGroup::lines));
        if self.reached_end {
            lines.push(format!(
                "If {} expected: --errors same accepts every restore that reports exactly the \
                 same, --accept-error REGEX those whose message matches (docs/errors.md)",
                if count == 1 { "this error is" } else { "these errors are" },
            ));
        } else {
            lines.push(format!("The restore ended there: {message}"));
        }
        WarmUpFailed { text: lines.join("\n"), can_be_accepted: self.reached_end }
    }

    fn refused(&self) -> impl Iterator<Item = &ErrorRow> {
        self.errors.iter().filter(|row| !row.accepted)
    }
}

/// Lines of the log that a failure without errors quotes.
const QUOTED_LINES: usize = 10;

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// The same cell with one job; `None` where it has one already.
pub(super) fn serial(cell: &Cell) -> Option<Cell> {
    (cell.jobs > Jobs::ONE).then(|| Cell { jobs: Jobs::ONE, ..cell.clone() })
}

#[cfg(test)]
mod tests {
    use restore_core::engine::RestoreError;
    use restore_core::format::Format;

    use super::*;
    use crate::design::ArchiveKey;
    use crate::errors::classify;
    use crate::scenario::EngineKind;
    use crate::scenario::quantity::Span;

    fn cell(jobs: u32) -> Cell {
        let archive = ArchiveKey {
            variant: "base".to_owned(),
            format: Format::Custom,
            compression: "none".parse().unwrap(),
        };
        Cell { archive, engine: EngineKind::PgRestore, jobs: Jobs::new(jobs).unwrap() }
    }

    fn row(id: u32, text: &str) -> ErrorRow {
        let error = RestoreError::read(text);
        let item = (Some(id), "TABLE".to_owned(), format!("public.t{id}"));
        ErrorRow::new(&error, item, classify(&error).key())
    }

    #[test]
    fn a_failure_has_its_errors_by_kind_and_the_way_out() {
        let cell = cell(4);
        let errors = [
            row(7, "ERROR:  role \"alice\" does not exist"),
            row(8, "ERROR:  role \"alice\" does not exist"),
            ErrorRow { accepted: true, ..row(5, "ERROR:  schema \"public\" already exists") },
        ];
        let attempt = Attempt {
            cell: &cell,
            outcome: Outcome::Failed,
            message: Some("TABLE public.t7 (item 7): ERROR"),
            errors: &errors,
            reached_end: true,
        };
        let failed = attempt.failure(&[]);
        let text = failed.to_string();
        assert!(text.starts_with("2 errors in the restore that are not accepted\n"), "{text}");
        assert!(text.contains("  2 errors: a role does not exist\n    TABLE public.t7"), "{text}");
        assert!(text.contains("--errors same accepts") && !text.contains("schema"), "{text}");
        assert!(failed.can_be_accepted);
        let fatal = Attempt { reached_end: false, ..attempt }.failure(&[]);
        assert!(!fatal.can_be_accepted && !fatal.to_string().contains("--errors"), "{fatal}");
    }

    #[test]
    fn only_a_warm_up_that_was_to_be_stopped_may_be_stopped() {
        let cell = cell(1);
        let attempt = |outcome, errors| Attempt {
            cell: &cell,
            outcome,
            message: Some("stopped at its limit"),
            errors,
            reached_end: false,
        };
        let short = WarmUp::AtMost(Span::from_secs(60));
        assert!(attempt(Outcome::Completed, &[]).is_good(WarmUp::Whole));
        assert!(attempt(Outcome::TimedOut, &[]).is_good(short));
        assert!(!attempt(Outcome::TimedOut, &[]).is_good(WarmUp::Whole));
        let errors = [row(7, "ERROR:  deadlock detected")];
        assert!(!attempt(Outcome::TimedOut, &errors).is_good(short));
        let log: Vec<String> = (1..=12).map(|line| format!("line {line}")).collect();
        let failed = attempt(Outcome::TimedOut, &[]).failure(&log).to_string();
        assert!(failed.starts_with("timed out: stopped at its limit\nline 1\n"), "{failed}");
        assert!(failed.ends_with("line 10"), "{failed}");
    }
}
