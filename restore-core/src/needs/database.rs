//! The database that an archive was made of: its encoding and its locale.

use serde::{Deserialize, Serialize};

use crate::sql::{Token, words};
use crate::toc::{ItemKind, Toc};

/// Who provides the rules by which a database or a collation orders texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The C library of the operating system.
    Libc,
    /// ICU.
    Icu,
    /// PostgreSQL itself, from 17 on.
    Builtin,
}

impl Provider {
    /// As SQL has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Libc => "libc",
            Self::Icu => "icu",
            Self::Builtin => "builtin",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Libc, Self::Icu, Self::Builtin]
            .into_iter()
            .find(|provider| provider.as_str().eq_ignore_ascii_case(name))
    }
}

/// The database that was dumped, as far as the archive describes it. A restore
/// without `-C` makes no use of it: the database that it fills is there
/// already.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDatabase {
    /// The encoding of the archive's texts: the client's at the dump, by
    /// default that of the database.
    pub client_encoding: Option<String>,
    /// The encoding of the database.
    pub encoding: Option<String>,
    /// Who provides its locale; archives before PostgreSQL 15 know libc alone
    /// and do not say so.
    pub provider: Option<Provider>,
    /// The locale of its provider: `LC_COLLATE` of libc.
    pub locale: Option<String>,
}

impl SourceDatabase {
    /// Reads the items `ENCODING` and `DATABASE`.
    pub fn of(toc: &Toc) -> Self {
        let definition = |kind: &ItemKind| {
            let item = toc.items.iter().find(|item| item.kind == *kind)?;
            item.definition.as_deref()
        };
        let mut database = Self {
            client_encoding: definition(&ItemKind::Encoding).and_then(first_text),
            ..Self::default()
        };
        if let Some(sql) = definition(&ItemKind::Database) {
            database.read(sql);
        }
        database
    }

    /// Reads `CREATE DATABASE name WITH NAME = value ...;`.
    fn read(&mut self, sql: &str) {
        let settings = settings(sql);
        let get = |name: &str| {
            let setting = settings.iter().find(|(key, _)| key == name);
            setting.map(|(_, value)| value.clone())
        };
        self.encoding = get("encoding");
        self.provider = get("locale_provider").and_then(|name| Provider::from_name(&name));
        self.locale = match self.provider {
            Some(Provider::Icu) => get("icu_locale"),
            Some(Provider::Builtin) => get("builtin_locale"),
            Some(Provider::Libc) | None => get("lc_collate"),
        }
        .or_else(|| get("locale"));
    }
}

fn first_text(sql: &str) -> Option<String> {
    words(sql).find_map(|token| token.text().map(str::to_owned))
}

/// Names in lower case with the string or name behind their `=`.
pub(super) fn settings(sql: &str) -> Vec<(String, String)> {
    let tokens: Vec<Token<'_>> = words(sql).collect();
    let setting = |three: &[Token<'_>]| {
        let [name, equals, value] = three else { return None };
        let value = value.text().map(str::to_owned).or_else(|| value.name())?;
        equals.is_symbol('=').then_some((name.name()?, value))
    };
    tokens.windows(3).filter_map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> SourceDatabase {
        let mut database = SourceDatabase::default();
        database.read(sql);
        database
    }

    #[test]
    fn databases_of_every_version_tell_their_locale() {
        let old = read(
            "CREATE DATABASE \"My DB\" WITH TEMPLATE = template0 ENCODING = 'LATIN1' \
             LC_COLLATE = 'de_DE' LC_CTYPE = 'de_DE';",
        );
        assert_eq!(
            (old.encoding.as_deref(), old.locale.as_deref()),
            (Some("LATIN1"), Some("de_DE"))
        );
        assert_eq!(old.provider, None);
        let icu = read(
            "CREATE DATABASE d WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = icu \
             LOCALE = 'C' ICU_LOCALE = 'en-US';",
        );
        assert_eq!((icu.provider, icu.locale.as_deref()), (Some(Provider::Icu), Some("en-US")));
        let builtin = read(
            "CREATE DATABASE d WITH ENCODING = 'UTF8' LOCALE_PROVIDER = builtin LOCALE = 'C' \
             BUILTIN_LOCALE = 'C.UTF-8';",
        );
        assert_eq!(builtin.locale.as_deref(), Some("C.UTF-8"));
        let libc = read("CREATE DATABASE d ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C';");
        assert_eq!((libc.provider, libc.locale.as_deref()), (Some(Provider::Libc), Some("C")));
    }
}
