//! Options of `pg_restore` that do without something.

use serde::{Deserialize, Serialize};

use crate::options::{Opt, RestoreOptions};
use crate::plan::PgMajor;

/// What leaves a kind of items, or a property of all items, out of a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Avoid {
    /// `-O`: objects belong to the role that restores.
    Owner,
    /// `-x`: no grants and no default privileges.
    Privileges,
    /// `--no-tablespaces`: everything in the default tablespace.
    Tablespaces,
    /// `--no-table-access-method`: the server's default for all tables.
    TableAccessMethod,
    /// `--no-policies`.
    Policies,
    /// `--no-publications`.
    Publications,
    /// `--no-subscriptions`.
    Subscriptions,
    /// `--no-security-labels`.
    SecurityLabels,
    /// `-L` with a list that lacks the items: nothing shorter does.
    List,
}

impl Avoid {
    /// What these options leave out, besides items by name.
    pub fn by_options(options: &RestoreOptions) -> Vec<Self> {
        let all = [
            (Opt::NoOwner, Self::Owner),
            (Opt::NoPrivileges, Self::Privileges),
            (Opt::NoTablespaces, Self::Tablespaces),
            (Opt::NoTableAccessMethod, Self::TableAccessMethod),
            (Opt::NoPolicies, Self::Policies),
            (Opt::NoPublications, Self::Publications),
            (Opt::NoSubscriptions, Self::Subscriptions),
            (Opt::NoSecurityLabels, Self::SecurityLabels),
        ];
        let given = all.into_iter().filter(|&(option, _)| options.has(option));
        given.map(|(_, avoid)| avoid).collect()
    }

    /// The option as `pg_restore` of this major version has it; a list where
    /// that version lacks the option (release notes of PostgreSQL 15 and 18).
    pub fn option(self, major: PgMajor) -> &'static str {
        match self {
            Self::Owner => "-O",
            Self::Privileges => "-x",
            Self::Tablespaces => "--no-tablespaces",
            Self::TableAccessMethod if major >= PgMajor(15) => "--no-table-access-method",
            Self::Policies if major >= PgMajor(18) => "--no-policies",
            Self::Publications => "--no-publications",
            Self::Subscriptions => "--no-subscriptions",
            Self::SecurityLabels => "--no-security-labels",
            Self::TableAccessMethod | Self::Policies | Self::List => LIST,
        }
    }
}

/// The option that takes a list of items.
const LIST: &str = "-L";
