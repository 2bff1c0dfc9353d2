//! Shows how far a sweep is: a bar on a terminal, a line per trial elsewhere.

use std::time::Duration;

use restore_core::format::Format;

use super::bench::TrialProgress;
use super::source::Source;
use crate::design::Cell;
use crate::printer::Printer;
use crate::record::{Outcome, TrialRow};
use crate::scenario::EngineKind;

/// What is known of a sweep's course.
pub(super) struct Progress {
    /// Trials that belong together: a block.
    group: u32,
    /// Trials at which the sweep may stop, and must.
    range: (u32, u32),
    done: u32,
    /// Time of the trials of this session, for what is left.
    spent: Duration,
    timed: u32,
}

impl Progress {
    pub(super) fn new(source: &dyn Source, done: usize) -> Self {
        let (min, max) = source.range();
        Self {
            group: source.group() as u32,
            range: (min as u32, max as u32),
            done: done as u32,
            spent: Duration::ZERO,
            timed: 0,
        }
    }

    /// Shows a trial that is running.
    pub(super) fn show(&self, printer: &Printer, cell: &Cell, progress: TrialProgress) {
        if !printer.has_bar() {
            return;
        }
        let items = match (progress.items, progress.of) {
            (items, Some(of)) => format!("  {items}/{of} items"),
            // The program does not tell, or not yet.
            (0, None) => String::new(),
            (items, None) => format!("  {items} items"),
        };
        // Where trials are chosen one by one, there are no blocks to count.
        let block = if self.group > 1 {
            let (min, max) = self.range;
            let blocks = range(min / self.group, max / self.group);
            format!("block {} of {blocks}  ", self.done / self.group + 1)
        } else {
            String::new()
        };
        let text = format!(
            "{block}trial {trial}  {cell}{items}{left}{load}",
            trial = self.done + 1,
            left = self.left().map(|left| format!("  {left} left")).unwrap_or_default(),
            load = line_of(&progress.load.to_string()),
        );
        printer.show(u64::from(self.done), u64::from(self.target()), text);
    }

    /// Takes notice of a trial that has ended.
    pub(super) fn finished(&mut self, printer: &Printer, row: &TrialRow) {
        self.done += 1;
        self.timed += 1;
        self.spent += row.wall() + row.overhead();
        printer.note(line(row, (self.done, self.target())));
    }

    /// The trial at which the sweep may stop, or must.
    fn target(&self) -> u32 {
        let (min, max) = self.range;
        if self.done < min { min } else { max }
    }

    fn left(&self) -> Option<String> {
        let each = self.spent.checked_div(self.timed)?;
        let left = each * self.target().saturating_sub(self.done);
        Some(coarse(left))
    }
}

/// A line of its own below, if there is anything to say.
fn line_of(load: &str) -> String {
    if load.is_empty() { String::new() } else { format!("\n  {load}") }
}

fn range(min: u32, max: u32) -> String {
    if min == max { min.to_string() } else { format!("{min} to {max}") }
}

/// Seconds below two minutes, minutes below two hours, hours.
fn coarse(time: Duration) -> String {
    match time.as_secs() {
        secs @ 0..120 => format!("{secs} s"),
        secs @ 120..7200 => format!("{} min", secs / 60),
        secs => format!("{:.1} h", secs as f64 / 3600.0),
    }
}

/// The line of a trial; in a shard its number in the design is not its place here.
fn line(row: &TrialRow, (place, target): (u32, u32)) -> String {
    let format = match row.format {
        Format::Plain | Format::Tar => row.format.to_string(),
        Format::Custom | Format::Directory => format!("{} {}", row.format, row.compression),
    };
    let variant = if row.variant == "base" { String::new() } else { format!("{}  ", row.variant) };
    let engine = match EngineKind::of_record(&row.engine) {
        engine if engine.is_usual() => String::new(),
        engine => format!("{engine} "),
    };
    let archive = format!("{engine}{format}");
    let mut line = format!(
        "trial {place:>3}/{target}  block {:>2}  {variant}{archive:<17}  -j {:<3} {:>9.3} s  {}",
        row.block,
        row.jobs.get(),
        row.wall().as_secs_f64(),
        row.outcome.as_str(),
    );
    if let Some(message) = row.message.as_ref().filter(|_| row.outcome != Outcome::Completed) {
        line.push_str(": ");
        line.push_str(message.lines().next().unwrap_or_default());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_left_are_coarse() {
        assert_eq!(coarse(Duration::from_secs(119)), "119 s");
        assert_eq!(coarse(Duration::from_secs(3600)), "60 min");
        assert_eq!(coarse(Duration::from_secs(9000)), "2.5 h");
    }

    #[test]
    fn a_trial_is_one_line() {
        let row = TrialRow {
            outcome: Outcome::Failed,
            message: Some("out of disk\nand more".to_owned()),
            ..TrialRow::example()
        };
        let expected =
            "trial   1/8  block  1  custom none        -j 1       1.000 s  failed: out of disk";
        assert_eq!(line(&row, (row.trial, 8)), expected);
    }
}
