//! Cases for a server that has no TLS.

use super::super::Case;
use super::super::Expect::{Invalid, Plain, Refused};
use super::{case, newer, only_libpq, with};

/// Texts, files, variables, passwords, sockets, several hosts: no TLS needed.
pub(crate) const WITHOUT_TLS: &[Case] = &[
    // Forms.
    case("host=127.0.0.1 port={port} user=trusty dbname=shop", Plain),
    case("postgresql://trusty@127.0.0.1:{port}/shop", Plain),
    case("postgresql://trusty@[::1]:{port}/shop", Plain),
    case("postgres://trusty@localhost:{port}/odd%20%27%5C%20name", Plain),
    case(r"host=localhost port={port} user='trusty' dbname='odd \'\\ name'", Plain),
    case("host = localhost port = {port} user = trusty dbname = shop", Plain),
    case("host=localhost port={port} user=trusty dbname=shop nosuch=1", Invalid("nosuch")),
    case("host=localhost port={port} user=trusty 'secret", Invalid("no \"=\"")),
    case("host=localhost password='secret", Invalid("does not end")),
    case("postgresql://trusty@localhost:{port}/shop?nosuch=1", Invalid("nosuch")),
    case("host=localhost port=70000 user=trusty", Invalid("65535")),
    case("host=a,b,c port=1,2", Invalid("port")),
    case(
        "host=localhost port={port} user=trusty dbname=shop connect_timeout=x",
        Invalid("connect_timeout"),
    ),
    case("host=localhost port={port} user=trusty dbname=shop sslmode=maybe", Invalid("sslmode")),
    case(
        "host=localhost port={port} user=trusty dbname=shop keepalives=0 keepalives_idle=5",
        Plain,
    ),
    case("host=localhost port={port} user=trusty dbname=shop options='-c geqo=off'", Plain),
    case(
        "host=localhost port={port} user=trusty dbname=shop options='-c nosuch=off'",
        Refused("Sql"),
    ),
    // Sockets.
    case("host={socket} port={port} user=trusty dbname=shop", Plain),
    case("host={socket} port={port} user=trusty dbname=shop sslmode=verify-full", Plain),
    case("host={socket} port={port} user=alice dbname=shop", Plain),
    case("host={socket} port={port} user=alice dbname=closed", Refused("Authentication")),
    case("host={socket} port=1 user=trusty dbname=shop", Refused("Refused")),
    // Names and addresses.
    case("host=localhost hostaddr=127.0.0.1 port={port} user=trusty dbname=shop", Plain),
    case("host=nosuch.invalid hostaddr=127.0.0.1 port={port} user=trusty dbname=shop", Plain),
    case("hostaddr=127.0.0.1 port={port} user=trusty dbname=shop", Plain),
    case("host=nosuch.invalid port={port} user=trusty dbname=shop", Refused("UnknownHost")),
    case("host=localhost port={dead} user=trusty dbname=shop", Refused("Refused")),
    // Variables, by rank.
    with(
        &[
            ("PGHOST", "localhost"),
            ("PGPORT", "{port}"),
            ("PGUSER", "trusty"),
            ("PGDATABASE", "shop"),
        ],
        "",
        Plain,
    ),
    with(
        &[("PGHOST", "nosuch.invalid"), ("PGPORT", "{port}"), ("PGUSER", "trusty")],
        "host=127.0.0.1 dbname=shop",
        Plain,
    ),
    with(&[("PGHOST", "localhost"), ("PGPORT", "{port}"), ("PGUSER", "trusty")], "shop", Plain),
    with(&[("PGHOSTADDR", "127.0.0.1"), ("PGPORT", "{port}"), ("PGUSER", "trusty")], "shop", Plain),
    with(
        &[("PGCONNECT_TIMEOUT", "x")],
        "host=127.0.0.1 port={port} user=trusty dbname=shop",
        Invalid("PGCONNECT_TIMEOUT"),
    ),
    with(
        &[("PGSSLMODE", "")],
        "host=127.0.0.1 port={port} user=trusty dbname=shop",
        Invalid("PGSSLMODE"),
    ),
    with(
        &[("PGSSLMODE", "require")],
        "host=127.0.0.1 port={port} user=trusty dbname=shop",
        Refused("Tls"),
    ),
    with(
        &[("PGREQUIRESSL", "1")],
        "host=127.0.0.1 port={port} user=trusty dbname=shop",
        Refused("Tls"),
    ),
    with(
        &[("PGREQUIRESSL", "1")],
        "host=127.0.0.1 port={port} user=trusty dbname=shop sslmode=disable",
        Plain,
    ),
    with(
        &[("PGOPTIONS", "-c nosuch=off")],
        "host=localhost port={port} user=trusty dbname=shop",
        Refused("Sql"),
    ),
    // Passwords.
    case("host=127.0.0.1 port={port} user=alice dbname=shop", Plain),
    case("host=localhost port={port} user=alice dbname=shop", Refused("Authentication")),
    case("host=localhost port={port} user=alice dbname=postgres", Plain),
    case(r"host=localhost port={port} user=alice dbname=shop password='al:ice\'s \\secret'", Plain),
    case("postgresql://alice:al%3Aice's%20%5Csecret@localhost:{port}/shop", Plain),
    case(
        "host=localhost port={port} user=alice dbname=shop password=secret",
        Refused("Authentication"),
    ),
    case("host=localhost port={port} user=bob dbname=shop", Plain),
    case("host=localhost port={port} user=dora dbname=shop password=dora", Plain),
    case("host=localhost port={port} user=dora dbname=shop passfile={home}/../passfile", Plain),
    with(
        &[("PGPASSFILE", "{home}/../passfile")],
        "host=localhost port={port} user=dora dbname=shop",
        Plain,
    ),
    with(
        &[("PGPASSFILE", "{home}/../loose")],
        "host=localhost port={port} user=bob dbname=shop",
        Refused("Authentication"),
    ),
    with(
        &[("PGPASSFILE", "/no/such/file")],
        "host=localhost port={port} user=bob dbname=shop",
        Refused("Authentication"),
    ),
    with(&[("PGPASSWORD", "dora")], "host=localhost port={port} user=dora dbname=shop", Plain),
    with(
        &[("PGPASSWORD", "wrong")],
        "host=localhost port={port} user=dora dbname=shop password=dora",
        Plain,
    ),
    with(
        &[("PGPASSWORD", "wrong")],
        "host=localhost port={port} user=bob dbname=shop password=''",
        Plain,
    ),
    // Services.
    case("service=shop", Plain),
    case("service=shop user=trusty", Plain),
    case("postgresql://?service=shop", Plain),
    case("service=nosuch", Invalid("nosuch")),
    case("service=bad", Invalid("line 14")),
    with(&[("PGSERVICE", "shop")], "", Plain),
    with(&[("PGSERVICE", "shop"), ("PGUSER", "nobody")], "dbname=postgres", Plain),
    with(&[("PGSERVICE", "shop")], "service=withpw", Plain),
    with(&[("PGSERVICE", "withpw")], "password=wrong", Refused("Authentication")),
    with(&[("PGPASSWORD", "wrong")], "service=withpw", Plain),
    with(&[("PGSYSCONFDIR", "{home}/../etc")], "service=far dbname=shop", Plain),
    with(&[("PGSERVICEFILE", "/no/such/file")], "service=shop", Invalid("/no/such/file")),
    with(&[("PGSERVICEFILE", "{home}/../etc/pg_service.conf")], "service=far dbname=shop", Plain),
    // Refusals of the server.
    case("host=localhost port={port} user=trusty dbname=nosuch", Refused("NoSuchDatabase")),
    case("host=localhost port={port} user=trusty dbname=closed", Refused("NotPermitted")),
    case("host=localhost port={port} user=nosuch dbname=shop", Refused("Authentication")),
    case("host=localhost port={port} user=tlsonly dbname=shop", Refused("Authentication")),
    // Several hosts.
    case("host=localhost,localhost port={dead},{port} user=trusty dbname=shop", Plain),
    case("host=nosuch.invalid,{socket} port={port} user=trusty dbname=shop", Plain),
    case("postgresql://trusty@127.0.0.1:{dead},127.0.0.1:{port}/shop", Plain),
    case("host=127.0.0.1,{socket} port={port} user=tlsonly dbname=shop", Refused("Authentication")),
    // Kinds of servers.
    case(
        "host=localhost port={port} user=trusty dbname=shop target_session_attrs=read-write",
        Plain,
    ),
    case("host=localhost port={port} user=trusty dbname=shop target_session_attrs=primary", Plain),
    case(
        "host=localhost port={port} user=trusty dbname=shop target_session_attrs=read-only",
        Refused("WrongServer"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop target_session_attrs=standby",
        Refused("WrongServer"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop target_session_attrs=prefer-standby",
        Plain,
    ),
    case(
        "host=localhost port={port} user=reader dbname=shop target_session_attrs=read-write",
        Refused("WrongServer"),
    ),
    case(
        "host=localhost port={port} user=reader dbname=shop target_session_attrs=read-only",
        Plain,
    ),
    case("host=localhost port={port} user=reader dbname=shop target_session_attrs=primary", Plain),
    case(
        "host=localhost port={port} user=reader dbname=shop target_session_attrs=some",
        Invalid("target_session_attrs"),
    ),
    // TLS where there is none.
    case("host=localhost port={port} user=trusty dbname=shop sslmode=disable", Plain),
    case("host=localhost port={port} user=trusty dbname=shop sslmode=allow", Plain),
    case("host=localhost port={port} user=trusty dbname=shop sslmode=prefer", Plain),
    case("host=localhost port={port} user=trusty dbname=shop sslmode=require", Refused("Tls")),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
    case("host=localhost port={port} user=trusty dbname=shop requiressl=1", Refused("Tls")),
    case("postgresql://trusty@localhost:{port}/shop?ssl=true", Refused("Tls")),
    case(
        "host=127.0.0.1 port={port} user=alice dbname=shop channel_binding=require",
        Refused("Authentication"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop channel_binding=require",
        Refused("Authentication"),
    ),
    // What this program cannot do is said, not left out.
    only_libpq(
        "host=localhost port={port} user=trusty dbname=shop gssencmode=require",
        Invalid("GSSAPI"),
    ),
    only_libpq(
        "host={socket} port={port} user=trusty dbname=shop requirepeer=postgres",
        Invalid("requirepeer"),
    ),
    newer(
        "host=localhost port={port} user=trusty dbname=shop require_auth=none",
        Invalid("require_auth"),
    ),
    newer(
        "host=localhost port={port} user=trusty dbname=shop sslcertmode=require",
        Invalid("sslcertmode"),
    ),
    newer(
        "host=localhost,127.0.0.1 port={port} user=trusty dbname=shop load_balance_hosts=random",
        Plain,
    ),
    newer(
        "host=localhost port={port} user=trusty dbname=shop sslnegotiation=direct",
        Invalid("sslnegotiation=direct"),
    ),
    newer(
        "host=localhost port={port} user=trusty dbname=shop sslmode=require sslrootcert=system",
        Invalid("verify-full"),
    ),
];
