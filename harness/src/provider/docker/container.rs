//! The container of a server: made, started, asked about.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, EndpointSettings, HostConfig, Mount, MountType,
    PortBinding, ThrottleDevice,
};
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt;
use restore_core::launch::Launcher;
use tokio::time::{Instant, sleep};

use super::engine::{LABEL, connect};
use super::image::{create, explain};
use super::launcher::ContainerLauncher;
use super::reach::Reach;
use super::usage::stats;
use crate::lease::{Lease, Resource};
use crate::load::{EngineStats, FirstProcess, SamplingTarget};
use crate::provider::far::Ends;
use crate::scenario::disk::DiskLimits;
use crate::scenario::network::Bandwidth;
use crate::scenario::quantity::Memory;

/// The superuser of the official image.
const USER: &str = "postgres";

/// Where the official image has its data directory, or a folder above it.
const DATA: &str = "/var/lib/postgresql";

/// Where a disk of the run's own is mounted in the container.
const DISK: &str = "/var/lib/jobtune";

/// Where the server listens within the container.
const PORT: u16 = 5432;

/// What a container is started with.
#[derive(Debug, Clone)]
pub(crate) struct ContainerSpec<'a> {
    /// The image: `name` or `name:tag`.
    pub(crate) image: &'a str,
    /// How many processors it may use.
    pub(crate) cpus: Option<f64>,
    /// How much memory it may use.
    pub(crate) memory: Option<Memory>,
    /// Server settings.
    pub(crate) settings: &'a BTreeMap<String, String>,
    /// Folders and files that it sees under the paths that they have here.
    pub(crate) mounts: &'a [Shared],
    /// A disk of its own for the data.
    pub(crate) disk: Option<ContainerDisk<'a>>,
}

/// A disk that holds the data of a container, and what the engine limits it to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContainerDisk<'a> {
    /// Where it is mounted here.
    pub(crate) folder: &'a Path,
    /// The block device.
    pub(crate) device: &'a str,
    pub(crate) limits: &'a DiskLimits,
}

/// A path that a container shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The path, here and there.
    pub path: PathBuf,
    /// Whether the programs in the container write there.
    pub writable: bool,
}

/// A running container. The lease of its run removes it.
pub(crate) struct Container {
    docker: Docker,
    id: String,
}

impl Container {
    /// Starts a container of the run. An image that is not here is pulled.
    pub(crate) async fn start(
        spec: ContainerSpec<'_>,
        run: &str,
        lease: &Lease,
    ) -> anyhow::Result<Self> {
        let docker = connect().await?;
        lease.note(&Resource::Containers { label: run.to_owned() })?;
        // The engine's structures are large: they are kept out of the callers' futures.
        let started = Box::pin(async {
            let id = create(&docker, spec.image, body(&spec, run)).await?;
            docker.start_container(&id, None).await?;
            Ok(id)
        });
        let id = started.await.map_err(|error| explain(spec.image, &error))?;
        Ok(Self { docker, id })
    }

    async fn inspect(&self) -> anyhow::Result<ContainerInspectResponse> {
        let seen = self.docker.inspect_container(&self.id, None).await;
        seen.context("the container engine tells nothing of the container")
    }

    /// How this machine reaches the server.
    pub(crate) async fn conninfo(&self) -> anyhow::Result<String> {
        let (host, port) = self.published().await?;
        Ok(format!("host={host} port={port} user={USER} dbname=postgres sslmode=disable"))
    }

    /// The host and port at which this machine finds the server.
    async fn published(&self) -> anyhow::Result<(String, String)> {
        let network = self.inspect().await?.network_settings.unwrap_or_default();
        let bindings = network.ports.unwrap_or_default().remove(&port()).flatten();
        let port = bindings.into_iter().flatten().find_map(|binding| binding.host_port);
        let port = port.context("the container publishes no port")?;
        let host = match Reach::of_engine() {
            Reach::Loopback => "127.0.0.1".to_owned(),
            Reach::Host(host) => host,
            Reach::Gateway => self.gateway().await?,
        };
        Ok((host, port))
    }

    async fn gateway(&self) -> anyhow::Result<String> {
        let gateway = self.of_network(|endpoint| endpoint.gateway).await?;
        gateway.context("the container's network has no gateway")
    }

    /// An address that the engine tells of one of the container's networks.
    async fn of_network(
        &self,
        address: fn(EndpointSettings) -> Option<String>,
    ) -> anyhow::Result<Option<String>> {
        let network = self.inspect().await?.network_settings.unwrap_or_default();
        let endpoints = network.networks.unwrap_or_default().into_values();
        Ok(endpoints.filter_map(address).find(|address| !address.is_empty()))
    }

    /// Where a proxy before the server stands: on this machine, at the address from which it
    /// sends to the container, which therefore can answer.
    pub(crate) async fn ends(&self) -> anyhow::Result<Ends> {
        let (host, port) = self.published().await?;
        let there = match Reach::of_engine() {
            Reach::Host(host) => host,
            Reach::Loopback | Reach::Gateway => {
                self.of_network(|endpoint| endpoint.ip_address).await?.context(
                    "the container has no address: latency and bandwidth cannot be imitated",
                )?
            }
        };
        // Connecting a datagram socket sends nothing; it chooses the address to send from.
        let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
        socket.connect((there.as_str(), PORT)).with_context(|| format!("no way to {there}"))?;
        let proxy = socket.local_addr()?.ip();
        Ok(Ends::Tcp { server: format!("{host}:{port}"), user: USER, proxy })
    }

    /// How the programs in the container reach it.
    pub(crate) fn inner_conninfo() -> String {
        format!("host=/var/run/postgresql port={PORT} user={USER}")
    }

    /// Runs the programs in the container.
    pub(crate) fn launcher(&self) -> Arc<dyn Launcher> {
        let (docker, container) = (self.docker.clone(), self.id.clone());
        Arc::new(ContainerLauncher { docker, container })
    }

    /// Whether the server's process lives.
    pub(crate) async fn is_running(&self) -> bool {
        let state = self.inspect().await.ok().and_then(|seen| seen.state);
        state.and_then(|state| state.running).unwrap_or(false)
    }

    /// The end of what the server said.
    pub(crate) async fn log_tail(&self) -> String {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail("12").build();
        let mut lines = self.docker.logs(&self.id, Some(options));
        let mut text = String::new();
        while let Some(Ok(line)) = lines.next().await {
            text.push_str(&line.to_string());
        }
        text.trim_end().to_owned()
    }

    /// Says where its load is to be seen, as far as the engine tells.
    pub(crate) async fn put_into(&self, target: &mut SamplingTarget) {
        let (docker, id) = (self.docker.clone(), self.id.clone());
        if let Ok(seen) = self.inspect().await {
            let mounts = seen.mounts.unwrap_or_default().into_iter();
            let of_data = mounts.filter(|mount| {
                mount.destination.as_deref().is_some_and(|path| path.starts_with(DATA))
            });
            // Under the same path here, unless the engine runs in a machine
            // of its own.
            target.data = of_data
                .filter_map(|mount| mount.source.map(PathBuf::from))
                .find(|path| path.exists());
            let process = seen.state.and_then(|state| state.pid);
            if let Some(process) = process.and_then(|pid| u32::try_from(pid).ok()) {
                target.first_process = FirstProcess::Container { id: id.clone(), process };
            }
        }
        target.engine = Some(EngineStats::new(move || stats(docker.clone(), id.clone())));
    }

    /// Starts the server again, whether it runs or has died.
    pub(crate) async fn restart(&self) -> anyhow::Result<()> {
        if self.is_running().await {
            let stopped = self.docker.stop_container(&self.id, None).await;
            stopped.context("the container does not stop")?;
        }
        let started = self.docker.start_container(&self.id, None).await;
        started.context("the container does not start again")
    }
}

/// The server's port as the engine names it.
fn port() -> String {
    format!("{PORT}/tcp")
}

fn body(spec: &ContainerSpec<'_>, run: &str) -> ContainerCreateBody {
    let settings = spec.settings.iter();
    let args = settings.flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]);
    // Whoever reaches the port is trusted: nobody beyond this machine should,
    // unless the engine is elsewhere.
    let host_ip = (Reach::of_engine() == Reach::Loopback).then(|| "127.0.0.1".to_owned());
    let binding = PortBinding { host_ip, host_port: None };
    ContainerCreateBody {
        image: Some(spec.image.to_owned()),
        cmd: Some(args.collect()),
        env: Some(environment(spec)),
        labels: Some(HashMap::from([(LABEL.to_owned(), run.to_owned())])),
        exposed_ports: Some(vec![port()]),
        host_config: Some(HostConfig {
            nano_cpus: spec.cpus.map(|cpus| (cpus * 1e9) as i64),
            memory: spec.memory.map(|memory| memory.bytes().cast_signed()),
            // Parallel index builds share memory there; Docker's default of
            // 64 MB is below what maintenance_work_mem may ask for.
            shm_size: Some(1 << 30),
            port_bindings: Some(HashMap::from([(port(), Some(vec![binding]))])),
            mounts: Some(mounts(spec)),
            ..disk_limits(spec)
        }),
        ..ContainerCreateBody::default()
    }
}

fn environment(spec: &ContainerSpec<'_>) -> Vec<String> {
    let trust = "POSTGRES_HOST_AUTH_METHOD=trust".to_owned();
    let data = spec.disk.map(|_| format!("PGDATA={DISK}/data"));
    [trust].into_iter().chain(data).collect()
}

fn mounts(spec: &ContainerSpec<'_>) -> Vec<Mount> {
    let disk = spec.disk.map(|disk| Mount {
        target: Some(DISK.to_owned()),
        source: Some(disk.folder.to_string_lossy().into_owned()),
        typ: Some(MountType::BIND),
        ..Mount::default()
    });
    spec.mounts.iter().map(mount).chain(disk).collect()
}

/// The engine's own limits: those of the group that the container's processes are in.
fn disk_limits(spec: &ContainerSpec<'_>) -> HostConfig {
    let Some(disk) = spec.disk else { return HostConfig::default() };
    let of = |rate: Option<f64>| {
        let path = Some(disk.device.to_owned());
        rate.map(|rate| vec![ThrottleDevice { path, rate: Some(rate as i64) }])
    };
    let DiskLimits { write, read, iops } = disk.limits;
    let bytes = |of: &Option<Bandwidth>| of.map(Bandwidth::bytes_per_second);
    HostConfig {
        blkio_device_write_bps: of(bytes(write)),
        blkio_device_read_bps: of(bytes(read)),
        blkio_device_write_iops: of(iops.map(f64::from)),
        blkio_device_read_iops: of(iops.map(f64::from)),
        ..HostConfig::default()
    }
}

fn mount(shared: &Shared) -> Mount {
    let path = shared.path.to_string_lossy().into_owned();
    Mount {
        target: Some(path.clone()),
        source: Some(path),
        typ: Some(MountType::BIND),
        read_only: Some(!shared.writable),
        ..Mount::default()
    }
}

/// Waits until `probe` succeeds, as long as the container lives.
pub(crate) async fn wait_until_ready<F>(
    container: &Container,
    mut probe: impl FnMut() -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = bool>,
{
    const PATIENCE: Duration = Duration::from_secs(120);

    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if probe().await {
            return Ok(());
        }
        if !container.is_running().await {
            bail!("the server in the container ended:\n{}", container.log_tail().await);
        }
        sleep(Duration::from_millis(100)).await;
    }
    bail!(
        "the server in the container is not ready after {} s:\n{}",
        PATIENCE.as_secs(),
        container.log_tail().await
    )
}
