//! The cases, by what the server presents.

mod with_tls;
mod without_tls;

pub(crate) use with_tls::BY_CERTIFICATE;
pub(crate) use without_tls::WITHOUT_TLS;

use super::{Case, Expect};

const fn case(conninfo: &'static str, expect: Expect) -> Case {
    Case { conninfo, variables: &[], expect, without_psql: None }
}

const fn with(
    variables: &'static [(&'static str, &'static str)],
    conninfo: &'static str,
    expect: Expect,
) -> Case {
    Case { conninfo, variables, expect, without_psql: None }
}

const fn newer(conninfo: &'static str, expect: Expect) -> Case {
    let without_psql = Some("PostgreSQL 15's libpq does not know the parameter");
    Case { conninfo, variables: &[], expect, without_psql }
}

const fn only_libpq(conninfo: &'static str, expect: Expect) -> Case {
    let without_psql = Some("libpq can do more here");
    Case { conninfo, variables: &[], expect, without_psql }
}
