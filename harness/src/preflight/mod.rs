//! What an archive needs, held against a server before the first restore.
//!
//! [`Catalog`] is what the server says of itself, [`shortfalls`] what of the
//! needs it lacks, a pure function of both. On a server of our own, roles and
//! tablespaces that are missing are made, so that owners, grants and policies
//! can be restored as they are. What stays missing is said at once, each with
//! the option that does without it.

mod catalog;
mod cure;
mod encoding;
mod judge;
mod message;
mod packages;
mod role;

use anyhow::bail;
use restore_core::archive::Archive;
use restore_core::needs::{Need, SourceDatabase};
use restore_core::plan::PgMajor;

use crate::provider::Server;
use catalog::Catalog;
use judge::shortfalls;
use message::Source;

/// What is to be restored, as far as its needs go.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The archive, with what is restored of it.
    pub archive: &'a Archive,
    /// What the selected items need.
    pub needs: &'a [Need],
    /// The role to restore as (`--role`), where one is named.
    pub role: Option<&'a str>,
    /// Whether scripts run in the database before the restore: they may make
    /// what a fresh database lacks.
    pub has_scripts: bool,
    /// Whether errors of a restore are accepted: then what is missing is a
    /// note.
    pub accepts_errors: bool,
}

/// How the archive can be restored there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The encoding that databases must be created with, where the server's
    /// own cannot take the archive's texts.
    pub encoding: Option<String>,
    /// What the user should know, a sentence each.
    pub notes: Vec<String>,
}

/// Holds the needs of an archive against the server, and makes what can be
/// made there. An error says everything that is missing; nothing was made on a
/// server of the user's.
pub async fn prepare(server: &mut Server, subject: &Subject<'_>) -> anyhow::Result<Outcome> {
    let connection = server.admin().await?;
    let client = &connection.client;
    let catalog = Catalog::read(client, subject.needs).await?;
    let database = SourceDatabase::of(subject.archive.toc());
    let choice = encoding::choose(client, &database).await?;
    let mut found = shortfalls(&catalog, subject.needs, subject.has_scripts);
    let mut outcome = Outcome { encoding: choice.encoding, ..Outcome::default() };
    outcome.notes.extend(choice.note);
    let is_ours = server.is_ours();
    if let Some(name) = subject.role {
        let made = role::prepare(client, name, is_ours).await?;
        outcome.notes.extend(cure::note(&made));
        server.made.extend(made);
        // It may be among the roles that items name, too.
        found.retain(|found| !found.is_missing_role(name));
    }
    if is_ours {
        let made = cure::make(client, &mut found).await?;
        outcome.notes.extend(cure::note(&made));
        server.made.extend(made);
    }
    let major = PgMajor(server.client_version().major);
    let source = Source { path: subject.archive.path(), toc: subject.archive.toc() };
    let (missing, doubtful) = message::write(&found, &catalog, source, major);
    outcome.notes.extend(doubtful);
    match missing {
        Some(text) if subject.accepts_errors => outcome.notes.push(text),
        Some(text) => bail!("{text}"),
        None => {}
    }
    Ok(outcome)
}
