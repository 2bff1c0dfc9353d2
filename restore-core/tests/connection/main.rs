//! Connections against a live server, side by side with psql.
//!
//! Every case is a conninfo with its surroundings. psql is given the same, and
//! must agree: both come in, as the same user to the same database with or
//! without TLS, or both are refused. A third connection is psql's again, by
//! what `to_libpq` and `env` hand to a child program.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod authority;
mod cluster;
mod programs;
mod tables;

use std::collections::BTreeMap;

use cluster::Cluster;
use programs::command;
use restore_core::connection::{Conninfo, Environment, FailureKind, connect};

/// What is to come of a case.
#[derive(Clone, Copy)]
pub enum Expect {
    /// In, with TLS.
    Tls,
    /// In, without.
    Plain,
    /// Refused when connecting: the kind's name.
    Refused(&'static str),
    /// Refused before: a part of the message.
    Invalid(&'static str),
}

/// A conninfo with its surroundings.
pub struct Case {
    /// The conninfo, with places for `Cluster::fill`.
    pub conninfo: &'static str,
    /// Its variables.
    pub variables: &'static [(&'static str, &'static str)],
    /// What is to come of it.
    pub expect: Expect,
    /// Why psql is not asked: the parameter is newer than PostgreSQL 15's
    /// libpq, or it is one that only libpq can honour.
    pub without_psql: Option<&'static str>,
}

/// What a connection tells of itself.
const QUERY: &str = "SELECT format('user=%s db=%s tls=%s', current_user, current_database(), \
                     (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()))";

/// The variables of a case: a home, and nothing else of this process.
fn variables(cluster: &Cluster, case: &Case) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::from([
        ("HOME".to_owned(), cluster.path("home").display().to_string()),
        ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
    ]);
    for (name, value) in case.variables {
        variables.insert((*name).to_owned(), cluster.fill(value));
    }
    variables
}

/// What psql says, or why it was refused.
fn psql(
    cluster: &Cluster,
    conninfo: &str,
    variables: &BTreeMap<String, String>,
) -> Result<String, String> {
    let output = command(cluster.program("psql"))
        .args(["-X", "-w", "-A", "-t", "-d", conninfo, "-c", QUERY])
        .env_clear()
        .envs(variables)
        .output()
        .unwrap();
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The name of a kind, without what it holds.
fn name(kind: &FailureKind) -> String {
    let text = format!("{kind:?}");
    text.split('(').next().unwrap_or_default().to_owned()
}

/// Runs one case and returns what is wrong with its outcome.
async fn examine(cluster: &Cluster, case: &Case) -> Result<(), String> {
    let text = cluster.fill(case.conninfo);
    let variables = variables(cluster, case);
    let conninfo = Conninfo::parse(&text, &Environment::new(variables.clone()));
    let ours = match &conninfo {
        Err(error) => Err(("Invalid".to_owned(), error.to_string())),
        Ok(conninfo) => match connect(conninfo).await {
            Err(error) => Err((name(error.kind()), error.to_string())),
            Ok(connection) => {
                let row = connection.client.query_one(QUERY, &[]).await.unwrap();
                let said: String = row.get(0);
                connection.close().await;
                Ok(said)
            }
        },
    };
    match (&ours, case.expect) {
        (Ok(said), Expect::Tls) if said.ends_with("tls=t") => {}
        (Ok(said), Expect::Plain) if said.ends_with("tls=f") => {}
        (Err((kind, _)), Expect::Refused(expected)) if kind == expected => {}
        (Err((kind, message)), Expect::Invalid(part))
            if kind == "Invalid" && message.contains(part) => {}
        _ => return Err(format!("unexpected: {ours:?}")),
    }
    if let Err((_, message)) = &ours
        && message.contains("secret")
    {
        return Err(format!("the message shows a password: {message}"));
    }
    if case.without_psql.is_some() {
        return Ok(());
    }
    let theirs = psql(cluster, &text, &variables);
    if ours.as_ref().ok() != theirs.as_ref().ok() {
        return Err(format!("psql disagrees: {theirs:?}, ours: {ours:?}"));
    }
    let Ok(conninfo) = conninfo else { return Ok(()) };
    let mut child = variables;
    child.retain(|name, _| !conninfo.env_removed().contains(&name.as_str()));
    child.extend(conninfo.env());
    let theirs = psql(cluster, &conninfo.to_libpq(), &child);
    if ours.as_ref().ok() != theirs.as_ref().ok() {
        let handed = conninfo.to_libpq();
        return Err(format!("a child disagrees: {theirs:?}, ours: {ours:?}, by {handed}"));
    }
    Ok(())
}

/// Runs all cases, then fails if any did.
async fn examine_all(cluster: &Cluster, server: &str, cases: &[Case]) -> Vec<String> {
    let mut wrong = Vec::new();
    let has_ipv6 = std::net::TcpListener::bind("[::1]:0").is_ok();
    for case in cases {
        if case.conninfo.contains("::1") && !has_ipv6 {
            cluster::say(&format!("skipped: no IPv6 here: {}", case.conninfo));
            continue;
        }
        if let Err(why) = examine(cluster, case).await {
            wrong.push(format!("[{server}] {:?} {:?}: {why}", case.conninfo, case.variables));
        }
    }
    wrong
}

/// The users' files: passwords, services, and a good and a bad home.
fn write_homes(cluster: &Cluster) {
    cluster.write(
        "home/.pgpass",
        "# comment\nlocalhost:1:*:alice:wrong\n127.0.0.1:*:shop:alice:al\\:ice's \\\\secret\n\
         *:{port}:postgres:alice:al\\:ice's \\\\secret\n*:*:*:bob:bob\n\
         {socket}:*:shop:alice:al\\:ice's \\\\secret\n",
    );
    cluster.write(
        "home/.pg_service.conf",
        "[shop]\nhost=127.0.0.1\nport={port}\ndbname=shop\nuser=alice\n\
         [withpw]\nhost=127.0.0.1\nport={port}\ndbname=shop\nuser=dora\npassword=dora\n\
         [bad]\nhost=127.0.0.1\nnosuch=1\n",
    );
    cluster.write("loose", "*:*:*:*:bob\n");
    programs::run(command("chmod").arg("644").arg(cluster.path("loose")));
    cluster.write("passfile", "*:*:*:dora:dora\n");
    cluster.write("etc/pg_service.conf", "[far]\nhost=127.0.0.1\nport={port}\nuser=trusty\n");
    let copy = |from: &str, to: &str| {
        let text = std::fs::read_to_string(cluster.authority.path(from)).unwrap();
        cluster.write(to, &text);
    };
    copy("ca.crt", "trusting/.postgresql/root.crt");
    copy("other-ca.crt", "deceived/.postgresql/root.crt");
    copy("ca.crt", "member/.postgresql/root.crt");
    copy("client.crt", "member/.postgresql/postgresql.crt");
    copy("client.key", "member/.postgresql/postgresql.key");
    copy("client.crt", "keyless/.postgresql/postgresql.crt");
    copy("ca.crt", "careful/.postgresql/root.crt");
    copy("san.crl", "careful/.postgresql/root.crl");
    copy("client.key", "loose.key");
    programs::run(command("chmod").arg("644").arg(cluster.path("loose.key")));
}

#[tokio::test(flavor = "multi_thread")]
async fn agrees_with_psql() {
    let Some(cluster) = Cluster::start() else { return };
    write_homes(&cluster);
    let mut wrong = examine_all(&cluster, "no TLS", tables::WITHOUT_TLS).await;
    for (certificate, cases) in tables::BY_CERTIFICATE {
        cluster.present(Some(certificate));
        wrong.extend(examine_all(&cluster, certificate, cases).await);
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cancels_warns_and_names_itself() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.present(Some("san"));
    let home = cluster.path("home").display().to_string();
    let environment = Environment::new([("HOME".to_owned(), home)]);
    let base = "host=127.0.0.1 port={port} user=trusty dbname=shop sslrootcert=/no/file";
    for (mode, encrypted) in [("require", true), ("disable", false)] {
        let text = cluster.fill(&format!("{base} sslmode={mode}"));
        let conninfo = Conninfo::parse(&text, &environment).unwrap();
        let connection = connect(&conninfo).await.unwrap();
        assert_eq!(connection.encrypted, encrypted);
        assert_eq!(
            connection.warnings.len(),
            usize::from(encrypted),
            "a root file that is not there"
        );
        let row = connection.client.query_one("SHOW application_name", &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), "jobtune");

        let canceller = connection.canceller();
        let cancel = async {
            // The query must have begun; until then, cancelling does nothing.
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                canceller.cancel().await.unwrap();
            }
        };
        let sleep = connection.client.batch_execute("SELECT pg_sleep(60)");
        let stopped =
            tokio::select! { ended = sleep => ended.unwrap_err(), () = cancel => unreachable!() };
        assert_eq!(stopped.code().unwrap().code(), "57014");
        connection.close().await;

        let other = conninfo.with_database("odd '\\ name");
        let connection = connect(&other).await.unwrap();
        let row =
            connection.client.query_one("SELECT current_database()::text", &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), "odd '\\ name");
    }
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = format!("host=127.0.0.1 port={port} user=u connect_timeout=1");
    let conninfo = Conninfo::parse(&text, &Environment::new([])).unwrap();
    let error = connect(&conninfo).await.unwrap_err();
    assert_eq!(error.kind(), &FailureKind::Timeout, "{error}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}
