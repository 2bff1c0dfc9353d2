//! The container engine, and what it keeps of a run.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Context as _;
use bollard::Docker;
use bollard::query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder};

/// The label that says which run a container belongs to.
pub(super) const LABEL: &str = "jobtune.run";

/// Processors that the container engine may use.
pub(crate) async fn engine_cores() -> Option<u32> {
    let info = connect().await.ok()?.info().await.ok()?;
    info.ncpu.and_then(|cores| u32::try_from(cores).ok())
}

/// Where the container engine keeps what containers write, if this machine
/// sees it: the engine may be elsewhere.
pub async fn data_folder() -> Option<PathBuf> {
    let info = connect().await.ok()?.info().await.ok()?;
    info.docker_root_dir.map(PathBuf::from).filter(|folder| folder.is_dir())
}

/// The container engine, once it has answered.
pub async fn connect() -> anyhow::Result<Docker> {
    const ADVICE: &str = "no container engine answers: start Docker (systemctl start docker, or \
                          Docker Desktop), set DOCKER_HOST if it is elsewhere, and be allowed to \
                          use it; or use provider \"local\"";
    let docker = Docker::connect_with_defaults().context(ADVICE)?;
    docker.ping().await.context(ADVICE)?;
    Ok(docker)
}

/// Removes all containers of a run. Returns how many there were.
pub async fn remove_all(run: &str) -> anyhow::Result<usize> {
    let docker = connect().await?;
    let filters = HashMap::from([("label", vec![format!("{LABEL}={run}")])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let containers =
        docker.list_containers(Some(options)).await.context("cannot list containers")?;
    for container in &containers {
        let id = container.id.as_deref().unwrap_or_default();
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match docker.remove_container(id, Some(options)).await {
            // Gone, or going: its guard in this process removes it too.
            Err(bollard::errors::Error::DockerResponseServerError {
                status_code: 404 | 409,
                ..
            }) => {}
            other => other.with_context(|| format!("cannot remove container {id}"))?,
        }
    }
    Ok(containers.len())
}
