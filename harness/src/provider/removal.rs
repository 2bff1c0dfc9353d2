//! Removing what runs made, after their end or their death.

use anyhow::Context as _;
use restore_core::connection::Conninfo;

use super::{database, disk, docker, local, process_environment};
use crate::lease::Resource;

/// Removes what a run noted. What cannot be removed keeps nothing else from
/// being removed; the errors say what is left.
pub async fn remove(resources: &[Resource]) -> Vec<anyhow::Error> {
    let mut errors = Vec::new();
    // What was made last may stand on what was made before.
    for resource in resources.iter().rev() {
        if let Err(error) = remove_resource(resource).await {
            errors.push(error);
        }
    }
    errors
}

/// Removes one thing, unless it is already gone.
pub async fn remove_resource(resource: &Resource) -> anyhow::Result<()> {
    match resource {
        Resource::Cluster { data, socket } => {
            local::remove(&local::Folders { root: data.clone(), socket: socket.clone() }).await
        }
        Resource::Disk { folder } => disk::remove(folder).await,
        Resource::Containers { label } => docker::remove_all(label).await.map(drop),
        Resource::Database { conninfo, name, oid } => {
            let conninfo = Conninfo::parse(conninfo, &process_environment())?;
            database::drop_named(&conninfo, name, *oid).await
        }
        Resource::Partial { path } => {
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(path)
            } else {
                std::fs::remove_file(path)
            };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(error).with_context(|| format!("cannot remove {}", path.display()))
                }
                _ => Ok(()),
            }
        }
    }
}
