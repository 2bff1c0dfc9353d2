//! The connection parameters that libpq knows, and what each one means here.
//!
//! The list follows `PQconninfoOptions` of libpq's `fe-connect.c` up to
//! PostgreSQL 17. Libraries older than a parameter refuse it, and so does a
//! child program that is linked with one.

use std::fmt;

/// One connection parameter, by its place in the list of all of them.
#[derive(Clone, Copy)]
pub struct Keyword(&'static Spec);

/// What libpq's table says of a parameter.
struct Spec {
    name: &'static str,
    env: Option<&'static str>,
    default: Option<&'static str>,
}

const fn spec(name: &'static str, env: &'static str) -> Spec {
    Spec { name, env: if env.is_empty() { None } else { Some(env) }, default: None }
}

const fn defaulted(name: &'static str, env: &'static str, default: &'static str) -> Spec {
    Spec { name, env: Some(env), default: Some(default) }
}

/// In libpq's order.
static ALL: [Spec; 41] = [
    spec("service", "PGSERVICE"),
    spec("user", "PGUSER"),
    spec("password", "PGPASSWORD"),
    spec("passfile", "PGPASSFILE"),
    defaulted("channel_binding", "PGCHANNELBINDING", "prefer"),
    spec("connect_timeout", "PGCONNECT_TIMEOUT"),
    spec("dbname", "PGDATABASE"),
    spec("host", "PGHOST"),
    spec("hostaddr", "PGHOSTADDR"),
    defaulted("port", "PGPORT", "5432"),
    spec("client_encoding", "PGCLIENTENCODING"),
    spec("options", "PGOPTIONS"),
    spec("application_name", "PGAPPNAME"),
    spec("fallback_application_name", ""),
    spec("keepalives", ""),
    spec("keepalives_idle", ""),
    spec("keepalives_interval", ""),
    spec("keepalives_count", ""),
    spec("tcp_user_timeout", ""),
    defaulted("sslmode", "PGSSLMODE", "prefer"),
    defaulted("sslnegotiation", "PGSSLNEGOTIATION", "postgres"),
    spec("sslcompression", "PGSSLCOMPRESSION"),
    spec("sslcert", "PGSSLCERT"),
    spec("sslkey", "PGSSLKEY"),
    defaulted("sslcertmode", "PGSSLCERTMODE", "allow"),
    spec("sslpassword", ""),
    spec("sslrootcert", "PGSSLROOTCERT"),
    spec("sslcrl", "PGSSLCRL"),
    spec("sslcrldir", "PGSSLCRLDIR"),
    defaulted("sslsni", "PGSSLSNI", "1"),
    spec("requirepeer", "PGREQUIREPEER"),
    spec("require_auth", "PGREQUIREAUTH"),
    defaulted("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", "TLSv1.2"),
    spec("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    defaulted("gssencmode", "PGGSSENCMODE", "prefer"),
    spec("krbsrvname", "PGKRBSRVNAME"),
    spec("gsslib", "PGGSSLIB"),
    spec("gssdelegation", "PGGSSDELEGATION"),
    spec("replication", ""),
    defaulted("target_session_attrs", "PGTARGETSESSIONATTRS", "any"),
    defaulted("load_balance_hosts", "PGLOADBALANCEHOSTS", "disable"),
];

impl Keyword {
    /// The parameter of that name; names are case-sensitive, as in libpq.
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|spec| spec.name == name).map(Keyword)
    }

    /// The parameter and the value that `name=value` stands for.
    ///
    /// They are what was written but for `requiressl`, which libpq's
    /// `conninfo_storeval` still turns into `sslmode`.
    pub fn assigned(name: &str, value: String) -> Option<(Self, String)> {
        if name == "requiressl" {
            let mode = if value.starts_with('1') { "require" } else { "prefer" };
            return Self::named("sslmode").map(|keyword| (keyword, mode.to_owned()));
        }
        Self::named(name).map(|keyword| (keyword, value))
    }

    /// Every parameter, in libpq's order.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(Keyword)
    }

    /// Its name in a conninfo.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The environment variable that gives it where nothing else does.
    pub fn env(self) -> Option<&'static str> {
        self.0.env
    }

    /// libpq's compiled-in value for it.
    pub fn default_value(self) -> Option<&'static str> {
        self.0.default
    }

    /// Whether its value must never be shown: `dispchar` is `*` in libpq.
    pub fn is_secret(self) -> bool {
        matches!(self.name(), "password" | "sslpassword")
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Keyword {}

impl PartialOrd for Keyword {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Keyword {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name().cmp(other.name())
    }
}

impl fmt::Debug for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_variables_are_unique() {
        let names: std::collections::BTreeSet<_> = Keyword::all().map(Keyword::name).collect();
        assert_eq!(names.len(), ALL.len());
        let variables: Vec<_> = Keyword::all().filter_map(Keyword::env).collect();
        let distinct: std::collections::BTreeSet<_> = variables.iter().collect();
        assert_eq!(distinct.len(), variables.len());
    }

    #[test]
    fn names_are_case_sensitive() {
        assert_eq!(Keyword::named("host").map(Keyword::env), Some(Some("PGHOST")));
        assert_eq!(Keyword::named("Host"), None);
    }
}
