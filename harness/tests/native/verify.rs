//! `jobtune verify`: what is equal is called equal, and whatever differs is named.

use std::path::Path;
use std::process::Output;

use super::Arena;
use super::encodings::{BYTES, SQL_ASCII, UTF8, table_named};
use super::fidelity::SHOP;
use super::place::{stderr, stdout};

fn verify(arena: &Arena, left: &str, right: &str, args: &[&str]) -> Output {
    let named = |side: &str| {
        if Path::new(side).exists() { side.to_owned() } else { arena.server.conninfo(side) }
    };
    let (left, right) = (named(left), named(right));
    let mut command = arena.place.jobtune(&["--quiet", "verify", &left, &right]);
    command.args(args).output().unwrap()
}

#[track_caller]
fn assert_equal(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(output), stderr(output));
    assert!(stdout(output).starts_with("Equal: "), "{}", stdout(output));
}

#[test]
fn a_restore_is_equal_to_its_source_and_to_the_archive() {
    let Some(arena) = Arena::new() else { return };
    arena.server.create("shop");
    arena.server.sql("shop", SHOP);
    for (name, options) in
        [("plain", &["-Fc"][..]), ("root", &["-Fd", "--load-via-partition-root"])]
    {
        let archive = arena.place.path(name);
        arena.server.dump("shop", &archive, options);
        arena.server.create("theirs");
        arena.server.pg_restore("theirs", &archive, &[]);
        arena.server.create("ours");
        arena.restore("ours", &archive, &["-j", "4", "--force-slices", "1"]);
        let archive = archive.display().to_string();
        assert_equal(&verify(&arena, "theirs", "ours", &["-j", "2"]));
        assert_equal(&verify(&arena, "shop", "ours", &[]));
        assert_equal(&verify(&arena, &archive, "ours", &["-j", "3"]));
        assert_equal(&verify(&arena, &archive, &archive, &[]));
    }
    // In another encoding the rows are the same.
    arena.server.create_with("latin", &["-E", "LATIN1", "--locale=C"]);
    arena.server.pg_restore("latin", &arena.place.path("plain"), &[]);
    assert_equal(&verify(&arena, "latin", "ours", &[]));
}

#[test]
fn an_archive_in_another_encoding_is_equal_to_its_restore() {
    let Some(arena) = Arena::new() else { return };
    for encoding in ["LATIN1", "EUC_JP", "SQL_ASCII"] {
        arena.server.create_with("source", &["-E", encoding, "--locale=C"]);
        let name = if encoding == "EUC_JP" { "東" } else { "größe" };
        arena.server.sql("source", &table_named(name));
        let archive = arena.place.path(encoding);
        arena.server.dump("source", &archive, &["-Fc"]);
        arena.server.create_with("ours", UTF8);
        arena.restore("ours", &archive, &["-j", "2"]);
        let archive = archive.display().to_string();
        assert_equal(&verify(&arena, &archive, "ours", &[]));
        assert_equal(&verify(&arena, &archive, "source", &[]));
    }
}

#[test]
fn databases_of_no_encoding_are_read() {
    let Some(arena) = Arena::new() else { return };
    arena.server.create_with("bytes", SQL_ASCII);
    arena.server.sql("bytes", BYTES);
    let archive = arena.place.path("bytes.dump");
    arena.server.dump("bytes", &archive, &["-Fc"]);
    arena.server.create_with("ours", SQL_ASCII);
    arena.restore("ours", &archive, &["-j", "2"]);
    let archive = archive.display().to_string();
    assert_equal(&verify(&arena, "bytes", "ours", &["-j", "2"]));
    assert_equal(&verify(&arena, &archive, "ours", &[]));
    let sql = "DO $$ DECLARE name text := 'gr' || chr(246) || chr(223) || 'e'; BEGIN \
               EXECUTE format('UPDATE %1$I.%1$I SET %1$I = %2$L WHERE %3$I = 7', \
                              name, 'other', 'id ' || name); END $$";
    arena.server.sql("ours", sql);
    let output = verify(&arena, "bytes", "ours", &[]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("größe"), "{}", stdout(&output));
}

#[test]
fn whatever_differs_is_named() {
    let Some(arena) = Arena::new() else { return };
    arena.server.sql("postgres", "CREATE ROLE keeper");
    arena.server.create("one");
    arena.server.sql("one", SHOP);
    arena.server.sql("one", "CREATE SEQUENCE s; SELECT lo_create(123)");
    let archive = arena.place.path("one");
    arena.server.dump("one", &archive, &["-Fc"]);
    arena.server.create("other");
    arena.server.pg_restore("other", &archive, &[]);
    assert_equal(&verify(&arena, "one", "other", &[]));
    let changes: [(&str, &str); 10] = [
        ("UPDATE odd SET \"a b\" = 7 WHERE \"a b\" = 1", "rows of public.odd"),
        ("INSERT INTO no_columns SELECT", "rows of public.no_columns"),
        ("SELECT setval('s', 5, false)", "sequence public.s"),
        ("SELECT lo_put(123, 0, 'x')", "large object 123"),
        ("GRANT SELECT ON LARGE OBJECT 123 TO keeper", "large object 123"),
        ("ALTER TABLE orders OWNER TO keeper", "TABLE public.orders"),
        ("GRANT SELECT ON customer TO keeper", "ACL on TABLE customer (schema public)"),
        ("DROP INDEX orders_note_idx", "INDEX public.orders_note_idx"),
        ("ALTER TABLE orders DISABLE TRIGGER touches", "TRIGGER public.orders touches"),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'counts_customer_idx'::regclass",
            "index public.counts_customer_idx is not valid",
        ),
    ];
    for (change, what) in changes {
        arena.server.create("other");
        arena.server.pg_restore("other", &archive, &[]);
        arena.server.sql("other", change);
        let output = verify(&arena, "one", "other", &["--format", "json"]);
        assert_eq!(output.status.code(), Some(1), "{change}: {}", stderr(&output));
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["equal"], false);
        let differences = found["differences"].as_array().unwrap();
        let named = differences.iter().any(|of| of["what"] == what);
        assert!(named, "{change}: {what} is not in {differences:#?}");
        let text = stdout(&verify(&arena, "one", "other", &[]));
        assert!(text.starts_with("Different: one and other differ in "), "{text}");
    }
}

#[test]
fn owners_and_grants_can_be_left_out() {
    let Some(arena) = Arena::new() else { return };
    arena.server.sql("postgres", "CREATE ROLE keeper");
    arena.server.create("one");
    let sql = "CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t OWNER TO keeper; \
               GRANT SELECT ON t TO PUBLIC";
    arena.server.sql("one", sql);
    let archive = arena.place.path("owned");
    arena.server.dump("one", &archive, &["-Fc"]);
    arena.server.create("other");
    arena.server.pg_restore("other", &archive, &["-O", "-x"]);
    let archive = archive.display().to_string();
    assert_eq!(verify(&arena, &archive, "other", &[]).status.code(), Some(1));
    assert_eq!(verify(&arena, &archive, "other", &["-O"]).status.code(), Some(1));
    let output = verify(&arena, &archive, "other", &["-O", "-x", "--format", "markdown"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("Owners (--no-owner)."), "{}", stdout(&output));
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let Some(arena) = Arena::new() else { return };
    arena.server.create("one");
    let output = verify(&arena, "one", "nowhere", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("database \"nowhere\" does not exist"), "{}", stderr(&output));
    arena.server.sql("one", "CREATE TABLE t AS SELECT 1 AS a");
    let archive = arena.place.path("inserts");
    arena.server.dump("one", &archive, &["-Fc", "--inserts"]);
    let output = verify(&arena, &archive.display().to_string(), "one", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("INSERT statements"), "{}", stderr(&output));
}
