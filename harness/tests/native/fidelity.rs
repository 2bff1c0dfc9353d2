//! What is restored is what `pg_restore` restores.

use std::path::{Path, PathBuf};

use super::Arena;

/// Ways to restore: plain, with slices forced on every table, and with
/// nothing that `pg_restore` does not do.
const WITHOUT_ALL: &str = "freeze,split,vacuum,early-keys,validate,budget,pipeline,journal";
pub(super) const WAYS: [&[&str]; 5] = [
    &["-j", "1"],
    &["-j", "8"],
    &["-j", "1", "--force-slices", "1"],
    &["-j", "8", "--force-slices", "1"],
    &["-j", "2", "--without", WITHOUT_ALL],
];

fn committed() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../restore-core/tests/archives/15");
    ["custom", "custom-pipe", "directory"].map(|name| folder.join(name)).to_vec()
}

#[test]
fn the_committed_archives_are_restored_alike() {
    let Some(arena) = Arena::new() else { return };
    for archive in committed() {
        arena.server.create("theirs");
        let errors = arena.server.pg_restore("theirs", &archive, &[]);
        let expected = arena.server.contents("theirs");
        for way in WAYS {
            arena.compare_with(&archive, &expected, &errors, &[], way);
        }
    }
}

/// Tables with rows enough to be cut, keys of every kind, and large objects.
pub(crate) const SHOP: &str = "
    CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, mail text UNIQUE);
    CREATE INDEX ON customer (name);
    CREATE TABLE orders (id bigint PRIMARY KEY, customer int REFERENCES customer, note text,
                         UNIQUE (customer, id) INCLUDE (note));
    CREATE INDEX ON orders (note);
    CREATE TABLE no_columns ();
    CREATE TABLE odd (\"a b\" int, \"select\" text, deferred int UNIQUE DEFERRABLE);
    CREATE TABLE part (k int, v text, PRIMARY KEY (k)) PARTITION BY RANGE (k);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (500);
    CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (500) TO (1000);
    CREATE VIEW names AS SELECT name FROM customer;
    CREATE MATERIALIZED VIEW counts AS SELECT customer, count(*) FROM orders GROUP BY customer;
    CREATE INDEX ON counts (customer);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touches BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
    INSERT INTO customer SELECT i, E'a\\nb\\t\\\\' || i, 'm' || i FROM generate_series(1, 500) i;
    INSERT INTO orders SELECT i, 1 + i % 500, repeat('x', i % 50) FROM generate_series(1, 5000) i;
    INSERT INTO no_columns SELECT FROM generate_series(1, 3);
    INSERT INTO odd VALUES (1, '\\.', 1), (2, ';''\"', 2), (3, NULL, 3);
    INSERT INTO part SELECT i, 'v' || i FROM generate_series(0, 999) i;
    REFRESH MATERIALIZED VIEW counts;
    SELECT lo_from_bytea(0, decode(repeat('00ff', i * 1000), 'hex')) FROM generate_series(0, 9) i;
    SELECT lo_from_bytea(777, decode(repeat('abcd', 300000), 'hex'));
    GRANT SELECT ON LARGE OBJECT 777 TO PUBLIC;
    COMMENT ON LARGE OBJECT 777 IS 'a large one';
";

fn shop(arena: &Arena, name: &str, options: &[&str]) -> PathBuf {
    arena.server.create("shop");
    arena.server.sql("shop", SHOP);
    let archive = arena.place.path(name);
    arena.server.dump("shop", &archive, options);
    archive
}

#[test]
fn every_format_and_kind_of_data_is_restored_alike() {
    let Some(arena) = Arena::new() else { return };
    let kinds: [(&str, &[&str]); 5] = [
        ("custom", &["-Fc"]),
        ("uncompressed", &["-Fc", "-Z0"]),
        ("directory", &["-Fd"]),
        ("tar", &["-Ft"]),
        ("via-root", &["-Fc", "--load-via-partition-root"]),
    ];
    for (name, options) in kinds {
        let archive = shop(&arena, name, options);
        let expected = arena.server.contents("shop");
        for way in WAYS {
            arena.compare_with(&archive, &expected, &[], &[], way);
        }
    }
}

#[test]
fn an_archive_on_standard_input_is_restored_alike() {
    let Some(arena) = Arena::new() else { return };
    for (name, options) in [("custom", &["-Fc"][..]), ("tar", &["-Ft"])] {
        let archive = shop(&arena, name, options);
        let expected = arena.server.contents("shop");
        // As pg_dump writes it into a pipe: without the places of its data.
        let piped = arena.server.dump_into_pipe("shop", options);
        for (bytes, way) in [
            (std::fs::read(&archive).unwrap(), WAYS[1]),
            (piped.clone(), WAYS[0]),
            (piped, WAYS[3]),
        ] {
            arena.server.create("ours");
            let output = arena.restore_from_pipe("ours", way, &bytes);
            assert!(output.status.success(), "{name} {way:?}: {}", super::place::stderr(&output));
            super::assert_same(&expected, &arena.server.contents("ours"), &archive, way);
        }
    }
}

#[test]
fn an_archive_that_ends_early_on_standard_input_is_an_error_and_can_be_resumed() {
    let Some(arena) = Arena::new() else { return };
    let archive = shop(&arena, "whole", &["-Fc", "-Z0"]);
    let expected = arena.server.contents("shop");
    let bytes = std::fs::read(&archive).unwrap();
    arena.server.create("ours");
    let way = ["-j", "2", "--exit-on-error"];
    let output = arena.restore_from_pipe("ours", &way, &bytes[..bytes.len() / 2]);
    let said = super::place::stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("standard input") && said.contains("ends"), "{said}");
    let way = ["-j", "2", "--exit-on-error", "--resume"];
    assert_eq!(arena.restore("ours", &archive, &way), Vec::<String>::new());
    super::assert_same(&expected, &arena.server.contents("ours"), &archive, &way);
}

#[test]
fn data_as_inserts_is_restored_alike() {
    let Some(arena) = Arena::new() else { return };
    for options in [&["-Fc", "--inserts"][..], &["-Fd", "--rows-per-insert=7"]] {
        let archive = shop(&arena, &format!("inserts-{}", options.len()), options);
        let expected = arena.server.contents("shop");
        for way in [&["-j", "1"][..], &["-j", "4"]] {
            arena.compare_with(&archive, &expected, &[], &[], way);
        }
        std::fs::remove_dir_all(&archive).or_else(|_| std::fs::remove_file(&archive)).unwrap();
    }
}

#[test]
fn owners_and_drops_follow_the_options() {
    let Some(arena) = Arena::new() else { return };
    arena.server.sql("postgres", "CREATE ROLE keeper");
    arena.server.create("shop");
    arena.server.sql("shop", SHOP);
    let sql = "CREATE SCHEMA own AUTHORIZATION keeper; SET ROLE keeper; \
               CREATE TABLE own.t (a int PRIMARY KEY); CREATE FUNCTION own.f(int) RETURNS int \
               LANGUAGE sql AS 'SELECT $1'; GRANT SELECT ON own.t TO PUBLIC; \
               RESET ROLE; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO keeper; \
               INSERT INTO own.t VALUES (1)";
    arena.server.sql("shop", sql);
    let archive = arena.place.path("owned");
    arena.server.dump("shop", &archive, &["-Fc"]);
    for shared in [&[][..], &["--no-owner"], &["-x"], &["--use-set-session-authorization"]] {
        arena.compare(&archive, shared, &["-j", "2"]);
    }
    // Restored once more over itself: keys of partitions cannot be dropped before
    // their partitioned table's, which pg_restore tries too.
    let clean = ["--clean", "--if-exists"];
    arena.server.create("theirs");
    assert_eq!(arena.server.pg_restore("theirs", &archive, &[]), Vec::<String>::new());
    let expected_errors = arena.server.pg_restore("theirs", &archive, &clean);
    let expected = arena.server.contents("theirs");
    arena.server.create("ours");
    assert_eq!(arena.restore("ours", &archive, &["-j", "2"]), Vec::<String>::new());
    let again = arena.restore("ours", &archive, &[&["-j", "2"], &clean[..]].concat());
    assert_eq!(again, expected_errors);
    super::assert_same(&expected, &arena.server.contents("ours"), &archive, &["--clean"]);
}

#[test]
fn errors_are_those_of_pg_restore_and_the_rest_is_restored() {
    let Some(arena) = Arena::new() else { return };
    arena.server.sql("postgres", "CREATE ROLE leaver");
    arena.server.create("shop");
    arena.server.sql("shop", SHOP);
    let sql = "ALTER TABLE customer OWNER TO leaver; GRANT SELECT ON orders TO leaver; \
               CREATE TABLE doomed (a int); INSERT INTO doomed SELECT generate_series(1, 10); \
               ALTER TABLE doomed ADD CONSTRAINT positive CHECK (a > 5) NOT VALID; \
               CREATE TABLE twice (a int); INSERT INTO twice VALUES (1), (1), (2); \
               CREATE TABLE orphan (a int); INSERT INTO orphan VALUES (1); \
               ALTER TABLE orphan ADD CONSTRAINT kept FOREIGN KEY (a) REFERENCES customer; \
               ALTER TABLE orphan ADD CONSTRAINT lost FOREIGN KEY (a) REFERENCES customer; \
               SET session_replication_role = replica; UPDATE orphan SET a = 0";
    arena.server.sql("shop", sql);
    let archive = arena.place.path("faulty");
    arena.server.dump("shop", &archive, &["-Fc"]);
    arena.server.create("shop");
    arena.server.sql("postgres", "DROP ROLE leaver");
    for way in WAYS {
        arena.compare(&archive, &[], way);
    }
    // Over what is there: nearly everything fails, and nothing is lost.
    for way in [WAYS[0], WAYS[3]] {
        let obstacle = "CREATE TABLE orders (id text); CREATE TABLE twice (a int UNIQUE)";
        arena.server.create("theirs");
        arena.server.sql("theirs", obstacle);
        let expected_errors = arena.server.pg_restore("theirs", &archive, &[]);
        arena.server.create("ours");
        arena.server.sql("ours", obstacle);
        let found = arena.restore("ours", &archive, way);
        assert_eq!(found, expected_errors, "{way:?}");
        let expected = arena.server.contents("theirs");
        super::assert_same(&expected, &arena.server.contents("ours"), &archive, way);
    }
}

#[test]
fn options_select_what_pg_restore_selects() {
    let Some(arena) = Arena::new() else { return };
    let archive = shop(&arena, "selected", &["-Fc"]);
    let list = arena.place.path("list");
    let listed = arena.server.listing(&archive);
    // Tables and their rows, the largest last, and nothing else.
    let lines = listed.lines().filter(|line| line.contains(" TABLE "));
    let reversed: Vec<_> = lines.clone().collect();
    let (tables, data): (Vec<_>, Vec<_>) =
        reversed.into_iter().partition(|line| !line.contains(" TABLE DATA "));
    let text = [tables, data.into_iter().rev().collect()].concat().join("\n");
    std::fs::write(&list, text).unwrap();
    let list = format!("--use-list={}", list.display());
    let selections: [&[&str]; 9] = [
        &["--section=pre-data"],
        &["--section=pre-data", "--section=data"],
        &["-s"],
        &["-t", "customer", "-t", "orders"],
        &["-n", "nowhere"],
        &["-N", "public"],
        &["--no-comments", "-x"],
        &[&list],
        &["-I", "orders_note_idx"],
    ];
    for shared in selections {
        arena.compare(&archive, shared, &["-j", "4"]);
    }
    // Into tables that are there.
    for (shared, way) in [(&["-a"][..], "1"), (&["-a", "--disable-triggers"], "4")] {
        for database in ["theirs", "ours"] {
            arena.server.create(database);
            arena.server.pg_restore(database, &archive, &["-s"]);
        }
        arena.server.pg_restore("theirs", &archive, shared);
        arena.restore("ours", &archive, &[shared, &["-j", way]].concat());
        let expected = arena.server.contents("theirs");
        super::assert_same(&expected, &arena.server.contents("ours"), &archive, shared);
    }
}

#[test]
fn the_database_itself_is_created_and_described() {
    let Some(arena) = Arena::new() else { return };
    arena.server.sql("postgres", "CREATE ROLE landlord");
    arena.server.create_with("made", &["-O", "landlord", "-E", "UTF8", "--locale=C"]);
    arena.server.sql("made", SHOP);
    let described = "ALTER DATABASE made SET work_mem = '7MB'; COMMENT ON DATABASE made IS 'a home';
                     GRANT CREATE ON DATABASE made TO landlord; REVOKE CONNECT ON DATABASE made FROM PUBLIC";
    arena.server.sql("made", described);
    let archive = arena.place.path("created");
    arena.server.dump("made", &archive, &["-Fc"]);
    let facts = "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, \
                 (SELECT string_agg(acl::text, ' ' ORDER BY acl::text) FROM unnest(datacl) acl), \
                 shobj_description(oid, 'pg_database'), \
                 (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid) \
                 FROM pg_database d WHERE datname = 'made'";
    let (expected, expected_facts) =
        (arena.server.contents("made"), arena.server.sql("postgres", facts));
    // It is there already, which is an error of each program, and then dropped first.
    for options in [&["--create", "--clean"][..], &["-C", "-c", "--if-exists"]] {
        for without in [&[][..], &["--no-owner"], &["-x", "--no-comments"]] {
            let shared = [options, without].concat();
            assert_eq!(
                arena.server.pg_restore("postgres", &archive, &shared),
                Vec::<String>::new()
            );
            let theirs = (arena.server.contents("made"), arena.server.sql("postgres", facts));
            let args = [&shared[..], &["-j", "2"]].concat();
            assert_eq!(arena.restore("postgres", &archive, &args), Vec::<String>::new());
            super::assert_same(&theirs.0, &arena.server.contents("made"), &archive, &args);
            assert_eq!(arena.server.sql("postgres", facts), theirs.1, "{shared:?}");
            if without.is_empty() {
                super::assert_same(&expected, &theirs.0, &archive, &args);
                assert_eq!(theirs.1, expected_facts);
            }
        }
    }
    let found = arena.restore("postgres", &archive, &["-C", "-s", "-j", "2"]);
    assert!(found.contains(&"ERROR:  database \"made\" already exists".to_owned()), "{found:?}");
    assert_eq!(found, arena.server.pg_restore("postgres", &archive, &["-C", "-s"]));
}

#[test]
fn a_dry_run_tells_and_restores_nothing() {
    let Some(arena) = Arena::new() else { return };
    let archive = shop(&arena, "foretold", &["-Fc"]);
    arena.server.create("ours");
    let target = arena.server.conninfo("ours");
    let args = ["restore", "-d", &target, "--dry-run", "-j", "4", "--force-slices", "1", "-x"];
    let output = arena.place.jobtune(&args).arg(&archive).output().unwrap();
    assert!(output.status.success(), "{}", super::place::stderr(&output));
    let said = super::place::stdout(&output);
    assert!(said.starts_with("Would restore ") && said.contains("with -j 4"), "{said}");
    assert!(said.contains("TABLE DATA") && said.contains("public.orders ("), "{said}");
    assert!(!said.contains(" ACL"), "{said}");
    assert_eq!(arena.server.sql("ours", "SELECT count(*) FROM pg_class WHERE oid >= 16384"), "0");
}
