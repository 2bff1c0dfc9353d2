//! Parameters by their meaning: the texts of a conninfo, checked and typed.

use std::path::PathBuf;
use std::time::Duration;

use super::environment::Environment;
use super::error::ConninfoError;
use super::values::Values;

/// How much TLS is asked for, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// Never.
    Disable,
    /// Only if the server refuses without.
    Allow,
    /// If the server can.
    Prefer,
    /// Always; verified only if there is a file of root certificates.
    Require,
    /// Always, by a certificate of a trusted authority.
    VerifyCa,
    /// Likewise, and issued for the host's name.
    VerifyFull,
}

/// What may be encrypted before the first byte of PostgreSQL's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Negotiation {
    /// The server is asked whether it can do TLS.
    Postgres,
    /// TLS from the first byte on (PostgreSQL 17).
    Direct,
}

/// Which server of several will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetSession {
    /// Every one.
    Any,
    /// One whose transactions may write by default.
    ReadWrite,
    /// One whose transactions may not.
    ReadOnly,
    /// One that is not in recovery.
    Primary,
    /// One that is.
    Standby,
    /// One in recovery if there is one, else any.
    PreferStandby,
}

/// Whether SCRAM is tied to the TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// If the server can.
    Prefer,
    /// Always.
    Require,
}

/// Who may sign a server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootCertificates {
    /// Those that the operating system trusts.
    System,
    /// Those in a file; `given` says that a user named it.
    File {
        /// The file, which need not exist.
        path: PathBuf,
        /// Named by a user, not by default.
        given: bool,
    },
    /// No file was named and there is no home folder to look in.
    Nowhere,
}

/// A version of TLS that both libpq and this program can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    V12,
    /// TLS 1.3.
    V13,
}

/// Everything about TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// `sslmode`.
    pub mode: SslMode,
    /// `sslnegotiation`.
    pub negotiation: Negotiation,
    /// `sslrootcert`.
    pub roots: RootCertificates,
    /// `sslcert`, with whether a user named it; `None` under
    /// `sslcertmode=disable`.
    pub certificate: Option<(PathBuf, bool)>,
    /// `sslkey`.
    pub key: Option<PathBuf>,
    /// `sslcrl`, with whether a user named it.
    pub crl: Option<(PathBuf, bool)>,
    /// `sslcrldir`.
    pub crl_folder: Option<PathBuf>,
    /// `sslsni`.
    pub server_name_indication: bool,
    /// `ssl_min_protocol_version`, at least TLS 1.2.
    pub oldest: TlsVersion,
    /// `ssl_max_protocol_version`.
    pub newest: TlsVersion,
}

/// How long an idle TCP connection goes unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keepalives {
    /// `keepalives`.
    pub enabled: bool,
    /// `keepalives_idle`.
    pub idle: Option<Duration>,
    /// `keepalives_interval`.
    pub interval: Option<Duration>,
    /// `keepalives_count`.
    pub count: Option<u32>,
    /// `tcp_user_timeout`.
    pub user_timeout: Option<Duration>,
}

/// The parameters that say how to connect, rather than where and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The TLS parameters.
    pub tls: TlsSettings,
    /// `channel_binding`.
    pub channel_binding: ChannelBinding,
    /// `target_session_attrs`.
    pub target: TargetSession,
    /// `load_balance_hosts=random`.
    pub random_order: bool,
    /// `connect_timeout`, per host and address; `None` waits for ever.
    pub timeout: Option<Duration>,
    /// `keepalives` and its kin.
    pub keepalives: Keepalives,
    /// `application_name`, or `jobtune`.
    pub application_name: String,
    /// `options`.
    pub options: Option<String>,
}

impl Settings {
    /// Checks and types the texts.
    pub fn new(values: &Values, environment: &Environment) -> Result<Self, ConninfoError> {
        refuse_unsupported(values)?;
        let name = values.text("application_name");
        let name = name.or_else(|| values.text("fallback_application_name"));
        Ok(Self {
            tls: tls(values, environment)?,
            channel_binding: values.choice(
                "channel_binding",
                &[
                    ("disable", ChannelBinding::Disable),
                    ("prefer", ChannelBinding::Prefer),
                    ("require", ChannelBinding::Require),
                ],
            )?,
            target: values.choice(
                "target_session_attrs",
                &[
                    ("any", TargetSession::Any),
                    ("read-write", TargetSession::ReadWrite),
                    ("read-only", TargetSession::ReadOnly),
                    ("primary", TargetSession::Primary),
                    ("standby", TargetSession::Standby),
                    ("prefer-standby", TargetSession::PreferStandby),
                ],
            )?,
            random_order: values
                .choice("load_balance_hosts", &[("disable", false), ("random", true)])?,
            timeout: values.positive("connect_timeout")?.map(Duration::from_secs),
            keepalives: Keepalives {
                enabled: values.integer("keepalives")?.is_none_or(|value| value != 0),
                idle: values.positive("keepalives_idle")?.map(Duration::from_secs),
                interval: values.positive("keepalives_interval")?.map(Duration::from_secs),
                count: values.positive("keepalives_count")?.map(|count| count as u32),
                user_timeout: values.positive("tcp_user_timeout")?.map(Duration::from_millis),
            },
            application_name: name.unwrap_or("jobtune").to_owned(),
            options: values.text("options").map(str::to_owned),
        })
    }
}

fn tls(values: &Values, environment: &Environment) -> Result<TlsSettings, ConninfoError> {
    let at_home = |name: &str| environment.at_home(format!(".postgresql/{name}"));
    let given = |name: &str| values.text(name).map(|path| (PathBuf::from(path), true));
    let or_home = |name: &str, file: &str| given(name).or_else(|| Some((at_home(file)?, false)));
    let roots = match (values.text("sslrootcert"), at_home("root.crt")) {
        (Some("system"), _) => RootCertificates::System,
        (Some(path), _) => RootCertificates::File { path: path.into(), given: true },
        (None, Some(path)) => RootCertificates::File { path, given: false },
        (None, None) => RootCertificates::Nowhere,
    };
    let offers_certificate =
        values.choice("sslcertmode", &[("disable", false), ("allow", true), ("require", true)])?;
    let crl_folder = values.text("sslcrldir").map(PathBuf::from);
    // libpq looks for the list in the home folder only if neither is given.
    let crl = if crl_folder.is_some() { given("sslcrl") } else { or_home("sslcrl", "root.crl") };
    let tls = TlsSettings {
        mode: ssl_mode(values)?,
        negotiation: values.choice(
            "sslnegotiation",
            &[("postgres", Negotiation::Postgres), ("direct", Negotiation::Direct)],
        )?,
        roots,
        certificate: or_home("sslcert", "postgresql.crt").filter(|_| offers_certificate),
        key: or_home("sslkey", "postgresql.key").map(|key| key.0),
        crl,
        crl_folder,
        server_name_indication: values.text("sslsni").is_some_and(|sni| sni.starts_with('1')),
        oldest: tls_version(values, "ssl_min_protocol_version")?.unwrap_or(TlsVersion::V12),
        newest: tls_version(values, "ssl_max_protocol_version")?.unwrap_or(TlsVersion::V13),
    };
    consistent(&tls)?;
    Ok(tls)
}

/// The combinations that libpq refuses.
fn consistent(tls: &TlsSettings) -> Result<(), ConninfoError> {
    if tls.roots == RootCertificates::System && tls.mode != SslMode::VerifyFull {
        return Err(ConninfoError::Conflict(
            "sslrootcert=system trusts every public authority, so it needs \
             sslmode=verify-full; a weaker sslmode is refused",
        ));
    }
    if tls.negotiation == Negotiation::Direct && tls.mode < SslMode::Require {
        return Err(ConninfoError::Conflict(
            "sslnegotiation=direct needs sslmode=require, verify-ca or verify-full; \
             a weaker sslmode is refused",
        ));
    }
    if tls.oldest > tls.newest {
        return Err(ConninfoError::Conflict(
            "ssl_min_protocol_version is above ssl_max_protocol_version; swap them",
        ));
    }
    Ok(())
}

fn ssl_mode(values: &Values) -> Result<SslMode, ConninfoError> {
    // With the system's authorities, libpq's default is the strongest mode.
    if values.is_default("sslmode") && values.text("sslrootcert") == Some("system") {
        return Ok(SslMode::VerifyFull);
    }
    values.choice(
        "sslmode",
        &[
            ("disable", SslMode::Disable),
            ("allow", SslMode::Allow),
            ("prefer", SslMode::Prefer),
            ("require", SslMode::Require),
            ("verify-ca", SslMode::VerifyCa),
            ("verify-full", SslMode::VerifyFull),
        ],
    )
}

/// A bound on the TLS version; libpq takes the names in any case.
fn tls_version(values: &Values, name: &'static str) -> Result<Option<TlsVersion>, ConninfoError> {
    let Some(text) = values.text(name) else { return Ok(None) };
    match text.to_ascii_lowercase().as_str() {
        // As a lower bound they say nothing: older versions than 1.2 are
        // never spoken here.
        "tlsv1" | "tlsv1.1" if name == "ssl_min_protocol_version" => Ok(Some(TlsVersion::V12)),
        "tlsv1" | "tlsv1.1" => Err(ConninfoError::Unsupported {
            keyword: name,
            text: text.to_owned(),
            what_to_do: "TLS 1.0 and 1.1 are broken and not spoken here; allow TLSv1.2",
        }),
        "tlsv1.2" => Ok(Some(TlsVersion::V12)),
        "tlsv1.3" => Ok(Some(TlsVersion::V13)),
        _ => Err(values.wrong(name, "TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3")),
    }
}

/// Refuses what libpq would honour and this program cannot, wherever leaving
/// it out would make the connection weaker than its author asked for.
fn refuse_unsupported(values: &Values) -> Result<(), ConninfoError> {
    let refuse = |keyword: &'static str, what_to_do| {
        let secret = keyword == "sslpassword";
        let text = if secret { "..." } else { values.text(keyword).unwrap_or_default() };
        let text = text.to_owned();
        Err(ConninfoError::Unsupported { keyword, text, what_to_do })
    };
    let choices = [("disable", false), ("prefer", false), ("require", true)];
    if values.choice("gssencmode", &choices)? {
        return refuse("gssencmode", "GSSAPI encryption is not spoken here; use TLS (sslmode)");
    }
    if values.text("sslcertmode") == Some("require") {
        return refuse("sslcertmode", "leave it out; a server that asks gets the certificate");
    }
    if values.text("require_auth").is_some() {
        return refuse(
            "require_auth",
            "leave it out; channel_binding=require insists on SCRAM over TLS",
        );
    }
    if values.text("requirepeer").is_some() {
        return refuse("requirepeer", "leave it out, or connect over TLS with sslmode=verify-full");
    }
    if values.text("sslkey").is_some_and(|key| key.contains(':')) {
        return refuse("sslkey", "OpenSSL engines are not used here; name a PEM file");
    }
    if values.text("sslpassword").is_some() {
        return refuse(
            "sslpassword",
            "the client programs would show it in process lists; use a key file without a \
             password, readable by its owner alone",
        );
    }
    let off = ["", "0", "false", "off", "no"];
    if values.text("replication").is_some_and(|mode| !off.contains(&mode)) {
        return refuse("replication", "leave it out; restores need an ordinary connection");
    }
    Ok(())
}
