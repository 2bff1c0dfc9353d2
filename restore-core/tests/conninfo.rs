//! Resolving a conninfo, with no server: ranks, what a child gets, what shows.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use restore_core::connection::{Conninfo, Environment};

fn environment(variables: &[(&str, &str)]) -> Environment {
    let given = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment::new([("HOME".to_owned(), "/no/such/home".to_owned())].into_iter().chain(given))
}

fn resolve(text: &str, variables: &[(&str, &str)]) -> Conninfo {
    Conninfo::parse(text, &environment(variables)).unwrap()
}

#[test]
fn the_conninfo_comes_before_the_service_and_that_before_the_variables() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("services");
    std::fs::write(&file, "[s]\nhost=service\nport=2\nuser=service\npassword=service\n").unwrap();
    let variables = [
        ("PGSERVICEFILE", file.to_str().unwrap()),
        ("PGSERVICE", "s"),
        ("PGHOST", "variable"),
        ("PGUSER", "variable"),
        ("PGDATABASE", "variable"),
        ("PGAPPNAME", "variable"),
    ];
    let conninfo = resolve("host=conninfo", &variables);
    assert_eq!(conninfo.identity(), "host='conninfo' port='2' user='service' dbname='variable'");
    assert_eq!(conninfo.settings().application_name, "variable");
    let variables = conninfo.env();
    let value = |name: &str| variables.iter().find(|pair| pair.0 == name).map(|pair| &*pair.1);
    assert_eq!(value("PGPASSWORD"), Some("service"));
    assert_eq!(value("PGAPPNAME"), Some("variable"));
    assert_eq!(value("PGHOST"), None);
    // The child must not look the service up again, under the conninfo's host.
    assert_eq!(value("PGSERVICE"), None);
    assert!(conninfo.env_removed().contains(&"PGSERVICE"));
    assert_eq!(conninfo.to_libpq(), "host='conninfo' port='2' user='service' dbname='variable'");
}

#[test]
fn defaults_are_libpqs() {
    let conninfo = resolve("", &[]);
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).unwrap().unwrap().name;
    assert_eq!(conninfo.user(), user);
    assert_eq!(conninfo.database(), user);
    let identity = conninfo.identity();
    assert!(identity.starts_with("host='/") && identity.contains("port='5432'"), "{identity}");
    assert_eq!(conninfo.settings().application_name, "jobtune");
    assert_eq!(resolve("user=u", &[]).database(), "u");
    assert_eq!(resolve("user=u dbname=''", &[("PGDATABASE", "d")]).database(), "u");
    assert_eq!(resolve("postgresql://u@h/", &[("PGDATABASE", "d")]).database(), "d");
}

#[test]
fn no_password_shows() {
    let conninfo = resolve("postgresql://u:s3cret@h/d", &[("PGPASSWORD", "s3cret too")]);
    for text in [format!("{conninfo:?}"), format!("{conninfo}"), conninfo.to_libpq()] {
        assert!(!text.contains("s3cret"), "{text}");
        assert!(text.contains('h') && text.contains('d'), "{text}");
    }
    assert_eq!(conninfo.env(), [("PGPASSWORD".to_owned(), "s3cret".to_owned())]);
}

#[test]
fn a_database_changes_and_nothing_else() {
    let conninfo = resolve("host=h,i port=1,2 user=u dbname=d sslmode=require", &[]);
    let other = conninfo.with_database("o'\\ther");
    assert_eq!(other.identity(), r"host='h,i' port='1,2' user='u' dbname='o\'\\ther'");
    assert_eq!(
        other.to_libpq(),
        r"host='h,i' port='1,2' user='u' dbname='o\'\\ther' sslmode='require'"
    );
    assert_eq!(conninfo.database(), "d");
}

#[test]
fn lists_of_hosts_and_ports_match_up() {
    let identity = |text| resolve(text, &[]).identity();
    assert!(identity("host=a,b port=1 user=u").starts_with("host='a,b' port='1,1'"));
    assert!(identity("host=a,b port=1, user=u").starts_with("host='a,b' port='1,5432'"));
    assert!(identity("hostaddr=127.0.0.1 user=u").starts_with("host='127.0.0.1' port='5432'"));
    for text in ["host=a,b port=1,2,3", "host=a hostaddr=127.0.0.1,127.0.0.2", "hostaddr=name"] {
        assert!(Conninfo::parse(text, &environment(&[])).is_err(), "{text}");
    }
}

#[test]
fn the_systems_authorities_ask_for_the_strongest_mode() {
    use restore_core::connection::SslMode;
    let conninfo = resolve("host=h sslrootcert=system", &[]);
    assert_eq!(conninfo.settings().tls.mode, SslMode::VerifyFull);
    let text = "host=h sslrootcert=system sslmode=verify-ca";
    assert!(Conninfo::parse(text, &environment(&[])).is_err());
}

proptest! {
    /// What a child is given resolves, without any variable, to the same place.
    #[test]
    fn a_childs_conninfo_names_the_same_place(
        host in "[a-z/][a-zA-Z0-9 '\\\\é/.]{0,12}",
        port in 1u16..,
        user in "[^\0]{1,10}",
        database in "[^\0]{1,10}",
        password in "[^\0]{1,10}",
        options in "[^\0]{0,10}",
    ) {
        let variables = [
            ("PGHOST", host.as_str()),
            ("PGPORT", &port.to_string()),
            ("PGUSER", &user),
            ("PGDATABASE", &database),
            ("PGPASSWORD", &password),
            ("PGOPTIONS", &options),
        ];
        let conninfo = resolve("", &variables);
        let child = conninfo.env();
        let child: Vec<_> = child.iter().map(|(name, value)| (&**name, &**value)).collect();
        let again = resolve(&conninfo.to_libpq(), &child);
        prop_assert_eq!(again.identity(), conninfo.identity());
        prop_assert_eq!(again.user(), user);
        prop_assert_eq!(again.database(), database);
        prop_assert_eq!(&again.settings().options, &conninfo.settings().options);
        prop_assert_eq!(again.env(), conninfo.env());
    }
}
