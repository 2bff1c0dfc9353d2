//! The database that `--create` makes.
//!
//! `pg_backup_archiver.c`, PostgreSQL 15 to 18: `RestoreArchive` and
//! `restore_toc_entry`, which reconnects behind the item `DATABASE`. With
//! `--clean` it drops the database as a whole, and no object in it.

use super::error::NativeError;
use super::failure::{EXECUTING, ServerMessage, archive_error};
use super::request::Request;
use super::sql::{ArchiveSettings, SqlSettings, definition, drop_statements, opening};
use super::worker::connect_for;
use crate::connection::{Connection, Conninfo};
use crate::engine::RestoreError;
use crate::options::Opt;
use crate::toc::{Item, ItemKind, Toc};

/// A database that was made, or found where it could not be made.
pub(crate) struct CreatedDatabase {
    /// Connects to it.
    pub(crate) target: Conninfo,
    /// What the server refused.
    pub(crate) errors: Vec<RestoreError>,
}

/// Makes the database of an archive where the request asks for it; a restore
/// that is resumed has made it before. `None` where the target is restored
/// into.
pub(crate) async fn create(request: &Request) -> Result<Option<CreatedDatabase>, NativeError> {
    let Some(made) = made_by(request, request.archive.toc()) else { return Ok(None) };
    let target = request.target.with_database(made.name());
    if request.resume {
        return Ok(Some(CreatedDatabase { target, errors: Vec::new() }));
    }
    let settings = SqlSettings::from(&request.options);
    let mut maker = Session::connect(request, &request.target, &settings).await?;
    let database = made_by(request, maker.toc).unwrap_or(made);
    if request.options.has(Opt::Clean) {
        maker.send(database, drop_statements(database, settings.if_exists)).await?;
    }
    maker.define(database).await?;
    let mut errors = maker.errors;
    // In a session of their own, as settings of the database hold for those
    // that begin later.
    let mut describer = Session::connect(request, &target, &settings).await?;
    for item in about_database(request, describer.toc, Place::Beginning) {
        describer.define(item).await?;
    }
    errors.extend(describer.errors);
    Ok(Some(CreatedDatabase { target, errors }))
}

/// Grants on the database, which come last: they may take away the right to
/// connect.
pub(crate) async fn grant(
    request: &Request,
    target: &Conninfo,
) -> Result<Vec<RestoreError>, NativeError> {
    let toc = request.archive.toc();
    if about_database(request, toc, Place::End).is_empty() || made_by(request, toc).is_none() {
        return Ok(Vec::new());
    }
    let settings = SqlSettings::from(&request.options);
    let mut session = Session::connect(request, target, &settings).await?;
    for item in about_database(request, session.toc, Place::End) {
        session.define(item).await?;
    }
    Ok(session.errors)
}

/// The item of the database, where the request makes it: `--create` does so as
/// a part of the definitions before the data.
fn made_by<'a>(request: &Request, toc: &'a Toc) -> Option<&'a Item> {
    let options = &request.options;
    let without_definitions = [Opt::DataOnly, Opt::NoSchema, Opt::StatisticsOnly];
    let sections = options.values(Opt::Section);
    let has_definitions = sections.is_empty() || sections.iter().any(|name| name == "pre-data");
    if !request.create || !has_definitions || without_definitions.iter().any(|&o| options.has(o)) {
        return None;
    }
    toc.items.iter().find(|item| item.kind == ItemKind::Database)
}

/// When an item about the database is restored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Beginning,
    End,
}

/// The items that describe the database itself and that the options leave.
fn about_database<'a>(request: &Request, toc: &'a Toc, place: Place) -> Vec<&'a Item> {
    let options = &request.options;
    let has = |item: &&Item| {
        let is_about = item.name().starts_with("DATABASE ");
        match item.kind.as_str() {
            "DATABASE PROPERTIES" => place == Place::Beginning,
            "COMMENT" => place == Place::Beginning && is_about && !options.has(Opt::NoComments),
            "SECURITY LABEL" => {
                place == Place::Beginning && is_about && !options.has(Opt::NoSecurityLabels)
            }
            "ACL" => place == Place::End && is_about && !options.has(Opt::NoPrivileges),
            _ => false,
        }
    };
    toc.items.iter().filter(has).collect()
}

/// Nothing here depends on what later versions can be told.
const OLDEST_SETTINGS: u32 = 0;

/// A connection that sends statements one after the other and goes on over
/// those that are refused.
struct Session<'a> {
    connection: Connection,
    toc: &'a Toc,
    settings: &'a SqlSettings,
    errors: Vec<RestoreError>,
}

impl<'a> Session<'a> {
    async fn connect(
        request: &'a Request,
        target: &Conninfo,
        settings: &'a SqlSettings,
    ) -> Result<Self, NativeError> {
        let (connection, sql) = connect_for(&request.archive, target).await?;
        let toc = sql.toc(&request.archive);
        for statement in opening(&ArchiveSettings::of(toc), settings, OLDEST_SETTINGS) {
            connection.client.batch_execute(&statement).await.map_err(|error| {
                NativeError::lost("setting up the session that makes the database", error)
            })?;
        }
        Ok(Self { connection, toc, settings, errors: Vec::new() })
    }

    async fn define(&mut self, item: &Item) -> Result<(), NativeError> {
        match definition(self.toc, item, self.settings) {
            Ok(statements) => self.send(item, statements).await,
            Err(error) => {
                self.errors.push(archive_error(item, &error));
                Ok(())
            }
        }
    }

    async fn send(&mut self, item: &Item, statements: Vec<String>) -> Result<(), NativeError> {
        for sql in statements {
            tracing::trace!(sql, "statement");
            let Err(error) = self.connection.client.batch_execute(&sql).await else { continue };
            let message = match error.as_db_error() {
                Some(refusal) if !self.connection.client.is_closed() => {
                    ServerMessage::from(refusal)
                }
                _ => return Err(NativeError::lost("making the database", error)),
            };
            self.errors.push(message.of_item(item, EXECUTING.to_owned(), &sql));
        }
        Ok(())
    }
}
