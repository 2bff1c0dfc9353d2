//! What a sweep runs its trials on, and what comes of one.

use async_trait::async_trait;

use crate::design::{Cell, Trial};
use crate::load::LiveLoad;
use crate::record::{
    ControlRow, ErrorReference, ErrorRow, ItemRow, LatencyRow, LoadSample, LoadSummary, Outcome,
    TrialRow, WorkloadSummary,
};

/// A trial that has ended, with all that is recorded of it.
#[derive(Debug)]
pub struct Finished {
    /// Its row.
    pub row: TrialRow,
    /// When and where its items were restored.
    pub items: Vec<ItemRow>,
    /// What the machine and the server were doing; empty where nobody looked.
    pub load: Vec<LoadSample>,
    /// What of the load could not be read, and why.
    pub load_notes: Vec<String>,
    /// How long the workload's transactions took; empty where none ran.
    pub latency: Vec<LatencyRow>,
    /// What a restore with `-j auto` decided.
    pub decisions: Vec<ControlRow>,
    /// The errors that the engine reported.
    pub errors: Vec<ErrorRow>,
    /// These errors are what further trials of the archive are compared with.
    pub error_reference: Option<ErrorReference>,
    /// Whether the engine went through the whole archive, whatever errors it had.
    pub reached_end: bool,
    /// What the engine and the server said; empty if all went well.
    pub log: Vec<String>,
}

impl Finished {
    /// A trial of which nothing is known but that it is to be.
    pub(super) fn begun(trial: &Trial<'_>, session: u32, engine: &str) -> Self {
        let key = &trial.cell.archive;
        let row = TrialRow {
            trial: trial.number,
            block: trial.block,
            position: trial.position,
            session,
            variant: key.variant.clone(),
            engine: engine.to_owned(),
            format: key.format,
            compression: key.compression,
            jobs: trial.cell.jobs,
            outcome: Outcome::Failed,
            started_at: String::new(),
            wall_ns: 0,
            pre_data_ns: None,
            prepare_ns: 0,
            verify_ns: 0,
            cleanup_ns: 0,
            rows: None,
            database_bytes: None,
            wal_bytes: None,
            errors: 0,
            exit_code: None,
            message: None,
            archive_bytes: None,
            before_ns: None,
            after_ns: None,
            ready_ns: None,
            load: LoadSummary::default(),
            workload: WorkloadSummary::default(),
        };
        Self {
            row,
            items: Vec::new(),
            load: Vec::new(),
            load_notes: Vec::new(),
            latency: Vec::new(),
            decisions: Vec::new(),
            errors: Vec::new(),
            error_reference: None,
            reached_end: false,
            log: Vec::new(),
        }
    }
}

/// What a warm-up restore leaves to be recorded.
#[derive(Debug, Default)]
pub struct WarmedUp {
    /// Its errors, where trials are to be compared with them.
    pub reference: Option<ErrorReference>,
    /// All of its errors; they are accepted.
    pub errors: Vec<ErrorRow>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// The archive was restored with one job because more had failed.
    pub restored_serially: bool,
}

/// How far a trial is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrialProgress {
    /// Items that are done.
    pub items: u64,
    /// Items in all, if known.
    pub of: Option<u64>,
    /// What the machine and the server are doing.
    pub load: LiveLoad,
}

/// Is told how far a trial is.
pub type Watch<'a> = &'a mut (dyn FnMut(TrialProgress) + Send);

/// What trials are run on.
#[async_trait]
pub trait Bench: Send {
    /// The cells whose restores warm up the caches, once per execution.
    fn warm_ups(&self) -> Vec<Cell>;

    /// Restores a cell without recording it. A restore that does not complete
    /// is an error here, where no trial after it would: nothing would be measured.
    async fn warm_up(&mut self, cell: &Cell, watch: Watch<'_>) -> anyhow::Result<WarmedUp>;

    /// Runs a trial. An error means that no further trial can be run; a
    /// restore that fails is no error but an outcome.
    async fn run(
        &mut self,
        trial: &Trial<'_>,
        session: u32,
        watch: Watch<'_>,
    ) -> anyhow::Result<Finished>;
}
