//! What an archive needs of a server, as a section.

use restore_core::inspect::Inspection;
use restore_core::needs::{Requirement, SourceDatabase};
use restore_core::plan::PgMajor;

use crate::document::{Document, Table};

/// A row per need and purpose; nothing where any server has all of it.
pub(super) fn section(document: &mut Document, inspection: &Inspection) {
    let version = inspection.head.rules_of;
    let needs = inspection.needs.iter().filter(|need| !is_usual(&need.requirement));
    let rows: Vec<_> =
        needs.flat_map(|need| need.uses.iter().map(move |usage| (need, usage))).collect();
    if rows.is_empty() {
        return;
    }
    let option = |usage: &restore_core::needs::Usage| {
        usage.purpose.avoid().option(PgMajor(version)).to_owned()
    };
    let table = Table::of(&rows)
        .text("needs", |(need, _)| need.requirement.to_string())
        .text("without", |(_, usage)| option(usage))
        .text("items", |(_, usage)| usage.to_string());
    document
        .heading("What it needs of a server")
        .paragraph(format!(
            "Roles and tablespaces are created on servers that jobtune starts. The option of \
             pg_restore {version} leaves out what needs the thing; -L takes a list that lacks the \
             items."
        ))
        .table(table);
}

/// The role that nearly every server has.
fn is_usual(requirement: &Requirement) -> bool {
    matches!(requirement, Requirement::Role { name } if name == "postgres")
}

/// Encoding and locale in brackets, as far as the archive tells.
pub(super) fn encoding_and_locale(source: &SourceDatabase) -> String {
    let encoding = source.encoding.as_ref().or(source.client_encoding.as_ref());
    let locale = source.locale.as_ref().map(|locale| match source.provider {
        Some(provider) => format!("locale {locale} of {}", provider.as_str()),
        None => format!("locale {locale}"),
    });
    let parts: Vec<String> = encoding.cloned().into_iter().chain(locale).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}
