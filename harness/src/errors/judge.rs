//! Whether a trial may have the errors that it reported.

use std::collections::{BTreeMap, BTreeSet};

use restore_core::engine::{RestoreEnd, RestoreReport};

use super::ErrorKind;
use crate::design::ArchiveKey;
use crate::record::{ErrorReference, ErrorRow};
use crate::scenario::ErrorPolicy;

/// Differences that a message names one by one.
const NAMED: usize = 3;

/// What is decided of the errors of one restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// There are none, or all are accepted.
    Accepted,
    /// Some are not; the message names the first of them.
    Refused(String),
}

/// Applies a policy to the errors of restores.
#[derive(Debug, Clone)]
pub struct Judge {
    policy: ErrorPolicy,
    references: BTreeMap<ArchiveKey, ErrorReference>,
}

impl Judge {
    /// Judges by `policy`. What the trials of an archive are compared with is known from
    /// earlier sessions, or comes with the first restore.
    pub fn new(policy: ErrorPolicy, references: Vec<ErrorReference>) -> Self {
        let references =
            references.into_iter().map(|reference| (reference.archive.clone(), reference));
        Self { policy, references: references.collect() }
    }

    /// Whether the errors of a restore are to be the reference for those that follow: the
    /// policy compares, and there is none for the archive so far.
    pub fn needs_reference(&self, archive: &ArchiveKey) -> bool {
        self.policy == ErrorPolicy::Same && !self.references.contains_key(archive)
    }

    /// Whether all restores that count have the same errors.
    pub fn wants_same_errors(&self) -> bool {
        self.policy == ErrorPolicy::Same
    }

    /// Compares with these errors from now on.
    pub fn set_reference(&mut self, reference: ErrorReference) {
        self.references.insert(reference.archive.clone(), reference);
    }

    /// Why a restore does not count because of its errors, if so; marks the rows that are
    /// accepted. The rows are those of the report.
    pub fn refusal(
        &self,
        archive: &ArchiveKey,
        report: &RestoreReport,
        rows: &mut [ErrorRow],
    ) -> Option<String> {
        let judged = self.judge(archive, rows);
        if report.end != RestoreEnd::Finished {
            return Some(before_the_end(report, rows.last()));
        }
        if !report.errors.is_complete() {
            return Some(format!(
                "{} errors, of which {} could be read: too few to tell whether all are accepted",
                report.errors.count(),
                report.errors.kept().len()
            ));
        }
        match judged {
            Judgement::Accepted => None,
            Judgement::Refused(message) => Some(message),
        }
    }

    /// Marks the rows that are accepted, and says whether all are. While an archive has no
    /// reference that the policy asks for, all are.
    pub fn judge(&self, archive: &ArchiveKey, rows: &mut [ErrorRow]) -> Judgement {
        if self.policy == ErrorPolicy::Same {
            return self.compare(archive, rows);
        }
        for row in rows.iter_mut() {
            row.accepted = match &self.policy {
                ErrorPolicy::None => false,
                ErrorPolicy::Harmless | ErrorPolicy::Same => is_harmless(row),
                ErrorPolicy::Matching(patterns) => {
                    is_harmless(row) || patterns.iter().any(|one| one.is_in(&row.message))
                }
            };
        }
        let refused: Vec<&ErrorRow> = rows.iter().filter(|row| !row.accepted).collect();
        match refused[..] {
            [] => Judgement::Accepted,
            [first] => Judgement::Refused(first.to_string()),
            [first, ..] => {
                Judgement::Refused(format!("{first} (and {})", counted(refused.len() - 1)))
            }
        }
    }

    fn compare(&self, archive: &ArchiveKey, rows: &mut [ErrorRow]) -> Judgement {
        let Some(reference) = self.references.get(archive) else {
            for row in rows {
                row.accepted = true;
            }
            return Judgement::Accepted;
        };
        let mut left = compared(&reference.errors);
        let mut more = Vec::new();
        let mut sessions = BTreeSet::new();
        for row in rows.iter_mut() {
            let is_repeated = row.of_session && !sessions.insert(row.message.clone());
            row.accepted = is_harmless(row) || is_repeated || take(&mut left, row);
            if !row.accepted {
                more.push(row.to_string());
            }
        }
        let fewer: Vec<String> = left.into_values().flatten().map(ToString::to_string).collect();
        if more.is_empty() && fewer.is_empty() {
            return Judgement::Accepted;
        }
        let than = match reference.trial {
            Some(trial) => format!("trial {trial}"),
            None => "the warm-up restore".to_owned(),
        };
        let parts = [("more", more), ("fewer", fewer)];
        let parts = parts.iter().filter(|(_, errors)| !errors.is_empty()).map(|(word, errors)| {
            let named = errors[..errors.len().min(NAMED)].join("; ");
            let rest = errors.len().saturating_sub(NAMED);
            let rest = if rest > 0 { format!("; and {rest} more") } else { String::new() };
            let noun = if errors.len() == 1 { "error" } else { "errors" };
            format!("{} {noun} {word} than in {than}: {named}{rest}", errors.len())
        });
        Judgement::Refused(parts.collect::<Vec<_>>().join("; "))
    }
}

/// What to say of a restore that did not go on to the end of the archive.
fn before_the_end(report: &RestoreReport, last: Option<&ErrorRow>) -> String {
    let status = match (report.end, report.exit_code) {
        (RestoreEnd::Stopped, _) => "its time limit".to_owned(),
        (_, Some(code)) => format!("exit status {code}"),
        (_, None) => "a signal".to_owned(),
    };
    match last {
        Some(last) => format!("{last} (the restore ended there by {status})"),
        None => format!("the restore ended early by {status}"),
    }
}

/// What an error is compared by: its item or line, and its message.
type Key = (Option<u32>, Option<u64>, String, String);

/// A setting of a connection fails at the item that first needs it there, as often as there
/// are connections: only that it fails is compared.
fn key(row: &ErrorRow) -> Key {
    if row.of_session {
        return (None, None, String::new(), row.message.clone());
    }
    // Serial logs of old programs have names without numbers.
    let name = if row.dump_id.is_some() { String::new() } else { row.name.clone() };
    (row.dump_id, row.line, name, row.message.clone())
}

/// The errors of a reference that are compared, by key.
fn compared(errors: &[ErrorRow]) -> BTreeMap<Key, Vec<&ErrorRow>> {
    let mut by_key: BTreeMap<Key, Vec<&ErrorRow>> = BTreeMap::new();
    for row in errors.iter().filter(|row| !is_harmless(row)) {
        let same = by_key.entry(key(row)).or_default();
        if same.is_empty() || !row.of_session {
            same.push(row);
        }
    }
    by_key
}

/// Takes the counterpart of `row` out of what is left of the reference.
fn take(left: &mut BTreeMap<Key, Vec<&ErrorRow>>, row: &ErrorRow) -> bool {
    let key = key(row);
    let Some(same) = left.get_mut(&key) else { return false };
    let is_taken = same.pop().is_some();
    if same.is_empty() {
        left.remove(&key);
    }
    is_taken
}

fn is_harmless(row: &ErrorRow) -> bool {
    ErrorKind::from_key(&row.class).is_harmless()
}

fn counted(errors: usize) -> String {
    if errors == 1 { "1 more error".to_owned() } else { format!("{errors} more errors") }
}

#[cfg(test)]
mod tests {
    use restore_core::engine::{ErrorSource, RestoreError};
    use restore_core::format::Format;
    use restore_core::units::Jobs;

    use super::*;
    use crate::errors::classify;

    fn archive() -> ArchiveKey {
        ArchiveKey {
            variant: "base".to_owned(),
            format: Format::Custom,
            compression: "none".parse().unwrap(),
        }
    }

    fn row(id: u32, text: &str) -> ErrorRow {
        let error = RestoreError { source: ErrorSource::Session, ..RestoreError::read(text) };
        let class = classify(&error).key();
        ErrorRow::new(&error, (Some(id), "TABLE".to_owned(), format!("public.t{id}")), class)
    }

    fn role(id: u32) -> ErrorRow {
        row(id, "could not execute query: ERROR:  role \"alice\" does not exist")
    }

    fn public() -> ErrorRow {
        row(5, "could not execute query: ERROR:  schema \"public\" already exists")
    }

    fn refused(judge: &Judge, mut rows: Vec<ErrorRow>) -> String {
        match judge.judge(&archive(), &mut rows) {
            Judgement::Accepted => String::new(),
            Judgement::Refused(message) => message,
        }
    }

    fn same(errors: Vec<ErrorRow>, trial: Option<u32>) -> Judge {
        let reference = ErrorReference { archive: archive(), jobs: Jobs::ONE, trial, errors };
        Judge::new(ErrorPolicy::Same, vec![reference])
    }

    #[test]
    fn harmless_errors_are_accepted_unless_none_may_be() {
        let harmless = Judge::new(ErrorPolicy::Harmless, Vec::new());
        assert_eq!(refused(&harmless, vec![public()]), "");
        let told = "TABLE public.t7 (item 7): ERROR:  role \"alice\" does not exist";
        assert_eq!(refused(&harmless, vec![public(), role(7)]), told);
        let more = refused(&harmless, vec![role(7), role(8), role(9)]);
        assert_eq!(more, format!("{told} (and 2 more errors)"));
        let none = Judge::new(ErrorPolicy::None, Vec::new());
        assert!(refused(&none, vec![public()]).contains("schema \"public\""));
    }

    #[test]
    fn patterns_accept_messages() {
        let patterns = vec!["role \"alice\"".parse().unwrap()];
        let judge = Judge::new(ErrorPolicy::Matching(patterns), Vec::new());
        assert_eq!(refused(&judge, vec![public(), role(7)]), "");
        let other = row(7, "could not execute query: ERROR:  role \"bob\" does not exist");
        assert!(refused(&judge, vec![role(7), other]).contains("bob"));
    }

    #[test]
    fn the_same_errors_are_accepted_in_any_order_and_the_difference_is_named() {
        let judge = same(vec![role(7), role(8), role(8)], None);
        assert_eq!(refused(&judge, vec![role(8), public(), role(7), role(8)]), "");
        assert_eq!(
            refused(&judge, vec![role(7), role(8), role(8), role(9)]),
            "1 error more than in the warm-up restore: TABLE public.t9 (item 9): ERROR:  role \
             \"alice\" does not exist"
        );
        let fewer = refused(&same(vec![role(7), role(8)], Some(1)), vec![role(7)]);
        assert!(fewer.starts_with("1 error fewer than in trial 1: TABLE public.t8"), "{fewer}");
        let both = refused(&judge, vec![role(7), role(8), role(9)]);
        assert!(both.contains("more than") && both.contains("; 1 error fewer than"), "{both}");
    }

    #[test]
    fn settings_of_connections_may_fail_more_often_and_elsewhere() {
        let text = "could not set default_tablespace to fast: ERROR:  invalid value for \
                    parameter \"default_tablespace\": \"fast\"";
        let judge = same(vec![row(7, text)], None);
        assert_eq!(refused(&judge, vec![row(9, text), row(8, text)]), "");
        assert!(refused(&judge, Vec::new()).starts_with("1 error fewer"));
    }

    #[test]
    fn an_archive_without_a_reference_needs_one() {
        let mut judge = Judge::new(ErrorPolicy::Same, Vec::new());
        assert!(judge.needs_reference(&archive()));
        let mut rows = vec![role(7)];
        assert_eq!(judge.judge(&archive(), &mut rows), Judgement::Accepted);
        let reference =
            ErrorReference { archive: archive(), jobs: Jobs::ONE, trial: Some(1), errors: rows };
        judge.set_reference(reference);
        assert!(!judge.needs_reference(&archive()));
        assert!(!refused(&judge, vec![role(8)]).is_empty());
        assert!(!Judge::new(ErrorPolicy::Harmless, Vec::new()).needs_reference(&archive()));
    }
}
