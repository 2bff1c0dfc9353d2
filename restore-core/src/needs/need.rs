//! One thing that a server must have, and what of the archive needs it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Avoid;
use super::database::Provider;
use crate::toc::ItemKind;
use crate::units::DumpId;

/// One thing that the server must have, and what needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What the server must have.
    #[serde(flatten)]
    pub requirement: Requirement,
    /// What for; at least one, each purpose once.
    pub uses: Vec<Usage>,
}

/// Items that need something for the same purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// What they need it for.
    pub purpose: Purpose,
    /// How many items.
    pub items: u64,
    /// The kind of the first of them.
    pub item_kind: ItemKind,
    /// Its name, with its schema.
    pub first: String,
    /// All of them. Records and reports go without: there may be very many.
    #[serde(skip)]
    pub ids: Vec<DumpId>,
}

impl fmt::Display for Usage {
    /// The first item, and how many more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The tag of a user mapping begins with its kind.
        let kind = self.item_kind.as_str();
        if !self.first.starts_with(kind) {
            write!(f, "{kind} ")?;
        }
        f.write_str(&self.first)?;
        match self.items {
            0 | 1 => Ok(()),
            items => write!(f, " and {} more", items - 1),
        }
    }
}

/// Something that a server has or has not. The order is that of listings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Requirement {
    /// A role.
    Role {
        /// Its name.
        name: String,
    },
    /// An extension that can be installed.
    Extension {
        /// Its name.
        name: String,
        /// The version, where the archive asks for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    /// A tablespace.
    Tablespace {
        /// Its name.
        name: String,
    },
    /// A procedural language.
    Language {
        /// Its name.
        name: String,
    },
    /// A shared library of C functions.
    Library {
        /// Its path as functions give it.
        name: String,
    },
    /// An access method of tables (`heap` is there always).
    TableAccessMethod {
        /// Its name.
        name: String,
    },
    /// An access method of indexes.
    IndexAccessMethod {
        /// Its name.
        name: String,
    },
    /// A foreign data wrapper.
    ForeignDataWrapper {
        /// Its name.
        name: String,
    },
    /// A collation of `pg_catalog`, which comes with the server and its
    /// operating system.
    Collation {
        /// Its name.
        name: String,
    },
    /// A locale of a collation that the archive makes.
    Locale {
        /// Who provides it.
        provider: Provider,
        /// Its name, as the provider has it.
        name: String,
    },
    /// The module that takes security labels of this provider.
    LabelProvider {
        /// The provider.
        name: String,
    },
    /// A superuser as the role that restores.
    Superuser {
        /// What for.
        feature: Feature,
    },
}

impl Requirement {
    /// The name of what is required; of a superuser, what it is required for.
    pub fn name(&self) -> &str {
        match self {
            Self::Role { name }
            | Self::Extension { name, .. }
            | Self::Tablespace { name }
            | Self::Language { name }
            | Self::Library { name }
            | Self::TableAccessMethod { name }
            | Self::IndexAccessMethod { name }
            | Self::ForeignDataWrapper { name }
            | Self::Collation { name }
            | Self::Locale { name, .. }
            | Self::LabelProvider { name } => name,
            Self::Superuser { feature } => feature.as_str(),
        }
    }

    /// What kind of thing it is, in the words of messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Role { .. } => "role",
            Self::Extension { .. } => "extension",
            Self::Tablespace { .. } => "tablespace",
            Self::Language { .. } => "language",
            Self::Library { .. } => "library",
            Self::TableAccessMethod { .. } => "table access method",
            Self::IndexAccessMethod { .. } => "index access method",
            Self::ForeignDataWrapper { .. } => "foreign data wrapper",
            Self::Collation { .. } => "collation",
            Self::Locale { .. } => "locale",
            Self::LabelProvider { .. } => "security label provider",
            Self::Superuser { .. } => "superuser",
        }
    }
}

/// What items need something for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// They belong to the role.
    Owner,
    /// They belong to the role, which has to be a superuser for it.
    SuperuserOwner,
    /// They grant to, revoke from, or act as the role.
    Grant,
    /// They set what the role grants or is granted by default.
    DefaultPrivileges,
    /// They are policies for the role.
    Policy,
    /// They are its user mappings.
    UserMapping,
    /// They are stored in the tablespace.
    Storage,
    /// They install or configure the extension.
    Extension,
    /// They are functions.
    Function,
    /// They are tables.
    Table,
    /// They are indexes or constraints.
    Index,
    /// They are foreign servers.
    Server,
    /// They are collations.
    Collation,
    /// They order or compare texts by it.
    Ordering,
    /// They are security labels.
    SecurityLabel,
    /// They are publications.
    Publication,
    /// They are subscriptions.
    Subscription,
    /// They are of a kind that no option leaves out.
    Other,
}

impl Purpose {
    /// The option that leaves this out; a list of items does for all.
    pub fn avoid(self) -> Avoid {
        match self {
            Self::Owner | Self::SuperuserOwner => Avoid::Owner,
            Self::Grant | Self::DefaultPrivileges => Avoid::Privileges,
            Self::Policy => Avoid::Policies,
            Self::Storage => Avoid::Tablespaces,
            Self::Table => Avoid::TableAccessMethod,
            Self::SecurityLabel => Avoid::SecurityLabels,
            Self::Publication => Avoid::Publications,
            Self::Subscription => Avoid::Subscriptions,
            Self::UserMapping
            | Self::Extension
            | Self::Function
            | Self::Index
            | Self::Server
            | Self::Collation
            | Self::Ordering
            | Self::Other => Avoid::List,
        }
    }
}

/// What only a superuser may make (PostgreSQL 18, the checks of
/// `src/backend/commands`); a managed service may allow more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// An event trigger.
    EventTrigger,
    /// A publication for all tables or for all tables of a schema.
    WidePublication,
    /// A subscription; from PostgreSQL 16 on `pg_create_subscription` does.
    Subscription,
    /// A function in C or another untrusted language, or one that is
    /// LEAKPROOF.
    UntrustedFunction,
    /// A language with a handler of its own.
    Language,
    /// A base type, with functions for input and output.
    BaseType,
    /// An operator class or family.
    OperatorClass,
    /// A cast without a function.
    BinaryCast,
    /// An access method.
    AccessMethod,
    /// A foreign data wrapper.
    ForeignDataWrapper,
    /// A parser or template of text search.
    TextSearch,
    /// A transform between a type and a language.
    Transform,
    /// Grants that are restored in the name of the role that made them.
    GrantsOfOthers,
}

impl Feature {
    /// In the words of messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EventTrigger => "event triggers",
            Self::WidePublication => "publications FOR ALL TABLES or TABLES IN SCHEMA",
            Self::Subscription => "subscriptions",
            Self::UntrustedFunction => "functions in C or another untrusted language",
            Self::Language => "languages with a handler",
            Self::BaseType => "base types",
            Self::OperatorClass => "operator classes and families",
            Self::BinaryCast => "casts WITHOUT FUNCTION",
            Self::AccessMethod => "access methods",
            Self::ForeignDataWrapper => "foreign data wrappers",
            Self::TextSearch => "text search parsers and templates",
            Self::Transform => "transforms",
            Self::GrantsOfOthers => "grants made by another role than the owner",
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Superuser { feature } => write!(f, "a superuser for {}", feature.as_str()),
            Self::Extension { name, version: Some(version) } => {
                write!(f, "extension {name:?} in version {version}")
            }
            Self::Locale { provider, name } => {
                write!(f, "locale {name:?} of {}", provider.as_str())
            }
            other => write!(f, "{} {:?}", other.kind(), other.name()),
        }
    }
}
