//! A resolved conninfo: where to connect, as whom, and how.

use std::fmt;
use std::path::PathBuf;

use nix::unistd::Uid;

use super::endpoint::{Address, Endpoint};
use super::environment::Environment;
use super::error::ConninfoError;
use super::origin::Origin;
use super::parse::quote;
use super::passfile::{Lookup, Passfile};
use super::settings::Settings;
use super::values::Values;
use super::warning::Warning;

/// Where to connect, as whom, and how: a conninfo merged with the service
/// files, the password file, the variables and the defaults, as libpq does.
///
/// Neither `Debug` nor `Display` shows a password.
#[derive(Clone)]
pub struct Conninfo {
    values: Values,
    endpoints: Vec<Endpoint>,
    user: String,
    database: String,
    passfile: Passfile,
    settings: Settings,
    warnings: Vec<Warning>,
}

impl Conninfo {
    /// Resolves a conninfo: `keyword=value` pairs, a URI, or the bare name of
    /// a database. An empty one stands for the surroundings alone.
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, ConninfoError> {
        let values = Values::resolve(text, environment)?;
        let user = match values.text("user").or_else(|| environment.user()) {
            Some(user) => user.to_owned(),
            None => return Err(ConninfoError::NoUser(Uid::effective().as_raw())),
        };
        let database = values.text("dbname").unwrap_or(&user).to_owned();
        let path = values.text("passfile").map(PathBuf::from);
        let (passfile, warning) = match path.or_else(|| environment.at_home(".pgpass")) {
            // Like libpq, the file is not even looked at where a password is given.
            Some(path) if values.text("password").is_none() => Passfile::read(&path),
            _ => (Passfile::default(), None),
        };
        Ok(Self {
            endpoints: Endpoint::all(&values)?,
            settings: Settings::new(&values, environment)?,
            values,
            user,
            database,
            passfile,
            warnings: warning.into_iter().collect(),
        })
    }

    /// The same servers and user, another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.values.set("dbname", name);
        name.clone_into(&mut other.database);
        other
    }

    /// The same with further `options`, behind those that it has: `-c name=value`.
    #[must_use]
    pub fn with_options(&self, options: &str) -> Self {
        let mut other = self.clone();
        let all = match &self.settings.options {
            Some(own) => format!("{own} {options}"),
            None => options.to_owned(),
        };
        other.values.set("options", &all);
        other.settings.options = Some(all);
        other
    }

    /// The servers, in the order in which they are tried.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Whether its servers run on this host for certain: all are reached by a
    /// Unix socket.
    pub fn is_of_this_host(&self) -> bool {
        self.endpoints.iter().all(|endpoint| matches!(endpoint.address, Address::Socket(_)))
    }

    /// The name of the user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// How to connect.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What was taken otherwise than its author may expect.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The password for one of the servers: the given one, or what the
    /// password file has for the server, the database and the user.
    pub(super) fn password(&self, endpoint: &Endpoint) -> Option<String> {
        let given = self.values.text("password").map(str::to_owned);
        given.or_else(|| {
            self.passfile.password(Lookup {
                host: &endpoint.password_host(),
                port: endpoint.port,
                database: &self.database,
                user: &self.user,
            })
        })
    }

    /// A conninfo for child programs, to be given together with
    /// [`env`](Self::env). It has no password, for it shows in process lists.
    ///
    /// What the conninfo or a service set is written out; what a variable set
    /// is left to the child's variables, for a libpq refuses keywords that are
    /// newer than itself, but no variables.
    pub fn to_libpq(&self) -> String {
        let hosts = self.endpoints.iter().map(Endpoint::host_text).collect::<Vec<_>>().join(",");
        let ports: Vec<_> = self.endpoints.iter().map(|one| one.port.to_string()).collect();
        let mut pairs = vec![
            ("host", hosts),
            ("port", ports.join(",")),
            ("user", self.user.clone()),
            ("dbname", self.database.clone()),
        ];
        if let Some(addresses) = self.values.text("hostaddr") {
            pairs.push(("hostaddr", addresses.to_owned()));
        }
        for (keyword, text, origin) in self.values.iter() {
            let own = matches!(origin, Origin::Conninfo | Origin::Service);
            let said = pairs.iter().any(|pair| pair.0 == keyword.name());
            if own && !said && !keyword.is_secret() && keyword.name() != "service" {
                pairs.push((keyword.name(), text.to_owned()));
            }
        }
        let pairs = pairs.iter().filter(|pair| pair.0 != "host" || !pair.1.is_empty());
        pairs.map(|(name, text)| format!("{name}={}", quote(text))).collect::<Vec<_>>().join(" ")
    }

    /// Variables to set for child programs, the password among them.
    ///
    /// A password from a password file is not repeated: the child finds the
    /// file itself, by `PGPASSFILE`.
    pub fn env(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (keyword, text, origin) in self.values.iter() {
            let name = match origin {
                Origin::Variable("PGREQUIRESSL") => Some("PGSSLMODE"),
                // `to_libpq` says these.
                Origin::Variable("PGHOST" | "PGPORT" | "PGHOSTADDR" | "PGUSER" | "PGDATABASE") => {
                    None
                }
                Origin::Variable("PGSERVICE") => None,
                Origin::Variable(name) => Some(name),
                Origin::Conninfo | Origin::Service if keyword.name() == "password" => {
                    Some("PGPASSWORD")
                }
                Origin::Conninfo | Origin::Service | Origin::Default => None,
            };
            pairs.extend(name.map(|name| (name.to_owned(), text.to_owned())));
        }
        if self.values.text("passfile").is_none()
            && let Some(path) = self.passfile.path()
        {
            pairs.push(("PGPASSFILE".to_owned(), path.display().to_string()));
        }
        pairs
    }

    /// Variables to take away from child programs that inherit this process's:
    /// a service there would add parameters behind the conninfo's back, and a
    /// password there would be sent where none is meant to be.
    pub fn env_removed(&self) -> Vec<&'static str> {
        let set = self.env();
        ["PGSERVICE", "PGPASSWORD", "PGREQUIRESSL"]
            .into_iter()
            .filter(|name| !set.iter().any(|pair| pair.0 == *name))
            .collect()
    }

    /// Which database this is, in a form that stays the same from run to run:
    /// hosts, ports, user and database, each quoted.
    pub fn identity(&self) -> String {
        let list = |part: &dyn Fn(&Endpoint) -> String| {
            quote(&self.endpoints.iter().map(part).collect::<Vec<_>>().join(","))
        };
        let host = list(&|endpoint| match &endpoint.address {
            Address::Numeric { name: None, address } => address.to_string(),
            Address::Numeric { name: Some(name), address } => format!("{name}({address})"),
            Address::Socket(_) | Address::Name(_) => endpoint.host_text(),
        });
        let port = list(&|endpoint| endpoint.port.to_string());
        let (user, database) = (quote(&self.user), quote(&self.database));
        format!("host={host} port={port} user={user} dbname={database}")
    }
}

impl fmt::Display for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.identity())
    }
}

impl fmt::Debug for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conninfo")
            .field("values", &self.values)
            .field("endpoints", &self.endpoints)
            .field("user", &self.user)
            .field("database", &self.database)
            .field("passfile", &self.passfile)
            .finish_non_exhaustive()
    }
}
