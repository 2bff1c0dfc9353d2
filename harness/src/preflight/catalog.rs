//! What a server says of itself.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use restore_core::needs::{Need, Requirement};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

/// What a server has, as far as archives ask for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Catalog {
    pub(super) major: u32,
    /// The role that restores.
    pub(super) role: String,
    pub(super) is_superuser: bool,
    /// A role of a managed service that has some of a superuser's rights, if
    /// ours is a member of it.
    pub(super) service_role: Option<String>,
    /// Which of the roles asked for exist, and whether ours may act as them.
    pub(super) roles: BTreeMap<String, bool>,
    /// Extensions that can be installed.
    pub(super) extensions: BTreeMap<String, Available>,
    /// Tablespaces, and whether our role may store there.
    pub(super) tablespaces: BTreeMap<String, bool>,
    /// Collations of `pg_catalog`.
    pub(super) collations: BTreeSet<String>,
    /// Locales of the C library that the server was made with, in the form of
    /// [`locale_key`].
    pub(super) locales: BTreeSet<String>,
    /// Whether it was built with ICU.
    pub(super) has_icu: bool,
    /// `shared_preload_libraries`, which not every role may read.
    pub(super) preloaded: Option<Vec<String>>,
    /// Which of the label providers asked for are not loaded.
    pub(super) missing_label_providers: BTreeSet<String>,
}

/// An extension that can be installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Available {
    pub(super) versions: BTreeSet<String>,
    /// Whether only a superuser may install it.
    pub(super) needs_superuser: bool,
}

/// Roles that stand in for a superuser where a service keeps that for itself.
const SERVICE_ROLES: [&str; 7] = [
    "rds_superuser",
    "cloudsqlsuperuser",
    "alloydbsuperuser",
    "azure_pg_admin",
    "supabase_admin",
    "neon_superuser",
    "tsdbadmin",
];

impl Catalog {
    /// Asks the server for what `needs` name.
    pub(super) async fn read(client: &Client, needs: &[Need]) -> anyhow::Result<Self> {
        let mut catalog = Self::default();
        catalog.read_rights(client).await.context("cannot read the rights of the role")?;
        let roles = names(needs, |need| matches!(need, Requirement::Role { .. }));
        catalog.read_roles(client, &roles).await.context("cannot list roles")?;
        let tablespaces = names(needs, |need| matches!(need, Requirement::Tablespace { .. }));
        catalog.read_tablespaces(client, &tablespaces).await.context("cannot list tablespaces")?;
        catalog.read_extensions(client).await.context("cannot list extensions")?;
        catalog.read_collations(client).await.context("cannot list collations")?;
        for name in names(needs, |need| matches!(need, Requirement::LabelProvider { .. })) {
            if !has_label_provider(client, name).await? {
                catalog.missing_label_providers.insert(name.to_owned());
            }
        }
        Ok(catalog)
    }

    async fn read_rights(&mut self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let row = client
            .query_one(
                "SELECT current_setting('server_version_num')::int, current_user::text, \
                 (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), \
                 (SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'), \
                 (SELECT rolname::text FROM pg_roles WHERE rolname = ANY($1) \
                  AND pg_has_role(current_user, oid, 'MEMBER') ORDER BY 1 LIMIT 1)",
                &[&SERVICE_ROLES.as_slice()],
            )
            .await?;
        self.major = row.get::<_, i32>(0) as u32 / 10_000;
        self.role = row.get(1);
        self.is_superuser = row.get(2);
        let preloaded: Option<String> = row.get(3);
        self.preloaded = preloaded.map(|list| {
            let names = list.split(',').map(|name| name.trim().trim_matches('"').to_owned());
            names.filter(|name| !name.is_empty()).collect()
        });
        self.service_role = row.get(4);
        Ok(())
    }

    async fn read_roles(
        &mut self,
        client: &Client,
        names: &[&str],
    ) -> Result<(), tokio_postgres::Error> {
        let sql = "SELECT rolname::text, pg_has_role(current_user, oid, 'MEMBER') \
                   FROM pg_roles WHERE rolname = ANY($1)";
        let rows = client.query(sql, &[&names]).await?;
        self.roles = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        Ok(())
    }

    async fn read_tablespaces(
        &mut self,
        client: &Client,
        names: &[&str],
    ) -> Result<(), tokio_postgres::Error> {
        let sql = "SELECT spcname::text, has_tablespace_privilege(oid, 'CREATE') \
                   FROM pg_tablespace WHERE spcname = ANY($1)";
        let rows = client.query(sql, &[&names]).await?;
        self.tablespaces = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        Ok(())
    }

    async fn read_extensions(&mut self, client: &Client) -> Result<(), tokio_postgres::Error> {
        // An extension may be installed by others than superusers where its
        // control file says so, from 13 on also if it is trusted.
        let trusted = if self.major >= 13 { "NOT trusted" } else { "true" };
        let sql = format!(
            "SELECT name::text, version::text, superuser AND {trusted} \
             FROM pg_available_extension_versions"
        );
        for row in client.query(&sql, &[]).await? {
            let available = self.extensions.entry(row.get(0)).or_default();
            available.versions.insert(row.get(1));
            available.needs_superuser |= row.get::<_, bool>(2);
        }
        Ok(())
    }

    async fn read_collations(&mut self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let sql = "SELECT collname::text, collprovider::text, collcollate::text \
                   FROM pg_collation WHERE collnamespace = 'pg_catalog'::regnamespace";
        for row in client.query(sql, &[]).await? {
            self.collations.insert(row.get(0));
            match row.get::<_, &str>(1) {
                "i" => self.has_icu = true,
                "c" => self.locales.extend(row.get::<_, Option<&str>>(2).map(locale_key)),
                _ => {}
            }
        }
        Ok(())
    }
}

fn names(needs: &[Need], is_wanted: fn(&Requirement) -> bool) -> Vec<&str> {
    let wanted = needs.iter().filter(|need| is_wanted(&need.requirement));
    wanted.map(|need| need.requirement.name()).collect()
}

/// A locale's name without the differences that the C library ignores:
/// `de_DE.UTF-8` and `de_DE.utf8` are one.
pub(super) fn locale_key(name: &str) -> String {
    match name.split_once('.') {
        Some((language, encoding)) => {
            let plain = encoding.chars().filter(char::is_ascii_alphanumeric);
            format!("{language}.{}", plain.collect::<String>().to_ascii_lowercase())
        }
        None => name.to_owned(),
    }
}

/// Whether a module takes labels of this provider. No view tells: the statement
/// is refused if not, and is rolled back in any case.
async fn has_label_provider(client: &Client, name: &str) -> anyhow::Result<bool> {
    let name = crate::provider::quote_identifier(name);
    let begin = "BEGIN; SET LOCAL statement_timeout = '10s'";
    client.batch_execute(begin).await.context("cannot begin a transaction")?;
    let sql = format!("SECURITY LABEL FOR {name} ON SCHEMA pg_catalog IS NULL");
    let tried = client.batch_execute(&sql).await;
    client.batch_execute("ROLLBACK").await.context("cannot roll back")?;
    // `ExecSecLabelStmt` looks for the provider before it looks at anything
    // else.
    Ok(!matches!(tried, Err(error) if error.code() == Some(&SqlState::INVALID_PARAMETER_VALUE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_have_several_names() {
        assert_eq!(locale_key("de_DE.UTF-8"), locale_key("de_DE.utf8"));
        assert_eq!(locale_key("C"), "C");
        assert_ne!(locale_key("de_DE"), locale_key("de_DE.utf8"));
    }
}
