//! What an archive holds and what can be expected of `-j`, before anything is
//! restored.
//!
//! [`Selection`] is what options leave of an archive, [`Subject`] that with its
//! plan, [`Inspection`] all that is told of
//! it, as plain values: whoever shows it computes nothing.

mod advice;
mod contents;
mod error;
mod forecast;
mod path;
mod selection;
mod sizes;
mod tables;
mod words;

pub use advice::Advice;
pub use contents::{ContentRow, Data};
pub use error::InspectError;
pub use forecast::{Concurrency, Enough, Forecast, Speedup, USUAL_JOBS};
pub use path::{PathStep, Serial, Way};
pub use selection::{LeftOut, Selection, SelectionSummary};
pub use sizes::SizesFrom;
pub use tables::{OnTable, TableRow};

use serde::{Deserialize, Serialize};

use crate::archive::Archive;
use crate::needs::{Need, SourceDatabase};
use crate::options::RestoreOptions;
use crate::plan::{Costs, CriticalPath, PgMajor, Plan, PostDataWork};
use crate::schedule::Policy;
use crate::selection::Selected;
use crate::units::Jobs;

use sizes::Sizes;

/// How many tables are listed.
const TABLES: usize = 10;

/// What the times behind a forecast come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The sizes of the data, with a guess of what indexes cost.
    Sizes,
    /// The items of restores that were measured.
    Measured,
}

/// All that is known of an archive without restoring it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// What its head says.
    pub head: Head,
    /// What options leave of it; absent without options. All that follows is
    /// of what they leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<SelectionSummary>,
    /// The database that it was made of.
    #[serde(default)]
    pub source: SourceDatabase,
    /// What it needs of a server, besides a database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// What it holds, by section and kind.
    pub contents: Vec<ContentRow>,
    /// How its data is kept.
    pub data: Data,
    /// Its largest tables, largest first.
    pub tables: Vec<TableRow>,
    /// How many tables with data it has in all.
    pub tables_in_all: usize,
    /// What the rest rests on.
    pub basis: Basis,
    /// What runs alone whatever the number of jobs.
    pub serial: Serial,
    /// For how much of a restore with unlimited jobs how many items run.
    pub concurrency: Vec<Concurrency>,
    /// The most items that ever run at once there.
    pub most_at_once: u32,
    /// What must follow one another.
    pub critical_path: Way,
    /// What to expect of numbers of jobs, ascending.
    pub forecast: Vec<Forecast>,
    /// The number of jobs past which nothing is gained.
    pub enough: Enough,
    /// What to do better, what gains most first.
    pub advice: Vec<Advice>,
}

/// The head of an archive in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// `custom`, `directory` or `tar`.
    pub format: String,
    /// Version of the archive format.
    pub archive_version: String,
    /// Compression of the data.
    pub compression: String,
    /// When the dump began, by the clock of the machine that made it.
    pub created: Option<String>,
    /// The database that was dumped.
    pub database: Option<String>,
    /// The server that it was dumped from.
    pub server_version: Option<String>,
    /// The `pg_dump` that made it.
    pub dumped_by: Option<String>,
    /// How many items it has.
    pub items: usize,
    /// The major version of `pg_restore` by whose rules it is planned.
    pub rules_of: u32,
}

/// An archive with its plan, before its costs are known.
#[derive(Debug)]
pub struct Subject<'a> {
    archive: &'a Archive,
    selection: Selection<'a>,
    plan: Plan,
    sizes: Sizes,
}

impl<'a> Subject<'a> {
    /// Plans the restore of all of an archive by `pg_restore` of major version
    /// `rules`, or else of the `pg_dump` that made it. Reads through a custom archive that
    /// does not say where its data is.
    pub fn new(archive: &'a Archive, rules: Option<PgMajor>) -> Result<Self, InspectError> {
        let selection = Selection::new(archive, &RestoreOptions::default(), rules)?;
        Self::of(archive, selection)
    }

    /// The same for what options leave of the archive.
    pub fn of(archive: &'a Archive, selection: Selection<'a>) -> Result<Self, InspectError> {
        let plan = Plan::of(&selection.selected, selection.rules)?;
        let sizes = Sizes::new(archive, &selection.selected, &plan)?;
        Ok(Self { archive, selection, plan, sizes })
    }

    fn selected(&self) -> &Selected<'a> {
        &self.selection.selected
    }

    /// The plan of its restore.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// In which order its items are taken.
    pub fn policy(&self) -> Policy {
        Policy::of(self.selection.rules)
    }

    /// Guesses what each item costs from the sizes of the data.
    pub fn inspect(&self, jobs: &[Jobs]) -> Inspection {
        let guess = |work| {
            let toc = self.selected().toc();
            Costs::guessed(&self.plan, toc, |item| self.sizes.counted(item), work)
        };
        let costs = guess(PostDataWork::Usual);
        let range = [guess(PostDataWork::Light), guess(PostDataWork::Heavy)];
        self.with_costs(&costs, &range, Basis::Sizes, jobs)
    }

    /// Takes what each item cost in measured restores.
    pub fn inspect_measured(&self, costs: &Costs, jobs: &[Jobs]) -> Inspection {
        self.with_costs(costs, &[], Basis::Measured, jobs)
    }

    fn with_costs(
        &self,
        costs: &Costs,
        range: &[Costs],
        basis: Basis,
        jobs: &[Jobs],
    ) -> Inspection {
        let (archive, plan, selected) = (self.archive, &self.plan, self.selected());
        let toc = selected.toc();
        let path = CriticalPath::new(plan, costs);
        let restores = forecast::Restores::new(plan, self.policy(), costs, range);
        let tables = tables::all(selected, plan, &self.sizes);
        let (forecast, enough) = if archive.format().is_parallel() {
            restores.foretell(jobs, &path)
        } else {
            (Vec::new(), Enough::SERIAL)
        };
        let (concurrency, most_at_once) = restores.concurrency();
        let mut inspection = Inspection {
            head: Head::new(archive, self.selection.rules),
            selection: self.selection.summary.clone(),
            source: SourceDatabase::of(toc),
            needs: self.selection.needs(),
            contents: contents::rows(selected, &self.sizes),
            data: Data::new(selected, &self.sizes),
            tables_in_all: tables.len(),
            tables: tables.into_iter().take(TABLES).collect(),
            basis,
            serial: Serial::new(toc, plan, costs, &path),
            concurrency,
            most_at_once,
            critical_path: Way::new(toc, plan, costs, &path),
            forecast,
            enough,
            advice: Vec::new(),
        };
        inspection.advice = advice::of(archive, selected, plan, costs, &inspection);
        inspection
    }
}

impl Head {
    fn new(archive: &Archive, rules: PgMajor) -> Self {
        let header = archive.header();
        Self {
            format: header.format.to_string(),
            archive_version: header.version.to_string(),
            compression: header.compression.to_string(),
            created: header.created.map(|time| time.to_string()),
            database: header.database.clone(),
            server_version: header.server_version.clone(),
            dumped_by: header.dumped_by.clone(),
            items: archive.toc().items.len(),
            rules_of: rules.0,
        }
    }
}
