//! The servers that a conninfo names, in its order.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::error::ConninfoError;
use super::values::Values;

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// By the Unix socket `.s.PGSQL.PORT` in this folder.
    Socket(PathBuf),
    /// By a name (or an address written as one) that is to be looked up.
    Name(String),
    /// By an address (`hostaddr`), with the name for certificates if given.
    Numeric {
        /// `host`.
        name: Option<String>,
        /// `hostaddr`.
        address: IpAddr,
    },
}

/// One server of a conninfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// How it is reached.
    pub address: Address,
    /// Its port, also for a socket.
    pub port: u16,
}

/// Where packagers put the socket, the default of Debian's and Red Hat's libpq
/// first, of PostgreSQL's own build last. The folder is compiled into libpq
/// and cannot be asked of it.
const SOCKET_FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// The folder with a socket for that port, or else the first one that exists.
fn default_socket_folder(port: u16) -> &'static Path {
    let folders = || SOCKET_FOLDERS.iter().map(Path::new);
    folders()
        .find(|folder| folder.join(format!(".s.PGSQL.{port}")).exists())
        .or_else(|| folders().find(|folder| folder.is_dir()))
        .unwrap_or(Path::new("/tmp"))
}

impl Endpoint {
    /// The servers of a conninfo: at least one.
    ///
    /// `host`, `hostaddr` and `port` are lists with commas; an empty element
    /// is the default (`pqConnectOptions2` in libpq).
    pub fn all(values: &Values) -> Result<Vec<Self>, ConninfoError> {
        let list = |name| values.text(name).map(|text| text.split(',').collect::<Vec<_>>());
        let (hosts, addresses) = (list("host"), list("hostaddr"));
        let count = addresses.as_ref().or(hosts.as_ref()).map_or(1, Vec::len);
        let ports = list("port").unwrap_or_else(|| vec![""]);
        if let Some(hosts) = hosts.as_ref().filter(|hosts| hosts.len() != count) {
            return Err(ConninfoError::Lists { what: "host", given: hosts.len(), hosts: count });
        }
        if ports.len() != 1 && ports.len() != count {
            return Err(ConninfoError::Lists { what: "port", given: ports.len(), hosts: count });
        }
        let element = |list: &Option<Vec<&'_ str>>, index: usize| -> String {
            list.as_ref().and_then(|list| list.get(index)).map_or("", |text| text).to_owned()
        };
        (0..count)
            .map(|index| {
                let port = ports.get(index).or(ports.first()).copied().unwrap_or("");
                let (host, address) = (element(&hosts, index), element(&addresses, index));
                Self::one(values, host, &address, port)
            })
            .collect()
    }

    fn one(
        values: &Values,
        host: String,
        address: &str,
        port: &str,
    ) -> Result<Self, ConninfoError> {
        let port = match port.trim_ascii() {
            "" => 5432,
            text => text
                .parse()
                .ok()
                .filter(|&port| port > 0)
                .ok_or_else(|| values.wrong("port", "a number from 1 to 65535"))?,
        };
        let address = if !address.is_empty() {
            let address =
                address.parse().map_err(|_| values.wrong("hostaddr", "an IPv4 or IPv6 address"))?;
            Address::Numeric { name: Some(host).filter(|host| !host.is_empty()), address }
        } else if host.starts_with('/') {
            Address::Socket(host.into())
        } else if host.starts_with('@') {
            return Err(ConninfoError::Unsupported {
                keyword: "host",
                text: host,
                what_to_do: "abstract sockets are not used here; name a folder or a host",
            });
        } else if host.is_empty() {
            Address::Socket(default_socket_folder(port).to_owned())
        } else {
            Address::Name(host)
        };
        Ok(Self { address, port })
    }

    /// What `host` was, as the certificate must name it.
    pub fn name(&self) -> Option<&str> {
        match &self.address {
            Address::Socket(_) => None,
            Address::Name(name) => Some(name),
            Address::Numeric { name, .. } => name.as_deref(),
        }
    }

    /// What a password file calls it: the default socket folder is `localhost`.
    pub fn password_host(&self) -> String {
        match &self.address {
            Address::Socket(folder) if folder == default_socket_folder(self.port) => {
                "localhost".to_owned()
            }
            Address::Socket(folder) => folder.display().to_string(),
            Address::Name(name) => name.clone(),
            Address::Numeric { name, address } => {
                name.clone().unwrap_or_else(|| address.to_string())
            }
        }
    }

    /// What stands for it in a list of hosts.
    pub fn host_text(&self) -> String {
        match &self.address {
            Address::Socket(folder) => folder.display().to_string(),
            Address::Name(name) => name.clone(),
            Address::Numeric { name, .. } => name.clone().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match &self.address {
            Address::Socket(folder) => write!(f, "socket {}/.s.PGSQL.{port}", folder.display()),
            Address::Name(name) => write!(f, "host {name}, port {port}"),
            Address::Numeric { name: None, address } => write!(f, "host {address}, port {port}"),
            Address::Numeric { name: Some(name), address } => {
                write!(f, "host {name} ({address}), port {port}")
            }
        }
    }
}
