//! A throw-away cluster with users of every kind.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::authority::Authority;
use crate::programs::{as_server, bindir, command, is_root, run};

/// Who may come in, and how. One user for each way.
const HBA: &str = "\
local   all  postgres   trust
local   all  alice      scram-sha-256
local   all  all        trust
hostssl all  carol      all cert
hostssl all  certpw     all scram-sha-256 clientcert=verify-ca
hostssl all  tlsonly    all trust
hostnossl all plainonly all trust
host    all  alice      all scram-sha-256
host    all  bob        all md5
host    all  dora       all password
host    all  trusty,reader all trust
";

/// The users and databases.
const SETUP: &str = "
SET password_encryption = 'scram-sha-256';
CREATE ROLE alice LOGIN PASSWORD 'al:ice''s \\secret';
CREATE ROLE dora LOGIN PASSWORD 'dora';
CREATE ROLE certpw LOGIN PASSWORD 'certpw';
SET password_encryption = 'md5';
CREATE ROLE bob LOGIN PASSWORD 'bob';
CREATE ROLE carol LOGIN; CREATE ROLE tlsonly LOGIN; CREATE ROLE plainonly LOGIN;
CREATE ROLE trusty LOGIN; CREATE ROLE reader LOGIN;
ALTER ROLE reader SET default_transaction_read_only = on;
CREATE DATABASE shop;
CREATE DATABASE \"odd '\\ name\";
CREATE DATABASE closed; REVOKE CONNECT ON DATABASE closed FROM PUBLIC;
";

/// A running server, with its certificates and the homes of its users.
pub(crate) struct Cluster {
    folder: TempDir,
    bindir: PathBuf,
    port: u16,
    pub authority: Authority,
}

impl Cluster {
    /// Starts one, or says why not; under CI there is no why not.
    pub(crate) fn start() -> Option<Self> {
        let Some(bindir) = bindir() else {
            assert!(std::env::var_os("CI").is_none(), "no PostgreSQL server programs found");
            say("skipped: tests/connection: no PostgreSQL server programs found");
            return None;
        };
        // Short, since the path of a socket may have 107 bytes at most.
        let folder = tempfile::Builder::new().prefix("jtc").tempdir_in("/tmp").unwrap();
        let certificates = folder.path().join("certs");
        std::fs::create_dir(&certificates).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let authority = Authority::new(&certificates);
        let cluster = Self { folder, bindir, port, authority };
        cluster.initialise();
        Some(cluster)
    }

    fn initialise(&self) {
        let server = self.path("server");
        std::fs::create_dir(&server).unwrap();
        run(command("chmod").arg("711").arg(self.folder.path()));
        if is_root() {
            run(command("chown").arg("postgres").arg(&server));
        }
        let data = self.path("server/data");
        run(as_server(&self.bindir.join("initdb"))
            .args(["-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C", "-D"])
            .arg(&data));
        let configuration = format!(
            "port={}\nlisten_addresses='127.0.0.1,::1'\nunix_socket_directories='{}'\nfsync=off\n\
             ssl_ca_file='ca.crt'\nssl=off\nmax_connections=20\n",
            self.port,
            server.display()
        );
        append(&data.join("postgresql.conf"), &configuration);
        std::fs::write(data.join("pg_hba.conf"), HBA).unwrap();
        self.install("ca.crt", "ca.crt");
        self.pg_ctl("start");
        let socket = server.display();
        let superuser = format!("host={socket} port={} user=postgres dbname=postgres", self.port);
        std::fs::write(self.path("setup.sql"), SETUP).unwrap();
        run(command(self.program("psql"))
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &superuser, "-f"])
            .arg(self.path("setup.sql")));
    }

    /// Restarts the server with that certificate, or without TLS.
    pub(crate) fn present(&self, certificate: Option<&str>) {
        let data = self.path("server/data");
        let ssl = if certificate.is_some() { "on" } else { "off" };
        append(&data.join("postgresql.conf"), &format!("ssl={ssl}\n"));
        if let Some(name) = certificate {
            self.install(&format!("{name}.crt"), "server.crt");
            self.install(&format!("{name}.key"), "server.key");
        }
        self.pg_ctl("restart");
    }

    /// Copies a file of the authority into the server's folder.
    fn install(&self, from: &str, to: &str) {
        let to = self.path("server/data").join(to);
        std::fs::copy(self.authority.path(from), &to).unwrap();
        run(command("chmod").arg("600").arg(&to));
        if is_root() {
            run(command("chown").arg("postgres").arg(&to));
        }
    }

    fn pg_ctl(&self, action: &str) {
        // Its log goes to a file: a pipe would stay open with the server.
        run(as_server(&self.bindir.join("pg_ctl"))
            .args(["-w", "-s", "-m", "immediate", "-D"])
            .arg(self.path("server/data"))
            .arg("-l")
            .arg(self.path("server/log"))
            .arg(action));
    }

    /// A path within the folder of the cluster.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A client program of the same version.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bindir.join(name)
    }

    /// Fills in `{port}`, `{dead}` (a port without a server), `{socket}`,
    /// `{certs}` and `{home}`.
    pub(crate) fn fill(&self, text: &str) -> String {
        text.replace("{port}", &self.port.to_string())
            .replace("{dead}", "1")
            .replace("{socket}", &self.path("server").display().to_string())
            .replace("{certs}", &self.path("certs").display().to_string())
            .replace("{home}", &self.path("home").display().to_string())
    }

    /// Writes a file that only its owner may read, with `fill`ed text.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, self.fill(text)).unwrap();
        run(command("chmod").arg("600").arg(&path));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stop = as_server(&self.bindir.join("pg_ctl"))
            .args(["-w", "-s", "-m", "immediate", "stop", "-D"])
            .arg(self.path("server/data"))
            .output();
        if let Err(error) = stop {
            say(&format!("cannot stop the test cluster: {error}"));
        }
    }
}

fn append(path: &Path, text: &str) {
    let before = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, before + text).unwrap();
}

/// Says what a passing test would hide.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}
