//! Holds what archives need against the servers, before the first restore.

use restore_core::archive::Archive;
use restore_core::needs::{Avoid, needs};
use restore_core::options::{Opt, RestoreOptions};
use restore_core::selection::{Selected, is_restored_by_default};
use restore_core::toc::Item;

use crate::dataset::selection::Selection;
use crate::preflight::{self, Subject};
use crate::printer::Printer;
use crate::provider::Server;
use crate::scenario::{ErrorPolicy, Scenario};

/// How the archives of a variant are restored.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) options: &'a RestoreOptions,
    pub(super) selection: Option<&'a Selection>,
}

/// Holds what an archive needs against the server, and makes what is missing
/// on one of ours. Returns the encoding that databases for it must have, where
/// that is not the server's own.
pub(super) async fn check_needs(
    archive: &Archive,
    wanted: Wanted<'_>,
    server: &mut Server,
    printer: &Printer,
) -> anyhow::Result<Option<String>> {
    let selected = wanted.selection.map(|selection| selection.of(archive)).transpose()?;
    if let (Some(selection), Some(selected)) = (wanted.selection, &selected) {
        for note in selection.notes(archive, selected)? {
            printer.note(format!("note: {note}"));
        }
    }
    let items: Vec<&Item> = match &selected {
        Some(selected) => kept(selected).collect(),
        None => archive.toc().items.iter().collect(),
    };
    let needs = needs(&items, &Avoid::by_options(wanted.options));
    let accepts_errors =
        matches!(wanted.scenario.restore.errors, ErrorPolicy::Same | ErrorPolicy::Matching(_));
    let subject = Subject {
        archive,
        needs: &needs,
        role: wanted.options.value(Opt::Role),
        has_scripts: !wanted.scenario.hooks.before.is_empty(),
        // What is missing may be among the errors that the user has said to expect.
        accepts_errors,
    };
    let outcome = preflight::prepare(server, &subject).await?;
    for note in &outcome.notes {
        printer.note(format!("note: {note}"));
    }
    Ok(outcome.encoding)
}

/// The items that are not left out: those that describe the database stay.
fn kept<'a>(selected: &'a Selected<'_>) -> impl Iterator<Item = &'a Item> {
    let with_parts = selected.with_parts().filter(|(item, parts)| {
        let is_restored =
            || is_restored_by_default(item.kind.as_str(), item.name(), item.has_content());
        !parts.is_empty() || !is_restored()
    });
    with_parts.map(|(item, _)| item)
}
