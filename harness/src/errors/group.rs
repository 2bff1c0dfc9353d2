//! Errors grouped by kind, for people.

use std::collections::BTreeMap;

use super::ErrorKind;
use crate::record::ErrorRow;

/// The errors of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorGroup {
    /// The kind.
    pub kind: ErrorKind,
    /// How many errors there are.
    pub count: u32,
    /// Whether all of them are accepted.
    pub accepted: bool,
    /// The most frequent one with its item.
    pub example: String,
    /// How many different errors there are: other items or other messages.
    pub different: u32,
}

/// The errors by kind: those that are not accepted first, then the most frequent first.
pub fn groups<'a>(rows: impl IntoIterator<Item = &'a ErrorRow>) -> Vec<ErrorGroup> {
    let mut by_kind: BTreeMap<(bool, ErrorKind), Vec<&ErrorRow>> = BTreeMap::new();
    for row in rows {
        let kind = ErrorKind::from_key(&row.class);
        by_kind.entry((row.accepted, kind)).or_default().push(row);
    }
    let mut groups: Vec<ErrorGroup> =
        by_kind.into_iter().map(|((accepted, kind), rows)| group(kind, accepted, &rows)).collect();
    groups.sort_by_key(|group| (group.accepted, std::cmp::Reverse(group.count)));
    groups
}

fn group(kind: ErrorKind, accepted: bool, rows: &[&ErrorRow]) -> ErrorGroup {
    let mut counts: BTreeMap<String, (u32, usize)> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        counts.entry(row.to_string()).or_insert((0, index)).0 += 1;
    }
    let different = counts.len() as u32;
    // Of those that are as frequent, the one that came first: others may follow from it.
    let first =
        counts.into_iter().max_by_key(|(_, (count, index))| (*count, std::cmp::Reverse(*index)));
    let example = first.map(|(text, _)| text).unwrap_or_default();
    ErrorGroup { kind, count: rows.len() as u32, accepted, example, different }
}

impl ErrorGroup {
    /// `3 errors: a role does not exist`.
    pub fn heading(&self) -> String {
        let noun = if self.count == 1 { "error" } else { "errors" };
        format!("{} {noun}: {}", self.count, self.kind.title())
    }

    /// The example, and how many others there are.
    pub fn example_of(&self) -> String {
        match self.different {
            0 | 1 => self.example.clone(),
            2 => format!("{} (and 1 other)", self.example),
            different => format!("{} (and {} others)", self.example, different - 1),
        }
    }

    /// The lines of a message: heading, example, advice.
    pub fn lines(&self) -> [String; 3] {
        [
            format!("  {}", self.heading()),
            format!("    {}", self.example_of()),
            format!("    {}", self.kind.advice()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use restore_core::engine::RestoreError;

    use super::*;
    use crate::errors::classify;

    fn row(id: u32, text: &str, accepted: bool) -> ErrorRow {
        let error = RestoreError::read(text);
        let item = (Some(id), "TABLE".to_owned(), format!("public.t{id}"));
        ErrorRow { accepted, ..ErrorRow::new(&error, item, classify(&error).key()) }
    }

    #[test]
    fn errors_are_grouped_by_kind_with_what_is_not_accepted_first() {
        let role = "ERROR:  role \"alice\" does not exist";
        let rows = [
            row(5, "ERROR:  schema \"public\" already exists", true),
            row(7, role, false),
            row(8, role, false),
            row(8, role, false),
            row(9, "ERROR:  deadlock detected", false),
        ];
        let groups = groups(&rows);
        let told: Vec<String> = groups.iter().map(ErrorGroup::heading).collect();
        let expected = [
            "3 errors: a role does not exist",
            "1 error: deadlock",
            "1 error: every new database has it",
        ];
        assert_eq!(told, expected);
        assert_eq!(
            groups[0].example_of(),
            "TABLE public.t8 (item 8): ERROR:  role \"alice\" does not exist (and 1 other)"
        );
    }
}
