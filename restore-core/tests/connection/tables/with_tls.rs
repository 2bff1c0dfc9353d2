//! Cases for a server with TLS, by the certificate that it presents.

use super::super::Case;
use super::super::Expect::{Invalid, Plain, Refused, Tls};
use super::{case, newer, only_libpq, with};

/// A certificate with alternative names, and everything about modes.
const SAN: &[Case] = &[
    case("host=localhost port={port} user=trusty dbname=shop", Tls),
    case("host=localhost port={port} user=trusty dbname=shop sslmode=disable", Plain),
    case("host=localhost port={port} user=trusty dbname=shop sslmode=allow", Plain),
    case("host=localhost port={port} user=trusty dbname=shop sslmode=prefer", Tls),
    case("host=localhost port={port} user=trusty dbname=shop sslmode=require", Tls),
    case("host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca", Refused("Tls")),
    case("host=localhost port={port} user=trusty dbname=shop sslmode=verify-full", Refused("Tls")),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case(
        "host=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case(
        "host=::1 port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
    case(
        "hostaddr=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
    case(
        "hostaddr=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case("hostaddr=127.0.0.1 port={port} user=trusty dbname=shop sslmode=require", Tls),
    case(
        "host=localhost hostaddr=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case(
        "host=elsewhere.example hostaddr=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
    case(
        "host=elsewhere.example hostaddr=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert={certs}/ca.crt",
        Tls,
    ),
    // The wrong authority, or none.
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/other-ca.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert={certs}/other-ca.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=require sslrootcert={certs}/other-ca.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=prefer sslrootcert={certs}/other-ca.crt",
        Plain,
    ),
    case(
        "host=localhost port={port} user=tlsonly dbname=shop sslmode=prefer sslrootcert={certs}/other-ca.crt",
        Refused("Authentication"),
    ),
    case(
        "host=localhost port={port} user=tlsonly dbname=shop sslmode=allow sslrootcert={certs}/other-ca.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=require sslrootcert=/no/file",
        Tls,
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert=/no/file",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=require sslrootcert={certs}/ca.key",
        Refused("Tls"),
    ),
    newer("host=localhost port={port} user=trusty dbname=shop sslrootcert=system", Refused("Tls")),
    with(
        &[("HOME", "{home}/../trusting")],
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full",
        Tls,
    ),
    with(
        &[("HOME", "{home}/../deceived")],
        "host=localhost port={port} user=trusty dbname=shop sslmode=require",
        Refused("Tls"),
    ),
    with(
        &[("HOME", "{home}/../deceived")],
        "host=localhost port={port} user=trusty dbname=shop sslmode=prefer",
        Plain,
    ),
    with(
        &[("PGSSLROOTCERT", "{certs}/ca.crt"), ("PGSSLMODE", "verify-full")],
        "host=localhost port={port} user=trusty dbname=shop",
        Tls,
    ),
    // Servers that insist, by user.
    case("host=localhost port={port} user=tlsonly dbname=shop sslmode=allow", Tls),
    case(
        "host=localhost port={port} user=tlsonly dbname=shop sslmode=disable",
        Refused("Authentication"),
    ),
    case("host=localhost port={port} user=plainonly dbname=shop sslmode=prefer", Plain),
    case(
        "host=localhost port={port} user=plainonly dbname=shop sslmode=require",
        Refused("Authentication"),
    ),
    // Passwords over TLS, bound to it or not.
    case("host=127.0.0.1 port={port} user=alice dbname=shop channel_binding=require", Tls),
    case("host=127.0.0.1 port={port} user=alice dbname=shop channel_binding=disable", Tls),
    case(
        "host=127.0.0.1 port={port} user=alice dbname=shop sslmode=disable channel_binding=require",
        Refused("Authentication"),
    ),
    case(
        "host=localhost port={port} user=bob dbname=shop channel_binding=require",
        Refused("Authentication"),
    ),
    case(
        "host=localhost port={port} user=alice dbname=shop password=secret",
        Refused("Authentication"),
    ),
    // Client certificates.
    case(
        "host=localhost port={port} user=carol dbname=shop sslcert={certs}/client.crt sslkey={certs}/client.key",
        Tls,
    ),
    case("host=localhost port={port} user=carol dbname=shop", Refused("Authentication")),
    case(
        "host=localhost port={port} user=carol dbname=shop sslmode=require sslcert=/no/file",
        Refused("Authentication"),
    ),
    case(
        "host=localhost port={port} user=tlsonly dbname=shop sslmode=require sslcert={certs}/client.crt sslkey=/no/file",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=carol dbname=shop sslmode=require sslcert={certs}/client.crt sslkey={certs}/san.key",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=carol dbname=shop sslmode=require sslcert={certs}/client.crt sslkey={certs}/../loose.key",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=carol dbname=shop sslmode=require sslcert={certs}/self.crt sslkey={certs}/self.key",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=prefer sslcert={certs}/self.crt sslkey={certs}/self.key",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=prefer sslcert={certs}/client.crt sslkey=/no/file",
        Plain,
    ),
    with(&[("HOME", "{home}/../member")], "host=localhost port={port} user=carol dbname=shop", Tls),
    with(
        &[("HOME", "{home}/../member")],
        "host=localhost port={port} user=certpw dbname=shop password=certpw sslmode=verify-full",
        Tls,
    ),
    with(
        &[("HOME", "{home}/../keyless")],
        "host=localhost port={port} user=tlsonly dbname=shop",
        Refused("Authentication"),
    ),
    // Versions.
    case(
        "host=localhost port={port} user=trusty dbname=shop ssl_min_protocol_version=TLSv1.3",
        Tls,
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop ssl_max_protocol_version=TLSv1.2",
        Tls,
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
        Invalid("above"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop ssl_min_protocol_version=TLSv2",
        Invalid("ssl_min_protocol_version"),
    ),
    case("host=localhost port={port} user=trusty dbname=shop sslsni=0", Tls),
    // Revocation.
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt sslcrl={certs}/none.crl",
        Tls,
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt sslcrl={certs}/san.crl",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt sslcrl=/no/file",
        Tls,
    ),
    with(
        &[("HOME", "{home}/../careful")],
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca",
        Refused("Tls"),
    ),
    // Direct TLS is PostgreSQL 17's: an older server must refuse it.
    newer(
        "host=localhost port={port} user=trusty dbname=shop sslmode=require sslnegotiation=direct",
        Refused("Tls"),
    ),
    newer(
        "host=localhost port={port} user=trusty dbname=shop sslmode=require sslcertmode=disable",
        Tls,
    ),
    only_libpq(
        "host=localhost port={port} user=trusty dbname=shop sslpassword=secret",
        Invalid("sslpassword"),
    ),
];

/// An alternative name of one kind: a host by address has none of its own.
const DNS_ONLY: &[Case] = &[
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case(
        "host=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
];

/// The common name does not count beside an alternative name.
const ELSEWHERE: &[Case] = &[
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case(
        "host=elsewhere.example hostaddr=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Tls,
    ),
];

/// Version 1, a common name alone: PostgreSQL's manual.
const MANUAL: &[Case] = &[
    case("host=localhost port={port} user=trusty dbname=shop sslmode=require", Tls),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case(
        "host=LOCALHOST port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case(
        "host=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert={certs}/other-ca.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt ssl_max_protocol_version=TLSv1.2",
        Tls,
    ),
    case("host=127.0.0.1 port={port} user=alice dbname=shop channel_binding=require", Tls),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert={certs}/impostor-ca.crt",
        Refused("Tls"),
    ),
];

const STAR: &[Case] = &[
    case(
        "host=db.example hostaddr=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case(
        "host=a.db.example hostaddr=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
];

/// A certificate that is its own authority.
const SELF: &[Case] = &[
    case("host=localhost port={port} user=trusty dbname=shop sslmode=require", Tls),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/self.crt",
        Tls,
    ),
    case(
        "host=127.0.0.1 port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/self.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
];

/// An authority between the root and the server, which does not send it.
const LEAF: &[Case] = &[
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/bundle.crt",
        Tls,
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/between.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/leaf.crt",
        Refused("Tls"),
    ),
];

/// The same, sent by the server.
const CHAIN: &[Case] = &[
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/ca.crt",
        Tls,
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-full sslrootcert={certs}/other-ca.crt",
        Refused("Tls"),
    ),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert={certs}/impostor-ca.crt",
        Refused("Tls"),
    ),
];

const EXPIRED: &[Case] = &[
    case("host=localhost port={port} user=trusty dbname=shop sslmode=require", Tls),
    case(
        "host=localhost port={port} user=trusty dbname=shop sslmode=verify-ca sslrootcert={certs}/ca.crt",
        Refused("Tls"),
    ),
];

/// What the server presents, and the cases for it.
pub(crate) const BY_CERTIFICATE: &[(&str, &[Case])] = &[
    ("san", SAN),
    ("dns-only", DNS_ONLY),
    ("elsewhere", ELSEWHERE),
    ("manual", MANUAL),
    ("star", STAR),
    ("self", SELF),
    ("leaf", LEAF),
    ("chain", CHAIN),
    ("expired", EXPIRED),
];
