//! Makes what is missing on a server of our own.

use anyhow::Context as _;
use restore_core::needs::{Purpose, Requirement};
use tokio_postgres::Client;

use super::judge::{Lack, Shortfall};
use crate::provider::quote_identifier;
use crate::record::Made;

/// What was made, in a sentence.
pub(super) fn note(made: &Made) -> Option<String> {
    let list = |what: &str, names: &[String]| {
        let plural = if names.len() == 1 { "" } else { "s" };
        (!names.is_empty()).then(|| format!("{what}{plural} {}", names.join(", ")))
    };
    let parts: Vec<String> = [list("role", &made.roles), list("tablespace", &made.tablespaces)]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| {
        format!("created on the server, since the archive names them: {}", parts.join(" and "))
    })
}

/// Makes the roles and tablespaces among `found`, and takes them out of it.
pub(super) async fn make(client: &Client, found: &mut Vec<Shortfall<'_>>) -> anyhow::Result<Made> {
    let mut made = Made::default();
    let mut left = Vec::new();
    for shortfall in found.drain(..) {
        match (&shortfall.need.requirement, &shortfall.lack) {
            (Requirement::Role { name }, Lack::Missing) => {
                make_role(client, name, owns_as_superuser(&shortfall)).await?;
                made.roles.push(name.clone());
            }
            (Requirement::Tablespace { name }, Lack::Missing) => {
                make_tablespace(client, name).await?;
                made.tablespaces.push(name.clone());
            }
            _ => left.push(shortfall),
        }
    }
    *found = left;
    Ok(made)
}

/// Event triggers and the like belong to superusers alone.
fn owns_as_superuser(shortfall: &Shortfall<'_>) -> bool {
    shortfall.uses.iter().any(|of| of.purpose == Purpose::SuperuserOwner)
}

async fn make_role(client: &Client, name: &str, is_superuser: bool) -> anyhow::Result<()> {
    let rights = if is_superuser { " SUPERUSER" } else { "" };
    let sql = format!("CREATE ROLE {} NOLOGIN{rights}", quote_identifier(name));
    client.batch_execute(&sql).await.with_context(|| format!("cannot create the role {name:?}"))
}

/// Makes a tablespace in a folder beside the data directory, which goes with the
/// cluster or container. The server makes the folder, so that it belongs to the
/// server's user, wherever that runs.
async fn make_tablespace(client: &Client, name: &str) -> anyhow::Result<()> {
    let cannot = || format!("cannot create the tablespace {name:?}");
    let data: String = client
        .query_one("SELECT current_setting('data_directory')", &[])
        .await
        .with_context(cannot)?
        .get(0);
    let parent = data.trim_end_matches('/').rsplit_once('/').map_or("", |(parent, _)| parent);
    // The name may hold anything, and the folder's need not be the same.
    let folder = format!("{parent}/tablespaces/{}", folder_name(name));
    let text = |text: &str| text.replace('\'', "''");
    // The folder has no character that a shell takes for its own, but its
    // parent may.
    let program = format!("mkdir -p '{}'", folder.replace('\'', "'\\''"));
    let sql = format!("COPY (SELECT 1 WHERE false) TO PROGRAM '{}'", text(&program));
    client.batch_execute(&sql).await.with_context(cannot)?;
    let name = quote_identifier(name);
    let sql = format!("CREATE TABLESPACE {name} LOCATION '{}'", text(&folder));
    client.batch_execute(&sql).await.with_context(cannot)
}

/// A folder's name that is one in every file system: letters and digits stay,
/// every other byte is written in hexadecimal.
fn folder_name(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("_{other:02x}"),
    };
    name.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_plain_names() {
        assert_eq!(folder_name("fast_ssd"), "fast_5fssd");
        assert_eq!(folder_name("../x"), "_2e_2e_2fx");
    }

    #[test]
    fn what_was_made_is_said() {
        let made = Made { roles: vec!["a".into(), "b".into()], tablespaces: vec!["fast".into()] };
        assert_eq!(
            note(&made).unwrap(),
            "created on the server, since the archive names them: roles a, b and tablespace fast"
        );
        assert_eq!(note(&Made::default()), None);
    }
}
