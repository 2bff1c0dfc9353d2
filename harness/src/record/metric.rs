//! Which time of a trial is its time.

/// What a restore is judged by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Metric {
    /// The time of the restore.
    #[default]
    Restore,
    /// The time until the database is ready: that of the restore and of `[restore] ready`.
    Ready,
}
