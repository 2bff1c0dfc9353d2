//! Servers to restore into, and what guards them.

mod catalog;
mod database;
mod disk;
mod docker;
mod external;
mod far;
pub mod local;
mod own;
pub mod programs;
mod removal;
mod text;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use restore_core::engine::{Native, Target};
use restore_core::launch::{CommandLine, Launcher, succeed};
use tokio_postgres::Client;

use catalog::{server_major, settings};
pub use database::Database;
use disk::{Limiter, SlowDisk};
use docker::{Container, ContainerDisk, ContainerSpec};
pub use docker::{
    Shared, connect as connect_to_docker, data_folder as containers_folder,
    remove_all as remove_containers,
};
use far::Far;
use local::LocalCluster;
use programs::{Need, Version};
pub use removal::{remove, remove_resource};
pub use text::{ServerText, connect_as_stored};

use crate::lease::Lease;
use crate::load::{FirstProcess, SamplingTarget, conditions};
use crate::process::LocalLauncher;
use crate::record::{Conditions, Made, ServerRecord, nanos};
use crate::scenario::network::Network;
use crate::scenario::{Provider, Server as ServerSpec};
use restore_core::connection::{Connection, Conninfo, Environment, connect};

/// What a server is started for.
pub struct Context<'a> {
    /// Identifier of the run.
    pub run: &'a str,
    /// Where the run notes what it makes.
    pub lease: &'a Lease,
    /// The connection string of an external server.
    pub conninfo: Option<&'a str>,
    /// What a container shares with this machine.
    pub shared: &'a [Shared],
    /// Most jobs of any cell.
    pub max_jobs: u32,
}

/// A running server. What was made for it is in the run's lease, and goes
/// when the lease is cleared.
pub struct Server {
    admin: Conninfo,
    client: Conninfo,
    launcher: Arc<dyn Launcher>,
    guard: Guard,
    run: String,
    client_version: Version,
    cores: Option<u32>,
    /// Set for each database: an external server's own settings are not ours
    /// to change.
    per_database: BTreeMap<String, String>,
    notes: Vec<String>,
    /// What lies between it and the programs that are measured.
    far: Option<Far>,
    /// A disk of its own.
    disk: Option<SlowDisk>,
    /// What was made there because archives name it.
    pub made: Made,
}

enum Guard {
    Local(LocalCluster),
    Docker(Box<Container>),
    External,
}

/// The variables of this process, for connections that follow libpq.
pub fn process_environment() -> Environment {
    Environment::new(std::env::vars())
}

/// Settings that every server of ours gets unless the scenario says
/// otherwise.
fn own_settings(spec: &ServerSpec, max_jobs: u32) -> BTreeMap<String, String> {
    /// Connections beside the jobs: the harness, samplers, superusers.
    const SPARE_CONNECTIONS: u32 = 20;

    let mut settings = BTreeMap::from([
        // Autovacuum would wake up in some trials and not in others.
        ("autovacuum".to_owned(), "off".to_owned()),
        ("max_connections".to_owned(), (max_jobs + SPARE_CONNECTIONS).max(100).to_string()),
    ]);
    settings.extend(spec.settings.clone());
    settings
}

/// The disk that a scenario asks for.
async fn slow_disk(
    spec: &ServerSpec,
    limiter: Limiter,
    parent: &Path,
    number: usize,
    context: &Context<'_>,
) -> anyhow::Result<Option<SlowDisk>> {
    let Some(limits) = &spec.disk else { return Ok(None) };
    let name = format!("jobtune-{}-{number}", context.run);
    SlowDisk::make(limits, limiter, parent, &name, context.lease).await.map(Some)
}

impl Server {
    /// Starts the server that `spec` describes, the `number`th of its run.
    pub async fn start(
        spec: &ServerSpec,
        number: usize,
        context: &Context<'_>,
    ) -> anyhow::Result<Self> {
        let mut server = match &spec.provider {
            Provider::Local { bindir, data_dir } => {
                let parent = data_dir.clone().unwrap_or_else(std::env::temp_dir);
                let disk =
                    slow_disk(spec, Limiter::ControlGroups, &parent, number, context).await?;
                let mounted = disk.as_ref().map(SlowDisk::mounted);
                let folder = mounted.or_else(|| data_dir.clone());
                let bindir = bindir.as_deref();
                let server = Self::local(bindir, folder.as_deref(), spec, number, context).await?;
                Self { disk, ..server }
            }
            Provider::Docker { image, cpus, memory } => {
                let parent = std::env::temp_dir();
                let disk = slow_disk(spec, Limiter::Engine, &parent, number, context).await?;
                let mounted = disk.as_ref().map(SlowDisk::mounted);
                let container = ContainerSpec {
                    image,
                    cpus: *cpus,
                    memory: *memory,
                    settings: &own_settings(spec, context.max_jobs),
                    mounts: context.shared,
                    disk: disk.as_ref().zip(mounted.as_deref()).map(|(disk, folder)| {
                        let (device, limits) = (disk.device(), &disk.record().limits);
                        ContainerDisk { folder, device, limits }
                    }),
                };
                let server = Self::docker(container, context).await?;
                Self { disk, ..server }
            }
            Provider::External { bindir, .. } => Self::external(bindir.as_deref(), context).await?,
        };
        server.check(spec).await?;
        server.move_away(spec.network).await?;
        Ok(server)
    }

    /// Puts a network between the server and the programs that are measured.
    async fn move_away(&mut self, network: Option<Network>) -> anyhow::Result<()> {
        let Some(network) = network else { return Ok(()) };
        // The way of before is free again.
        self.far = None;
        let ends = match &self.guard {
            Guard::Local(cluster) => cluster.ends(),
            Guard::Docker(container) => container.ends().await?,
            Guard::External => bail!("no network is put before a server of the user's"),
        };
        self.far = Some(Far::put(ends, network, &self.admin).await?);
        Ok(())
    }

    async fn local(
        bindir: Option<&Path>,
        data_dir: Option<&Path>,
        spec: &ServerSpec,
        number: usize,
        context: &Context<'_>,
    ) -> anyhow::Result<Self> {
        let programs = programs::find(bindir, Need::Server).await?;
        let launcher = Arc::new(LocalLauncher::in_folder(&programs.bindir));
        let name = format!("jobtune-{}-{number}", context.run);
        let settings = own_settings(spec, context.max_jobs);
        let cluster =
            LocalCluster::start(programs, data_dir, &name, &settings, context.lease).await?;
        let conninfo = own::conninfo(&cluster.conninfo())?;
        Ok(Self {
            admin: conninfo.clone(),
            client: conninfo,
            launcher,
            run: context.run.to_owned(),
            client_version: cluster.programs().version.clone(),
            cores: std::thread::available_parallelism().ok().map(|cores| cores.get() as u32),
            guard: Guard::Local(cluster),
            per_database: BTreeMap::new(),
            notes: Vec::new(),
            far: None,
            disk: None,
            made: Made::default(),
        })
    }

    async fn docker(spec: ContainerSpec<'_>, context: &Context<'_>) -> anyhow::Result<Self> {
        let cores = match spec.cpus {
            Some(cpus) => Some(cpus.ceil() as u32),
            None => docker::engine_cores().await,
        };
        let container = Container::start(spec, context.run, context.lease).await?;
        let admin = own::conninfo(&container.conninfo().await?)?;
        let probe = || async { connect(&admin).await.is_ok() };
        docker::wait_until_ready(&container, probe).await?;
        let launcher = container.launcher();
        let client_version = client_version(launcher.as_ref()).await?;
        Ok(Self {
            admin,
            client: own::conninfo(&Container::inner_conninfo())?,
            launcher,
            guard: Guard::Docker(Box::new(container)),
            run: context.run.to_owned(),
            client_version,
            cores,
            per_database: BTreeMap::new(),
            notes: Vec::new(),
            far: None,
            disk: None,
            made: Made::default(),
        })
    }

    async fn external(bindir: Option<&Path>, context: &Context<'_>) -> anyhow::Result<Self> {
        let text = context.conninfo.context("no connection string for the external server")?;
        let conninfo = Conninfo::parse(text, &process_environment())?;
        let programs = programs::find(bindir, Need::Client).await?;
        Ok(Self {
            admin: conninfo.clone(),
            client: conninfo,
            launcher: Arc::new(LocalLauncher::in_folder(&programs.bindir)),
            guard: Guard::External,
            run: context.run.to_owned(),
            client_version: programs.version,
            cores: None,
            per_database: BTreeMap::new(),
            notes: Vec::new(),
            far: None,
            disk: None,
            made: Made::default(),
        })
    }

    /// Whether the server can be used as the scenario asks.
    async fn check(&mut self, spec: &ServerSpec) -> anyhow::Result<()> {
        let connection = self.admin().await?;
        let client = &connection.client;
        let major = server_major(client).await?;
        if self.client_version.major < major {
            bail!(
                "the server is PostgreSQL {major}, the client programs are {}: pg_dump and \
                 pg_restore must not be older than the server; install newer ones, or name their \
                 folder with --bindir",
                self.client_version
            );
        }
        if matches!(self.guard, Guard::External) {
            self.notes.extend(external::check_rights(client, &self.admin).await?);
            self.per_database = external::check_settings(client, &spec.settings).await?;
        }
        Ok(())
    }

    /// Whether the native engine can be run where the client programs are.
    pub async fn check_native(&self) -> anyhow::Result<()> {
        let command = CommandLine::new(Native::PROGRAM).arg("--version");
        let ran = succeed(self.launcher.as_ref(), command).await;
        ran.map(drop).context(
            "engine native cannot be run beside this server's programs: leave it out of engines, \
             or, for a container, use an image whose C library is at least as new as this \
             machine's",
        )
    }

    /// A connection for the harness's own statements.
    pub async fn admin(&self) -> anyhow::Result<Connection> {
        Ok(connect(&self.admin).await?)
    }

    /// A connection to a database of the server.
    pub async fn connect(&self, database: &str) -> anyhow::Result<Connection> {
        connect_as_stored(&self.admin.with_database(database)).await
    }

    /// A database of the server as the client programs reach it.
    pub fn target(&self, database: &str) -> Target {
        let conninfo = self.client.with_database(database);
        Target { conninfo: conninfo.to_libpq(), env: conninfo.env() }
    }

    /// The same as the programs that are measured reach it: over the scenario's network, with
    /// settings for their sessions.
    pub fn measured_target(&self, database: &str, options: Option<&str>) -> Target {
        let way = self.far.as_ref().map_or(&self.client, Far::client).with_database(database);
        let conninfo = options.map_or(way.clone(), |options| way.with_options(options));
        Target { conninfo: conninfo.to_libpq(), env: conninfo.env() }
    }

    /// Tries settings of sessions, which the server may refuse.
    pub async fn check_session(&self, options: &str) -> anyhow::Result<()> {
        connect(&self.admin.with_options(options)).await.map(drop).with_context(|| {
            format!("the server refuses the settings of [restore] session: {options}")
        })
    }

    /// The same as this machine reaches it.
    pub fn target_here(&self, database: &str) -> Target {
        let conninfo = self.admin.with_database(database);
        Target { conninfo: conninfo.to_libpq(), env: conninfo.env() }
    }

    /// How long a query that does nothing takes, where the client programs are on this machine
    /// and nothing was put in their way, which has a measurement of its own.
    async fn round_trip(&self) -> anyhow::Result<Option<Duration>> {
        let is_elsewhere = matches!(self.guard, Guard::Docker(_)) || self.far.is_some();
        if is_elsewhere {
            return Ok(None);
        }
        far::round_trip(&self.client).await.map(Some)
    }

    /// What runs the client programs.
    pub fn launcher(&self) -> Arc<dyn Launcher> {
        Arc::clone(&self.launcher)
    }

    /// Processors that it may use, where that is known.
    pub fn cores(&self) -> Option<u32> {
        self.cores
    }

    /// Version of the client programs.
    pub fn client_version(&self) -> &Version {
        &self.client_version
    }

    /// Whether it was started for this run and goes with it.
    pub fn is_ours(&self) -> bool {
        !matches!(self.guard, Guard::External)
    }

    /// Whether databases have to be noted: those of a throw-away server go
    /// with it.
    fn outlives_us(&self) -> bool {
        matches!(self.guard, Guard::External)
    }

    /// The name of a database of the run.
    pub fn database_name(&self, purpose: &str) -> String {
        format!("jobtune_{}_{purpose}", self.run)
    }

    /// The run's lease, where databases have to be noted in it.
    fn lease_for_databases<'a>(&self, lease: &'a Lease) -> Option<&'a Lease> {
        self.outlives_us().then_some(lease)
    }

    /// Makes an empty database. It is an error if it is there already: what
    /// this run did not make is never dropped.
    pub async fn create_database(&self, name: &str, lease: &Lease) -> anyhow::Result<Database> {
        self.create_database_in(name, None, lease).await
    }

    /// The same, with an encoding other than the server's own. Its locale is C,
    /// which goes with every encoding.
    async fn create_database_in(
        &self,
        name: &str,
        encoding: Option<&str>,
        lease: &Lease,
    ) -> anyhow::Result<Database> {
        let lease = self.lease_for_databases(lease);
        let made = database::create(&self.admin, name, encoding, lease).await?;
        let connection = self.admin().await?;
        let quoted = quote_identifier(name);
        for (setting, value) in &self.per_database {
            let value = quote_literal(value);
            connection
                .client
                .batch_execute(&format!("ALTER DATABASE {quoted} SET {setting} = {value}"))
                .await
                .with_context(|| format!("cannot set {setting} for database {name:?}"))?;
        }
        Ok(made)
    }

    /// Makes the empty database of a trial, which `purpose` tells from those of
    /// others. Where the scenario gives it a `name`, it is made under a name of
    /// the run and renamed, so that a database of somebody else is never taken
    /// for it.
    pub async fn create_trial_database(
        &self,
        purpose: &str,
        name: Option<&str>,
        encoding: Option<&str>,
        lease: &Lease,
    ) -> anyhow::Result<Database> {
        let own = self.database_name(purpose);
        let made = self.create_database_in(&own, encoding, lease).await?;
        match name {
            Some(name) => {
                database::rename(&self.admin, made, name, self.lease_for_databases(lease)).await
            }
            None => Ok(made),
        }
    }

    /// Refuses the name of a database that the server has already.
    pub async fn refuse_existing(&self, name: &str) -> anyhow::Result<()> {
        database::refuse_existing(&self.admin().await?.client, name).await
    }

    /// Drops a database of the run, with the connections that it still has and
    /// whatever else keeps it from being dropped.
    pub async fn drop_database(&self, database: &Database) -> anyhow::Result<()> {
        database::drop(&self.admin, database).await
    }

    /// Writes out what earlier work left in memory.
    pub async fn checkpoint(&self) -> anyhow::Result<()> {
        let connection = self.admin().await?;
        match connection.client.batch_execute("CHECKPOINT").await {
            Err(error)
                if error.code()
                    == Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE) =>
            {
                Ok(())
            }
            other => other.context("cannot make a checkpoint"),
        }
    }

    /// Starts the server again. Of an external server it can only be waited
    /// for.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        match &self.guard {
            Guard::Local(cluster) => cluster.restart().await,
            Guard::Docker(container) => {
                container.restart().await?;
                // The engine publishes another port each time.
                let admin = own::conninfo(&container.conninfo().await?)?;
                let probe = || async { connect(&admin).await.is_ok() };
                docker::wait_until_ready(container, probe).await?;
                self.admin = admin;
                self.move_away(self.far.as_ref().map(Far::network)).await
            }
            Guard::External => self.admin().await.map(drop),
        }
    }

    /// Whether the server can be restarted, for a cold cache.
    pub fn can_restart(&self) -> bool {
        !matches!(self.guard, Guard::External)
    }

    /// Whether the server answers.
    pub async fn is_alive(&self) -> bool {
        match self.admin().await {
            Ok(connection) => connection.client.simple_query("SELECT 1").await.is_ok(),
            Err(_) => false,
        }
    }

    /// The folder of the server's data, where this machine sees it.
    pub fn data_folder(&self) -> Option<std::path::PathBuf> {
        match &self.guard {
            Guard::Local(cluster) => Some(cluster.data()),
            Guard::Docker(_) | Guard::External => None,
        }
    }

    /// What is to be looked at while `archive` is restored into `database`, or
    /// made of it.
    pub async fn sampling_target(&self, database: &str, archive: &Path) -> SamplingTarget {
        let mut target = SamplingTarget {
            server: self.admin.clone(),
            database: database.to_owned(),
            data: None,
            archive: archive.to_owned(),
            first_process: FirstProcess::OfBackend,
            engine: None,
        };
        match &self.guard {
            Guard::Local(cluster) => {
                target.first_process = FirstProcess::PidFile(cluster.data().join("postmaster.pid"));
                target.data = Some(cluster.data());
            }
            Guard::Docker(container) => container.put_into(&mut target).await,
            Guard::External => {}
        }
        if let Some(disk) = &self.disk {
            target.data = Some(disk.mounted());
        }
        target
    }

    /// What its data lies on, as far as that is on this host, and what the server says of
    /// itself.
    async fn conditions(&self, client: &Client) -> anyhow::Result<Conditions> {
        let data = self.sampling_target("", Path::new("")).await.data;
        let mut found = match (&self.guard, data) {
            (Guard::Local(_), data) => conditions(data.as_deref()),
            // The limits of this process are not those of the container, which are recorded
            // as the scenario has them.
            (Guard::Docker(_), Some(data)) => Conditions {
                cpu_limit_milli: None,
                memory_limit_bytes: None,
                ..conditions(Some(&data))
            },
            (Guard::Docker(_) | Guard::External, _) => Conditions::default(),
        };
        // By way of JSON, since servers before 15 have no such column.
        let row = client
            .query_one(
                "SELECT current_setting('data_checksums', true) = 'on', \
                 to_jsonb(d) ->> 'datcollversion' \
                 FROM pg_catalog.pg_database d WHERE datname = current_database()",
                &[],
            )
            .await
            .context("cannot read what the server says of its cluster")?;
        found.data_checksums = row.get(0);
        found.collation_version = row.get(1);
        Ok(found)
    }

    /// What is recorded of it.
    pub async fn record(&self) -> anyhow::Result<ServerRecord> {
        let connection = self.admin().await?;
        let client = &connection.client;
        let version: String =
            client.query_one("SELECT current_setting('server_version')", &[]).await?.get(0);
        Ok(ServerRecord {
            provider: match &self.guard {
                Guard::Local(_) => "local",
                Guard::Docker(_) => "docker",
                Guard::External => "external",
            }
            .to_owned(),
            version,
            major: server_major(client).await?,
            client_version: self.client_version.to_string(),
            cores: self.cores,
            settings: settings(client).await?,
            notes: self.notes.clone(),
            made: self.made.clone(),
            measured_round_trip_ns: self.round_trip().await?.map(nanos),
            network: self.far.as_ref().map(Far::record).cloned(),
            disk: self.disk.as_ref().map(SlowDisk::record).cloned(),
            conditions: self.conditions(client).await?,
        })
    }
}

async fn client_version(launcher: &dyn Launcher) -> anyhow::Result<Version> {
    let said = succeed(launcher, CommandLine::new("pg_restore").arg("--version")).await?;
    let line = said.stdout.first().cloned().unwrap_or_default();
    Version::parse(&line).with_context(|| format!("pg_restore does not say its version: {line:?}"))
}

/// A text as SQL has it, whatever `standard_conforming_strings` is.
fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        return format!(" E'{}'", quoted.replace('\\', "\\\\"));
    }
    format!("'{quoted}'")
}

/// A name as SQL has it.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
