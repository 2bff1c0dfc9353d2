//! A throw-away cluster from the PostgreSQL programs on this machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use restore_core::launch::{CommandLine, succeed};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use tokio::time::{Instant, sleep};

use super::far::Ends;
use super::programs::Programs;
use crate::lease::{Lease, Resource};
use crate::process::{LocalLauncher, RunAs};

/// The superuser of the cluster.
pub(super) const USER: &str = "jobtune";

/// The port in the name of its socket.
const PORT: u16 = 5432;

/// The longest path of a Unix socket that every system takes: 104 bytes with
/// the final zero on macOS, less `/.s.PGSQL.5432`.
const SOCKET_FOLDER_MAX: usize = 104 - 1 - "/.s.PGSQL.5432".len();

/// How long what is left of a server that died may stand in the way of the next
/// one: a backend notices at the latest when its statement ends.
const LEAVING: Duration = Duration::from_secs(120);

/// How many lines of the server's log an error quotes.
const LOG_LINES: usize = 12;

/// A running cluster.
#[derive(Debug)]
pub(super) struct LocalCluster {
    programs: Programs,
    folders: Folders,
    run_as: Option<RunAs>,
}

/// Where a cluster lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Holds the data directory and the server's log.
    pub root: PathBuf,
    /// Holds the socket; the same where its path is short enough.
    pub socket: PathBuf,
}

impl Folders {
    /// Below `parent`, under a name of its own.
    fn choose(parent: &Path, name: &str) -> anyhow::Result<Self> {
        let root = parent.join(name);
        let socket = [parent, &std::env::temp_dir(), Path::new("/tmp")]
            .into_iter()
            .map(|parent| parent.join(name))
            .find(|path| path.as_os_str().len() <= SOCKET_FOLDER_MAX)
            .context("no temporary folder has a path short enough for a Unix socket")?;
        Ok(Self { root, socket })
    }

    fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    fn log(&self) -> PathBuf {
        self.root.join("server.log")
    }
}

impl LocalCluster {
    /// Makes a cluster below `parent` and starts it.
    pub(super) async fn start(
        programs: Programs,
        parent: Option<&Path>,
        name: &str,
        settings: &BTreeMap<String, String>,
        lease: &Lease,
    ) -> anyhow::Result<Self> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let folders = Folders::choose(&parent, name)?;
        lease.note(&Resource::Cluster {
            data: folders.root.clone(),
            socket: folders.socket.clone(),
        })?;
        let cluster = Self { programs, folders, run_as: RunAs::instead_of_root() };
        cluster.make(settings).await?;
        Ok(cluster)
    }

    async fn make(&self, settings: &BTreeMap<String, String>) -> anyhow::Result<()> {
        self.make_folder(&self.folders.root)?;
        if self.folders.socket != self.folders.root {
            self.make_folder(&self.folders.socket)?;
        }
        let initdb = CommandLine::new("initdb")
            .arg(format!("--pgdata={}", self.folders.data().display()))
            .arg(format!("--username={USER}"))
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        succeed(&self.server_launcher(), initdb)
            .await
            .with_context(|| format!("cannot make a cluster in {}", self.folders.root.display()))?;
        self.write_settings(settings)?;
        self.pg_ctl("start").await
    }

    fn make_folder(&self, path: &Path) -> anyhow::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        // Closed to others: whoever can open the socket is superuser.
        fs::DirBuilder::new()
            .mode(0o700)
            .create(path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        if let Some(user) = &self.run_as {
            user.own(path)
                .with_context(|| format!("cannot give {} to {}", path.display(), user.name))?;
        }
        Ok(())
    }

    fn write_settings(&self, settings: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let path = self.folders.data().join("postgresql.conf");
        let mut text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        text.push_str("\n# Settings of the scenario\n");
        let socket = self.folders.socket.to_string_lossy();
        let own = [("listen_addresses", ""), ("unix_socket_directories", &*socket)];
        let scenario = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in scenario.chain(own) {
            // Writing into memory does not fail.
            let _ = writeln!(text, "{name} = '{}'", value.replace('\'', "''"));
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    async fn pg_ctl(&self, action: &str) -> anyhow::Result<()> {
        let command = CommandLine::new("pg_ctl")
            .arg(action)
            .arg(format!("--pgdata={}", self.folders.data().display()))
            .arg(format!("--log={}", self.folders.log().display()))
            .args(["--wait", "--timeout=300", "--silent", "--mode=fast"]);
        if let Err(error) = succeed(&self.server_launcher(), command).await {
            bail!("the server does not {action}: {error}\n{}", self.log_tail());
        }
        Ok(())
    }

    fn log_tail(&self) -> String {
        let log = fs::read(self.folders.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    fn server_launcher(&self) -> LocalLauncher {
        LocalLauncher::in_folder(&self.programs.bindir).as_user(self.run_as.clone())
    }

    /// The programs that it runs on.
    pub(super) fn programs(&self) -> &Programs {
        &self.programs
    }

    /// How to reach it, without the database.
    pub(super) fn conninfo(&self) -> String {
        let socket =
            self.folders.socket.to_string_lossy().replace('\\', "\\\\").replace('\'', "\\'");
        format!("host='{socket}' port={PORT} user={USER} dbname=postgres sslmode=disable")
    }

    /// Where a proxy before it stands: in the folder of its socket, which is closed to other
    /// users as well.
    pub(super) fn ends(&self) -> Ends {
        Ends::Unix {
            folder: self.folders.socket.clone(),
            user: USER,
            server: PORT,
            proxy: PORT + 1,
        }
    }

    /// Starts it again, whether it runs or has died.
    pub(super) async fn restart(&self) -> anyhow::Result<()> {
        // A server that was killed takes a moment to be gone: until its parent
        // has asked for its status, pg_ctl takes it for a live one, and its
        // backends hold the shared memory until they notice.
        let deadline = Instant::now() + LEAVING;
        loop {
            let is_alive = postmaster(&self.folders.data()).is_some();
            match self.pg_ctl(if is_alive { "restart" } else { "start" }).await {
                Err(_) if Instant::now() < deadline => sleep(Duration::from_millis(250)).await,
                ended => return ended,
            }
        }
    }

    /// Where its data is.
    pub(super) fn data(&self) -> PathBuf {
        self.folders.data()
    }
}

/// Stops the server of a cluster, if it runs, and removes its folders. Works
/// without PostgreSQL's programs and after any kind of death.
pub async fn remove(folders: &Folders) -> anyhow::Result<()> {
    if let Some(postmaster) = postmaster(&folders.data()) {
        // SIGQUIT is the immediate shutdown: nothing here is to be kept.
        for signal in [Signal::SIGQUIT, Signal::SIGKILL] {
            let _ = kill(postmaster, signal);
            if is_gone(postmaster).await {
                break;
            }
        }
    }
    for folder in [&folders.root, &folders.socket] {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("cannot remove the cluster {}", folder.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The server process of a data directory, if it is alive. The process that
/// has its number now may be another one: its command line tells.
fn postmaster(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid: u32 = text.lines().next()?.trim().parse().ok()?;
    let mut system = System::new();
    let pid_of_system = sysinfo::Pid::from_u32(pid);
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid_of_system]),
        true,
        ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always),
    );
    let process = system.process(pid_of_system)?;
    let data = data.to_string_lossy();
    let is_ours = process.cmd().iter().any(|arg| arg.to_string_lossy().contains(&*data));
    is_ours.then_some(Pid::from_raw(i32::try_from(pid).ok()?))
}

async fn is_gone(process: Pid) -> bool {
    for _ in 0..200 {
        if kill(process, None).is_err() {
            return true;
        }
        sleep(Duration::from_millis(25)).await;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_have_short_paths() {
        let near = Folders::choose(Path::new("/tmp"), "jobtune-x").unwrap();
        assert_eq!(near.socket, near.root);
        let deep = PathBuf::from(format!("/{}", "d".repeat(200)));
        let far = Folders::choose(&deep, "jobtune-x").unwrap();
        assert!(far.root.starts_with(&deep) && !far.socket.starts_with(&deep));
    }

    #[tokio::test]
    async fn removing_what_is_not_there_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders { root: folder.path().join("a"), socket: folder.path().join("b") };
        remove(&folders).await.unwrap();
    }
}
