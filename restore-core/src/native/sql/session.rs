//! What a connection is told before it restores anything, and between items.
//!
//! `pg_backup_archiver.c`, PostgreSQL 15 to 18: `_doSetFixedOutputState`,
//! `_becomeOwner`, `_selectOutputSchema`, `_selectTablespace` and
//! `_selectTableAccessMethod`.

use super::quote::{identifier, string};
use super::settings::SqlSettings;
use crate::toc::{Item, ItemKind, Toc};

/// The settings that an archive asks of a session, from its `STDSTRINGS` and
/// `SEARCHPATH` items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchiveSettings {
    standard_strings: bool,
    /// The statement that sets the search path. Archives from before
    /// PostgreSQL 10.3 have none: there each item selects its schema.
    search_path: Option<String>,
}

impl ArchiveSettings {
    pub(crate) fn of(toc: &Toc) -> Self {
        let definition = |kind: &ItemKind| {
            let item = toc.items.iter().find(|item| item.kind == *kind)?;
            item.definition.as_deref()
        };
        // SET standard_conforming_strings = 'on';
        let quoted = |sql: &str| sql.split('\'').nth(1).map(str::to_owned);
        Self {
            standard_strings: definition(&ItemKind::StdStrings)
                .and_then(quoted)
                .is_none_or(|value| value != "off"),
            search_path: definition(&ItemKind::SearchPath).map(str::to_owned),
        }
    }

    /// Whether the archive's SQL names the schema of every object.
    pub(crate) fn names_schemas(&self) -> bool {
        self.search_path.is_some()
    }

    /// Whether a backslash in an ordinary string is a backslash.
    pub(crate) fn standard_strings(&self) -> bool {
        self.standard_strings
    }
}

/// What a fresh connection is told, in this order.
///
/// `client_encoding` is not among it: the connection speaks UTF-8, into which
/// the archive's texts were decoded, or has been told the archive's encoding;
/// each COPY names the encoding of its data.
pub(crate) fn opening(
    archive: &ArchiveSettings,
    settings: &SqlSettings,
    server_major: u32,
) -> Vec<String> {
    let on_or_off = |on| if on { "on" } else { "off" };
    let mut sql = vec![
        "SELECT pg_catalog.set_config('search_path', '', false)".to_owned(),
        "SET statement_timeout = 0".to_owned(),
        "SET lock_timeout = 0".to_owned(),
        "SET idle_in_transaction_session_timeout = 0".to_owned(),
    ];
    if server_major >= 17 {
        sql.push("SET transaction_timeout = 0".to_owned());
    }
    sql.push(format!("SET standard_conforming_strings = {}", on_or_off(archive.standard_strings)));
    sql.extend(settings.role.as_deref().map(|role| format!("SET ROLE {}", identifier(role))));
    sql.extend(archive.search_path.clone());
    sql.push("SET check_function_bodies = false".to_owned());
    sql.push("SET xmloption = content".to_owned());
    sql.push("SET client_min_messages = warning".to_owned());
    if !archive.standard_strings {
        sql.push("SET escape_string_warning = off".to_owned());
    }
    sql.push(format!("SET row_security = {}", on_or_off(settings.row_security)));
    sql
}

/// What a connection was last told, so that nothing is said twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SessionState {
    user: Option<String>,
    schema: Option<String>,
    tablespace: Option<String>,
    access_method: Option<String>,
}

/// `RELKIND_PARTITIONED_TABLE`.
pub(super) const PARTITIONED: char = 'p';

impl SessionState {
    /// The statements that must come before an item's own, given what the
    /// connection was told before.
    pub(crate) fn select(
        &mut self,
        item: &Item,
        archive: &ArchiveSettings,
        settings: &SqlSettings,
    ) -> Vec<String> {
        let mut sql = Vec::new();
        sql.extend(self.become_owner(item, settings));
        sql.extend(self.select_schema(item, archive));
        if !settings.no_tablespaces
            && let Some(tablespace) = &item.tablespace
            && changed(&mut self.tablespace, tablespace)
        {
            let value = match tablespace.as_str() {
                "" => "''".to_owned(),
                name => identifier(name),
            };
            sql.push(format!("SET default_tablespace = {value}"));
        }
        if !settings.no_table_access_method
            && item.relation_kind != Some(PARTITIONED)
            && let Some(method) = &item.table_access_method
            && changed(&mut self.access_method, method)
        {
            sql.push(format!("SET default_table_access_method = {}", identifier(method)));
        }
        sql
    }

    /// The same for the item's DROP statement, which needs neither tablespace
    /// nor access method.
    pub(crate) fn select_for_drop(
        &mut self,
        item: &Item,
        archive: &ArchiveSettings,
        settings: &SqlSettings,
    ) -> Vec<String> {
        let owner = self.become_owner(item, settings);
        owner.into_iter().chain(self.select_schema(item, archive)).collect()
    }

    fn become_owner(&mut self, item: &Item, settings: &SqlSettings) -> Option<String> {
        if settings.no_owner || !settings.set_session_authorization {
            return None;
        }
        self.become_user(item.owner.as_deref())
    }

    /// Makes the session that of a user; `None` or "" is the user who
    /// connected.
    pub(crate) fn become_user(&mut self, user: Option<&str>) -> Option<String> {
        let user = user.unwrap_or_default();
        if !changed(&mut self.user, user) {
            return None;
        }
        let user = if user.is_empty() { "DEFAULT".to_owned() } else { string(user) };
        Some(format!("SET SESSION AUTHORIZATION {user}"))
    }

    fn select_schema(&mut self, item: &Item, archive: &ArchiveSettings) -> Option<String> {
        if archive.search_path.is_some() {
            return None;
        }
        let schema = item.namespace.as_deref().filter(|schema| !schema.is_empty())?;
        if !changed(&mut self.schema, schema) {
            return None;
        }
        let catalog = if schema == "pg_catalog" { "" } else { ", pg_catalog" };
        Some(format!("SET search_path = {}{catalog}", identifier(schema)))
    }

    /// Forgets the user: an ACL item may have changed it by itself.
    pub(crate) fn forget_user(&mut self) {
        self.user = None;
    }

    /// Forgets the schema: it may have been dropped, or not have been there.
    pub(crate) fn forget_schema(&mut self) {
        self.schema = None;
    }
}

/// Notes a new value, and tells whether it is one.
fn changed(known: &mut Option<String>, wanted: &str) -> bool {
    if known.as_deref() == Some(wanted) {
        return false;
    }
    *known = Some(wanted.to_owned());
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::testing::item;
    use crate::toc::Section;

    fn archive(search_path: Option<&str>) -> ArchiveSettings {
        let search_path = search_path.map(str::to_owned);
        ArchiveSettings { standard_strings: true, search_path }
    }

    #[test]
    fn nothing_is_said_twice() {
        let mut table = item(1, "TABLE", Section::PreData, &[]);
        table.tablespace = Some(String::new());
        table.table_access_method = Some("heap".to_owned());
        let settings = SqlSettings { set_session_authorization: true, ..SqlSettings::default() };
        let mut state = SessionState::default();
        assert_eq!(
            state.select(&table, &archive(None), &settings),
            [
                "SET SESSION AUTHORIZATION 'owner'",
                "SET search_path = \"public\", pg_catalog",
                "SET default_tablespace = ''",
                "SET default_table_access_method = \"heap\"",
            ]
        );
        assert_eq!(state.select(&table, &archive(None), &settings), Vec::<String>::new());
        state.forget_user();
        assert_eq!(state.select(&table, &archive(None), &settings).len(), 1);
    }

    #[test]
    fn options_and_a_search_path_of_the_archive_leave_settings_out() {
        let mut table = item(1, "TABLE", Section::PreData, &[]);
        table.tablespace = Some("fast".to_owned());
        table.table_access_method = Some("heap".to_owned());
        let settings = SqlSettings {
            no_tablespaces: true,
            no_table_access_method: true,
            ..SqlSettings::default()
        };
        let path = archive(Some("SELECT pg_catalog.set_config('search_path', '', false);\n"));
        let mut state = SessionState::default();
        assert_eq!(state.select(&table, &path, &settings), Vec::<String>::new());
    }

    #[test]
    fn a_setting_is_sent_to_servers_that_have_it() {
        let sql = |major| opening(&archive(None), &SqlSettings::default(), major).join(";");
        assert!(sql(17).contains("transaction_timeout"));
        assert!(!sql(16).contains("SET transaction_timeout"));
    }
}
