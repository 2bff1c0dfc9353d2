//! A PostgreSQL server in a container, and its client programs beside it.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use async_trait::async_trait;
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::models::ContainerStatsResponse;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    StatsOptionsBuilder,
};
use futures_util::{Stream, StreamExt};
use nix::unistd::{Gid, Uid};
use restore_core::launch::{
    CommandLine, Exit, LaunchError, Launcher, Line, Running, RunningTask, StopSignal,
    Stream as Source,
};
use testcontainers::core::{AccessMode, IntoContainerPort, Mount};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};
use tokio::time::{Instant, sleep};

use crate::lease::{Lease, Resource};
use crate::load::{EngineStats, FirstProcess, Scene};
use crate::process::trace_start;
use crate::record::LoadSample;
use crate::scenario::quantity::Memory;

/// The label that says which run a container belongs to.
const LABEL: &str = "jobtune.run";

/// The superuser of the official image.
pub(super) const USER: &str = "postgres";

/// Where the official image has its data directory, or a folder above it.
const DATA: &str = "/var/lib/postgresql";

/// Where the server listens within the container.
const PORT: u16 = 5432;

/// What a container is started with.
#[derive(Debug, Clone)]
pub(super) struct ContainerSpec<'a> {
    /// The image: `name` or `name:tag`.
    pub(super) image: &'a str,
    /// How many processors it may use.
    pub(super) cpus: Option<f64>,
    /// How much memory it may use.
    pub(super) memory: Option<Memory>,
    /// Server settings.
    pub(super) settings: &'a BTreeMap<String, String>,
    /// Folders and files that it sees under the paths that they have here.
    pub(super) mounts: &'a [Shared],
}

/// A path that a container shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The path, here and there.
    pub path: PathBuf,
    /// Whether the programs in the container write there.
    pub writable: bool,
}

/// A running container.
pub(super) struct Container {
    container: ContainerAsync<GenericImage>,
    docker: Docker,
}

impl Container {
    /// Starts a container of the run.
    pub(super) async fn start(
        spec: ContainerSpec<'_>,
        run: &str,
        lease: &Lease,
    ) -> anyhow::Result<Self> {
        let docker = connect().await?;
        lease.note(&Resource::Containers { label: run.to_owned() })?;
        let (name, tag) = split_image(spec.image);
        let settings = spec.settings.iter();
        let args = settings.flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]);
        let (cpus, memory) = (spec.cpus, spec.memory);
        let mut request = GenericImage::new(name, tag)
            .with_exposed_port(PORT.tcp())
            .with_cmd(args)
            // Reached from this machine alone, and thrown away.
            .with_env_var("POSTGRES_HOST_AUTH_METHOD", "trust")
            .with_label(LABEL, run)
            .with_startup_timeout(Duration::from_secs(120))
            // Parallel index builds share memory there; Docker's default of
            // 64 MB is below what maintenance_work_mem may ask for.
            .with_shm_size(1 << 30)
            .with_host_config_modifier(move |host| {
                host.nano_cpus = cpus.map(|cpus| (cpus * 1e9) as i64);
                host.memory = memory.map(|memory| memory.bytes().cast_signed());
            });
        for shared in spec.mounts {
            let path = shared.path.to_string_lossy();
            let mode = if shared.writable { AccessMode::ReadWrite } else { AccessMode::ReadOnly };
            request = request.with_mount(Mount::bind_mount(&*path, &*path).with_access_mode(mode));
        }
        let container = request.start().await.map_err(|error| explain(spec.image, &error))?;
        Ok(Self { container, docker })
    }

    /// How this machine reaches the server.
    pub(super) async fn conninfo(&self) -> anyhow::Result<String> {
        let host = self.container.get_host().await.context("the container has no host")?;
        let port = self
            .container
            .get_host_port_ipv4(PORT.tcp())
            .await
            .context("the container publishes no port")?;
        let host =
            if host.to_string() == "localhost" { "127.0.0.1".to_owned() } else { host.to_string() };
        Ok(format!("host={host} port={port} user={USER} dbname=postgres sslmode=disable"))
    }

    /// How the programs in the container reach it.
    pub(super) fn inner_conninfo() -> String {
        format!("host=/var/run/postgresql port={PORT} user={USER}")
    }

    /// Runs the programs in the container.
    pub(super) fn launcher(&self) -> Arc<dyn Launcher> {
        Arc::new(ContainerLauncher {
            docker: self.docker.clone(),
            container: self.container.id().to_owned(),
        })
    }

    /// Whether the server's process lives.
    pub(super) async fn is_running(&self) -> bool {
        self.container.is_running().await.unwrap_or(false)
    }

    /// The end of what the server said.
    pub(super) async fn log_tail(&self) -> String {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail("12").build();
        let mut lines = self.docker.logs(self.container.id(), Some(options));
        let mut text = String::new();
        while let Some(Ok(line)) = lines.next().await {
            text.push_str(&line.to_string());
        }
        text.trim_end().to_owned()
    }

    /// Says where its load is to be seen, as far as the engine tells.
    pub(super) async fn put_into(&self, scene: &mut Scene) {
        let (docker, id) = (self.docker.clone(), self.container.id().to_owned());
        if let Ok(seen) = docker.inspect_container(&id, None).await {
            let mounts = seen.mounts.unwrap_or_default().into_iter();
            let of_data = mounts.filter(|mount| {
                mount.destination.as_deref().is_some_and(|path| path.starts_with(DATA))
            });
            // Under the same path here, unless the engine runs in a machine
            // of its own.
            scene.data = of_data
                .filter_map(|mount| mount.source.map(PathBuf::from))
                .find(|path| path.exists());
            let process = seen.state.and_then(|state| state.pid);
            if let Some(process) = process.and_then(|pid| u32::try_from(pid).ok()) {
                scene.first_process = FirstProcess::Container { id: id.clone(), process };
            }
        }
        scene.engine = Some(EngineStats::new(move || stats(docker.clone(), id.clone())));
    }

    /// Starts the server again, whether it runs or has died.
    pub(super) async fn restart(&self) -> anyhow::Result<()> {
        if self.is_running().await {
            self.container.stop().await.context("the container does not stop")?;
        }
        self.container.start().await.context("the container does not start again")
    }
}

/// What the engine says that a container has used since its start.
async fn stats(docker: Docker, id: String) -> Option<LoadSample> {
    let options = StatsOptionsBuilder::default().stream(false).one_shot(true).build();
    let seen = docker.stats(&id, Some(options)).next().await?.ok()?;
    usage(&seen)
}

fn usage(seen: &ContainerStatsResponse) -> Option<LoadSample> {
    let cpu = seen.cpu_stats.as_ref()?;
    let io = seen.blkio_stats.as_ref().and_then(|io| io.io_service_bytes_recursive.as_ref());
    let bytes = |operation: &str| {
        let of_operation = io?.iter().filter(|entry| {
            entry.op.as_deref().is_some_and(|op| op.eq_ignore_ascii_case(operation))
        });
        Some(of_operation.filter_map(|entry| entry.value).sum())
    };
    Some(LoadSample {
        container_cpu_ns: cpu.cpu_usage.as_ref()?.total_usage,
        container_throttled_ns: cpu.throttling_data.as_ref().and_then(|held| held.throttled_time),
        container_memory_bytes: seen.memory_stats.as_ref().and_then(|memory| memory.usage),
        container_read_bytes: bytes("read"),
        container_written_bytes: bytes("write"),
        ..LoadSample::default()
    })
}

/// Processors that the container engine may use.
pub(super) async fn engine_cores() -> Option<u32> {
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

/// `registry:5000/postgres:17` is `registry:5000/postgres` and `17`.
fn split_image(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

fn explain(image: &str, error: &testcontainers::TestcontainersError) -> anyhow::Error {
    let advice = match split_image(image) {
        ("postgres", tag) => {
            format!("or build it from Debian packages: scripts/postgres-image {tag}")
        }
        _ => "or name another image".to_owned(),
    };
    anyhow!(
        "cannot start a container of {image}: {error}\nCheck the image's name, pull it (docker \
         pull {image}), {advice}"
    )
}

/// Runs programs within a container.
struct ContainerLauncher {
    docker: Docker,
    container: String,
}

/// Tells the process's number before it becomes the program, so that it can
/// be stopped: the engine has no call for that.
const WRAPPER: &str = "echo \"$$\" >&2; exec \"$@\"";

#[async_trait]
impl Launcher for ContainerLauncher {
    async fn launch(&self, line: CommandLine) -> Result<Running, LaunchError> {
        let failed = |error: bollard::errors::Error| LaunchError {
            program: line.program.to_owned(),
            reason: format!("in the container: {error}"),
        };
        trace_start(&line, &self.container);
        let mut cmd: Vec<String> =
            ["sh", "-c", WRAPPER, "sh", line.program].map(str::to_owned).to_vec();
        cmd.extend(line.args.iter().cloned());
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            env: Some(line.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            cmd: Some(cmd),
            // What it writes to shared folders is to belong to this user.
            user: Some(format!("{}:{}", Uid::effective(), Gid::effective())),
            ..Default::default()
        };
        let exec = self.docker.create_exec(&self.container, options).await.map_err(failed)?.id;
        let started = Instant::now();
        let attached = self.docker.start_exec(&exec, None).await.map_err(failed)?;
        let StartExecResults::Attached { output, .. } = attached else {
            return Err(LaunchError {
                program: line.program.to_owned(),
                reason: "the container engine did not attach to it".to_owned(),
            });
        };
        let (running, task) = Running::new(started);
        let execution = Execution {
            docker: self.docker.clone(),
            container: self.container.clone(),
            exec,
            stop: line.stop,
        };
        tokio::spawn(execution.tend(output, task));
        Ok(running)
    }
}

/// A program that runs in a container.
struct Execution {
    docker: Docker,
    container: String,
    exec: String,
    stop: StopSignal,
}

type Log = std::result::Result<LogOutput, bollard::errors::Error>;

impl Execution {
    async fn tend(self, mut output: impl Stream<Item = Log> + Unpin, task: RunningTask) {
        let RunningTask { lines, exit, mut stop } = task;
        let mut splitter = Splitter::default();
        let mut stopping = false;
        loop {
            let chunk = tokio::select! {
                chunk = output.next() => chunk,
                _ = &mut stop, if !stopping => {
                    stopping = true;
                    self.kill(splitter.process.as_deref()).await;
                    continue;
                }
            };
            // The engine closes the stream when the program and its workers
            // have ended.
            let Some(Ok(chunk)) = chunk else { break };
            splitter.take(chunk, |line| drop(lines.send(line)));
        }
        let at = Instant::now();
        splitter.finish(|line| drop(lines.send(line)));
        drop(lines);
        let code = self.exit_code().await;
        // Nobody may be waiting any more.
        let _ = exit.send(Exit { at, code: if stopping { None } else { code } });
    }

    async fn exit_code(&self) -> Option<i32> {
        for _ in 0..100 {
            let state = self.docker.inspect_exec(&self.exec).await.ok()?;
            if state.running == Some(false) {
                return state.exit_code.and_then(|code| i32::try_from(code).ok());
            }
            sleep(Duration::from_millis(20)).await;
        }
        None
    }

    async fn kill(&self, process: Option<&str>) {
        let Some(process) = process else { return };
        let script = match self.stop {
            StopSignal::Terminate => "kill -TERM \"$0\"",
            StopSignal::Alarm => "kill -ALRM \"$0\"",
        };
        let options = CreateExecOptions {
            cmd: Some(vec!["sh", "-c", script, process]),
            user: Some("root"),
            ..Default::default()
        };
        // If the container is gone, so is the program.
        if let Ok(exec) = self.docker.create_exec(&self.container, options).await {
            let _ = self.docker.start_exec(&exec.id, None).await;
        }
    }
}

/// Makes lines of the chunks of two streams that the engine sends.
#[derive(Default)]
struct Splitter {
    process: Option<String>,
    output: Vec<u8>,
    errors: Vec<u8>,
}

impl Splitter {
    fn take(&mut self, chunk: LogOutput, mut send: impl FnMut(Line)) {
        let at = Instant::now();
        let (stream, message) = match chunk {
            LogOutput::StdErr { message } => (Source::Error, message),
            LogOutput::StdOut { message }
            | LogOutput::Console { message }
            | LogOutput::StdIn { message } => (Source::Output, message),
        };
        let buffer = self.buffer(stream);
        buffer.extend_from_slice(&message);
        let mut rest = std::mem::take(buffer);
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let after = rest.split_off(end + 1);
            self.line(Line { at, stream, text: text(&rest) }, &mut send);
            rest = after;
        }
        *self.buffer(stream) = rest;
    }

    fn finish(mut self, mut send: impl FnMut(Line)) {
        for stream in [Source::Output, Source::Error] {
            let rest = std::mem::take(self.buffer(stream));
            if !rest.is_empty() {
                self.line(Line { at: Instant::now(), stream, text: text(&rest) }, &mut send);
            }
        }
    }

    fn buffer(&mut self, stream: Source) -> &mut Vec<u8> {
        match stream {
            Source::Output => &mut self.output,
            Source::Error => &mut self.errors,
        }
    }

    /// The first line on standard error is the wrapper's.
    fn line(&mut self, line: Line, send: &mut impl FnMut(Line)) {
        if line.stream == Source::Error && self.process.is_none() {
            self.process = Some(line.text);
        } else {
            send(line);
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned()
}

/// Waits until `probe` succeeds, as long as the container lives.
pub(super) async fn wait_until_ready<F>(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_names_and_tags() {
        assert_eq!(split_image("postgres:17"), ("postgres", "17"));
        assert_eq!(split_image("host:5000/pg"), ("host:5000/pg", "latest"));
        assert_eq!(split_image("host:5000/pg:16"), ("host:5000/pg", "16"));
    }

    #[test]
    fn chunks_become_lines() {
        let chunk = |text: &str| LogOutput::StdErr { message: text.to_owned().into() };
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for text in ["12", "34\npg_restore: a\npg_re", "store: b\n", "rest"] {
            splitter.take(chunk(text), |line| lines.push(line.text));
        }
        assert_eq!(splitter.process.as_deref(), Some("1234"));
        splitter.finish(|line| lines.push(line.text));
        assert_eq!(lines, ["pg_restore: a", "pg_restore: b", "rest"]);
    }

    #[test]
    fn the_engine_tells_what_a_container_used() {
        let said = r#"{
            "cpu_stats": {
                "cpu_usage": { "total_usage": 7000 },
                "throttling_data": { "throttled_time": 500 }
            },
            "memory_stats": { "usage": 4096 },
            "blkio_stats": { "io_service_bytes_recursive": [
                { "major": 254, "minor": 0, "op": "Read", "value": 1 },
                { "major": 254, "minor": 16, "op": "read", "value": 2 },
                { "major": 254, "minor": 0, "op": "Write", "value": 8 },
                { "major": 254, "minor": 0, "op": "Total", "value": 11 }
            ] }
        }"#;
        let sample = usage(&serde_json::from_str(said).unwrap()).unwrap();
        let expected = LoadSample {
            container_cpu_ns: Some(7000),
            container_throttled_ns: Some(500),
            container_memory_bytes: Some(4096),
            container_read_bytes: Some(3),
            container_written_bytes: Some(8),
            ..LoadSample::default()
        };
        assert_eq!(sample, expected);
        assert_eq!(usage(&ContainerStatsResponse::default()), None, "absent, and not zero");
    }
}
