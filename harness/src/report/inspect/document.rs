//! An inspection as a document: a section per question.

use restore_core::inspect::{ContentRow, Inspection};

use super::report::InspectReport;
use super::{needs, phrases};
use crate::document::{Answer, Document, Table};
use crate::report::format;

impl Answer for InspectReport {
    fn document(&self) -> Document {
        let inspection = &self.inspection;
        let mut document = Document::of(&self.answer);
        document
            .heading(phrases::title(&self.archive, inspection))
            .paragraph(phrases::origin(inspection));
        if let Some(selection) = &inspection.selection {
            document.heading("Selection").list(phrases::selection(selection));
        }
        contents(&mut document, inspection);
        tables(&mut document, inspection);
        needs::section(&mut document, inspection);
        document.heading("Compression and offsets").paragraph(phrases::data(inspection));
        document.section("What is serial", phrases::serial(inspection));
        concurrency(&mut document, inspection);
        critical_path(&mut document, inspection);
        forecast(&mut document, self);
        document.section("Advice", self.advice_text.clone());
        document
    }
}

fn contents(document: &mut Document, inspection: &Inspection) {
    let share = |row: &ContentRow| row.data_bytes.map(|_| format::percent(row.data_share));
    let table = Table::of(&inspection.contents)
        .text("section", |row| row.section.name().to_owned())
        .text("kind", |row| row.kind.as_str().to_owned())
        .number("items", |row| row.items.to_string())
        .number("data", |row| row.data_bytes.map(|bytes| bytes.to_string()).unwrap_or_default())
        .number("of all data", |row| share(row).unwrap_or_default());
    document.heading("Contents").table(table);
}

fn tables(document: &mut Document, inspection: &Inspection) {
    if inspection.tables.is_empty() {
        return;
    }
    let size = |bytes: Option<restore_core::units::Bytes>| {
        bytes.map_or_else(|| "unknown".to_owned(), |bytes| bytes.to_string())
    };
    let table = Table::of(&inspection.tables)
        .text("table", |table| table.name.clone())
        .number("data", |table| size(table.data_bytes))
        .number("of all", |table| format::percent(table.data_share))
        .text("made on it after its data", |table| phrases::made_after(&table.after));
    document.heading(phrases::tables_title(inspection)).table(table);
}

fn concurrency(document: &mut Document, inspection: &Inspection) {
    let table = Table::of(&inspection.concurrency)
        .number("at once", |of| {
            if of.from == of.to { of.from.to_string() } else { format!("{} - {}", of.from, of.to) }
        })
        .number("of the time", |of| format::percent(of.time_share))
        .number("of the work", |of| format::percent(of.work_share))
        .text("", |of| "#".repeat((of.time_share * 40.0).round() as usize));
    document
        .heading("How many items could run at once")
        .paragraph(phrases::at_once(inspection))
        .table(table);
}

fn critical_path(document: &mut Document, inspection: &Inspection) {
    let steps = inspection.critical_path.steps.iter();
    let steps = steps.map(|step| (step.kind.as_str(), step.name.clone(), step.share));
    let serial = &inspection.serial;
    let before = (serial.leader_items > 0).then(|| {
        let items = format!("the {} before the workers start", serial.leader_items);
        ("items", items, serial.leader_share)
    });
    let table = Table::of(before.into_iter().chain(steps))
        .text("kind", |(kind, _, _)| (*kind).to_owned())
        .text("name", |(_, name, _)| name.clone())
        .number("of all work", |&(_, _, share)| format::percent(share));
    document
        .heading("Critical path")
        .paragraph(phrases::critical_path(&inspection.critical_path))
        .table(table);
}

fn forecast(document: &mut Document, report: &InspectReport) {
    let inspection = &report.inspection;
    if inspection.forecast.is_empty() {
        return;
    }
    let mut table = Table::of(&inspection.forecast)
        .number("-j", |of| of.jobs.to_string())
        .number("speed-up", |of| format::ratio(of.speedup.value));
    if inspection.enough.speedup.low.is_some() {
        table = table.number("range", |of| phrases::range(&of.speedup));
    }
    table = table
        .number("at most", |of| format::ratio(of.most_speedup))
        .number("workers idle", |of| format::percent(of.idle_share));
    if let Some(here) = &report.here {
        let time = |jobs, shown: fn(&_) -> Option<String>| here.time(jobs).and_then(shown);
        table = table
            .number("time here", |of| {
                time(of.jobs, |time| Some(format::time(time.value))).unwrap_or_default()
            })
            .number("95 % band", |of| time(of.jobs, format::time_interval).unwrap_or_default());
    }
    let table = table.strong(|of| of.jobs == inspection.enough.jobs);
    document
        .heading("What to expect of -j")
        .paragraph(phrases::forecast_basis(inspection, report.here.as_ref()))
        .table(table);
}
