//! How an archive is restored beside the options of `pg_restore`: in sections, with settings of
//! the sessions, and what makes the database ready afterwards.

use std::collections::BTreeMap;
use std::fmt;

use restore_core::engine::SectionJobs;
use restore_core::units::Jobs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::written::FixedJobs;

/// How an archive is restored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Procedure {
    /// One section after the other; all at once if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sections: Option<Sections>,
    /// Settings of the restore's sessions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub session: BTreeMap<String, String>,
    /// What is done to the restored database before it is ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ready: Vec<ReadyStep>,
}

impl Procedure {
    /// Whether it says nothing, which records leave out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Settings of sessions as libpq's `options` take them: `-c name=value`, with a backslash
    /// before what would end a word (PostgreSQL 17 manual, 32.1.2).
    pub fn session_options(&self) -> Option<String> {
        let option = |(name, value): (&String, &String)| {
            let mut escaped = String::with_capacity(value.len());
            for letter in value.chars() {
                if letter.is_whitespace() || letter == '\\' {
                    escaped.push('\\');
                }
                escaped.push(letter);
            }
            format!("-c {name}={escaped}")
        };
        let all: Vec<String> = self.session.iter().map(option).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }
}

/// Pre-data, data and post-data one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sections {
    /// `-j` of each section; that of the cell if absent, and 1 for pre-data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<FixedJobs>")]
    pub pre: Option<Jobs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<FixedJobs>")]
    pub data: Option<Jobs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<FixedJobs>")]
    pub post: Option<Jobs>,
    /// SQL between data and post-data, each a statement of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub between: Vec<String>,
}

impl Sections {
    /// The `-j` of each section of a restore with `jobs`.
    pub fn jobs(&self, jobs: Jobs) -> SectionJobs {
        SectionJobs {
            pre: self.pre.unwrap_or(Jobs::ONE),
            data: self.data.unwrap_or(jobs),
            post: self.post.unwrap_or(jobs),
        }
    }

    /// The most workers of any section, where it says them all: the `-j` of a cell changes
    /// nothing then.
    pub fn fixed_jobs(&self) -> Option<Jobs> {
        let (data, post) = (self.data?, self.post?);
        self.pre.into_iter().chain([data, post]).max()
    }

    /// The most workers that it names.
    pub fn most_jobs(&self) -> Option<Jobs> {
        [self.pre, self.data, self.post].into_iter().flatten().max()
    }

    /// A name for a variant that is restored so: `data-8-post-2-vacuum`.
    pub fn name(&self) -> String {
        let jobs = [("pre", self.pre), ("data", self.data), ("post", self.post)];
        let jobs = jobs.into_iter().filter_map(|(name, jobs)| Some(format!("{name}-{}", jobs?)));
        let sql = self.between.iter().filter_map(|sql| {
            let word =
                sql.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| !word.is_empty());
            word.map(str::to_ascii_lowercase)
        });
        let words: Vec<String> = jobs.chain(sql).collect();
        if words.is_empty() { "sections".to_owned() } else { words.join("-") }
    }
}

/// Why a plan cannot be carried out with an archive that one worker restores.
pub(crate) fn serial_archive(jobs: Jobs) -> String {
    format!(
        "a plan has -j {jobs}, and pg_restore restores tar archives with one worker: leave out \
         format tar, or give 1"
    )
}

/// What is done to a restored database before it is ready for queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReadyStep {
    /// `vacuumdb --analyze-only`.
    Analyze,
    /// `vacuumdb --analyze-in-stages`: rough statistics first.
    AnalyzeInStages,
    /// `vacuumdb --analyze`.
    VacuumAnalyze,
    /// `reindexdb`: after a change of collations.
    Reindex,
}

impl ReadyStep {
    /// The program, and what it is given beside the database and `-j`.
    pub fn program(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Analyze => ("vacuumdb", &["--analyze-only"]),
            Self::AnalyzeInStages => ("vacuumdb", &["--analyze-in-stages"]),
            Self::VacuumAnalyze => ("vacuumdb", &["--analyze"]),
            Self::Reindex => ("reindexdb", &[]),
        }
    }
}

impl fmt::Display for ReadyStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (program, arguments) = self.program();
        f.write_str(program)?;
        arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(text: &str) -> Sections {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn sections_that_name_every_number_of_workers_leave_none_to_vary() {
        let all = sections("data = 8\npost = 2");
        assert_eq!(all.fixed_jobs(), Jobs::new(8).ok());
        assert_eq!(all.name(), "data-8-post-2");
        let some = sections("post = 2\nbetween = [\"VACUUM (FREEZE)\", \"ANALYZE\"]");
        assert_eq!(some.fixed_jobs(), None);
        assert_eq!(some.name(), "post-2-vacuum-analyze");
        let jobs = some.jobs(Jobs::new(4).unwrap());
        assert_eq!([jobs.pre, jobs.data, jobs.post].map(Jobs::get), [1, 4, 2]);
        assert_eq!(sections("").name(), "sections");
    }

    #[test]
    fn settings_of_sessions_are_words_of_options() {
        let session = [("work_mem", "64 MB"), ("search_path", "a\\b")];
        let session = session.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let procedure = Procedure { session: session.into(), ..Procedure::default() };
        let expected = "-c search_path=a\\\\b -c work_mem=64\\ MB";
        assert_eq!(procedure.session_options().as_deref(), Some(expected));
        assert_eq!(Procedure::default().session_options(), None);
    }
}
