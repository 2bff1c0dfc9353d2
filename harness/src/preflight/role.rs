//! The role that `pg_restore --role` restores as.

use anyhow::{Context as _, bail};
use tokio_postgres::Client;

use crate::provider::quote_identifier;
use crate::record::Made;

/// Sees that the server has the role and that ours may act as it; makes it on a server of our
/// own, as a superuser, for what it may do there is not what is measured.
pub(super) async fn prepare(client: &Client, name: &str, is_ours: bool) -> anyhow::Result<Made> {
    let sql = "SELECT pg_has_role(current_user, oid, 'MEMBER'), current_user::text \
               FROM pg_roles WHERE rolname = $1";
    let found = client.query_opt(sql, &[&name]).await.context("cannot list roles")?;
    match found {
        Some(row) if row.get::<_, bool>(0) => Ok(Made::default()),
        Some(row) => {
            let own: String = row.get(1);
            bail!(
                "pg_restore's --role names role {name:?}, and role {own:?} is no member of it: GRANT \
                 {} TO {}, or leave --role out",
                quote_identifier(name),
                quote_identifier(&own)
            )
        }
        None if is_ours => {
            let sql = format!("CREATE ROLE {} NOLOGIN SUPERUSER", quote_identifier(name));
            let made = client.batch_execute(&sql).await;
            made.with_context(|| format!("cannot create the role {name:?}"))?;
            Ok(Made { roles: vec![name.to_owned()], ..Made::default() })
        }
        None => bail!(
            "pg_restore's --role names role {name:?}, which does not exist on the server: CREATE \
             ROLE {}, or leave --role out",
            quote_identifier(name)
        ),
    }
}
