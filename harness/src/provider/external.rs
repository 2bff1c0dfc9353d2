//! What a server of the user's must allow.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use restore_core::connection::Conninfo;
use tokio_postgres::Client;

/// Whether its role may do what a sweep does. What it may not, and can do without, is told.
pub(super) async fn check_rights(
    client: &Client,
    server: &Conninfo,
) -> anyhow::Result<Vec<String>> {
    let mut notes = Vec::new();
    let row = client
        .query_one(
            "SELECT current_user::text, rolsuper, rolsuper OR rolcreatedb \
             FROM pg_roles WHERE rolname = current_user",
            &[],
        )
        .await
        .context("cannot read the rights of the role")?;
    let (role, superuser, may_create): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
    if !may_create {
        bail!(
            "role {role:?} may not create databases on {server}: grant it (ALTER ROLE ... CREATEDB) \
             or connect as another role"
        );
    }
    if !superuser {
        notes.push(format!(
            "role {role:?} is no superuser: checkpoints before trials may be refused, and \
             extensions that only superusers install fail"
        ));
    }
    notes.push("autovacuum and other load on this server are not ours to stop".to_owned());
    Ok(notes)
}

/// Which of the scenario's settings can be set for a database alone; all
/// others must have their values already.
pub(super) async fn check_settings(
    client: &Client,
    settings: &BTreeMap<String, String>,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut per_database = BTreeMap::new();
    let mut beyond = Vec::new();
    for (name, value) in settings {
        let row = client
            .query_opt(
                "SELECT context IN ('user', 'superuser'), current_setting(name) \
                 FROM pg_settings WHERE name = $1",
                &[name],
            )
            .await
            .context("cannot read the server's settings")?;
        match row {
            None => bail!("the server has no setting {name:?}"),
            Some(row) if row.get::<_, bool>(0) => {
                per_database.insert(name.clone(), value.clone());
            }
            Some(row) if row.get::<_, String>(1) == *value => {}
            Some(row) => {
                beyond.push(format!("{name} (is {}, asked: {value})", row.get::<_, String>(1)));
            }
        }
    }
    if !beyond.is_empty() {
        bail!(
            "these settings of an external server are not jobtune's to change: {}; set them on \
             the server and restart it, or leave them out of the scenario",
            beyond.join(", ")
        );
    }
    Ok(per_database)
}
