//! What the options of a restore change in the SQL that is sent.

use crate::options::{Opt, RestoreOptions};

/// The options that decide how items are restored, not which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)]
pub struct SqlSettings {
    /// `--no-owner`.
    pub no_owner: bool,
    /// `--use-set-session-authorization`.
    pub set_session_authorization: bool,
    /// `--no-tablespaces`.
    pub no_tablespaces: bool,
    /// `--no-table-access-method`.
    pub no_table_access_method: bool,
    /// `--enable-row-security`.
    pub row_security: bool,
    /// `--clean`.
    pub clean: bool,
    /// `--if-exists`.
    pub if_exists: bool,
    /// `--disable-triggers`.
    pub disable_triggers: bool,
    /// `--no-data-for-failed-tables`.
    pub no_data_for_failed_tables: bool,
    /// `--superuser`, which disables triggers.
    pub superuser: Option<String>,
    /// `--role`.
    pub role: Option<String>,
}

impl From<&RestoreOptions> for SqlSettings {
    fn from(options: &RestoreOptions) -> Self {
        let value = |option| options.value(option).map(str::to_owned);
        Self {
            no_owner: options.has(Opt::NoOwner),
            set_session_authorization: options.has(Opt::UseSetSessionAuthorization),
            no_tablespaces: options.has(Opt::NoTablespaces),
            no_table_access_method: options.has(Opt::NoTableAccessMethod),
            row_security: options.has(Opt::EnableRowSecurity),
            clean: options.has(Opt::Clean),
            if_exists: options.has(Opt::IfExists),
            disable_triggers: options.has(Opt::DisableTriggers),
            no_data_for_failed_tables: options.has(Opt::NoDataForFailedTables),
            superuser: value(Opt::Superuser),
            role: value(Opt::Role),
        }
    }
}
