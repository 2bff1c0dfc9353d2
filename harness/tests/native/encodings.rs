//! Archives in other encodings than UTF-8, and databases in them.

use std::path::PathBuf;

use super::Arena;
use super::fidelity::WAYS;

pub(super) const SQL_ASCII: &[&str] = &["-E", "SQL_ASCII", "--locale=C"];
const LATIN1: &[&str] = &["-E", "LATIN1", "--locale=C"];
pub(super) const UTF8: &[&str] = &["-E", "UTF8", "--locale=C"];

/// Names and texts in Latin-1 and in UTF-8, in a database that knows of neither.
pub(super) const BYTES: &str = r"
    DO $$
    DECLARE
        latin text := 'gr' || chr(246) || chr(223) || 'e';
        utf text := 'stra' || chr(195) || chr(159) || 'e';
        name text;
    BEGIN
        FOREACH name IN ARRAY ARRAY[latin, utf, 'private ' || chr(239) || chr(158) || chr(182)] LOOP
            EXECUTE format('CREATE SCHEMA %I', name);
            EXECUTE format('CREATE TABLE %1$I.%1$I (%2$I serial PRIMARY KEY, %1$I text DEFAULT %1$L)',
                           name, 'id ' || name);
            EXECUTE format('INSERT INTO %1$I.%1$I (%1$I) SELECT %1$L || i FROM generate_series(1, 2000) i',
                           name);
            EXECUTE format('CREATE INDEX %2$I ON %1$I.%1$I (%1$I) WHERE %1$I <> %1$L',
                           name, 'index ' || name);
            EXECUTE format('COMMENT ON TABLE %1$I.%1$I IS %1$L', name);
            EXECUTE format('CREATE VIEW %1$I.%2$I AS SELECT * FROM %1$I.%1$I WHERE %1$I = %1$L',
                           name, 'view ' || name);
            EXECUTE format('CREATE FUNCTION %1$I.%1$I() RETURNS text LANGUAGE plpgsql AS %2$L',
                           name, 'BEGIN RETURN ' || quote_literal(name) || '; END');
        END LOOP;
    END $$;
";

/// SQL that makes a table of this name, with rows and a comment, whatever the encoding of the
/// database.
pub(super) fn table_named(name: &str) -> String {
    let escaped = name.bytes().fold(String::new(), |text, byte| format!("{text}\\{byte:03o}"));
    format!(
        "DO $$ DECLARE name text := convert_from('{escaped}', 'UTF8'); BEGIN \
         EXECUTE format('CREATE TABLE %1$I (%1$I text DEFAULT %1$L)', name); \
         EXECUTE format('COMMENT ON TABLE %1$I IS %1$L', name); \
         EXECUTE format('INSERT INTO %1$I SELECT %1$L || i FROM generate_series(1, 100) i', name); \
         END $$"
    )
}

/// Archives of a database with its rows as COPY data and as INSERT statements.
fn dumped(arena: &Arena, database: &str) -> [PathBuf; 2] {
    [("copy", &["-Fc"][..]), ("insert", &["-Fd", "--rows-per-insert=50"])].map(|(kind, options)| {
        let archive = arena.place.path(&format!("{database}-{kind}"));
        arena.server.dump(database, &archive, options);
        archive
    })
}

#[test]
fn other_encodings_arrive_as_they_are() {
    let Some(arena) = Arena::new() else { return };
    // Of the last two not every character is known here: beyond JIS X 0208; in the second plane
    // of CNS 11643.
    for (encoding, name) in [("LATIN1", "größe"), ("EUC_JIS_2004", "鷗"), ("EUC_TW", "乂")] {
        let source = encoding.to_lowercase();
        arena.server.create_with(&source, &["-E", encoding, "--locale=C"]);
        arena.server.sql(&source, &table_named(name));
        for archive in dumped(&arena, &source) {
            for way in WAYS {
                arena.compare_in(UTF8, &archive, &[], way);
            }
            // Nothing is converted there.
            arena.compare_in(SQL_ASCII, &archive, &[], &["-j", "2", "--force-slices", "1"]);
        }
    }
}

#[test]
fn bytes_of_no_encoding_arrive_as_they_are() {
    let Some(arena) = Arena::new() else { return };
    arena.server.create_with("bytes", SQL_ASCII);
    arena.server.sql("bytes", BYTES);
    for archive in dumped(&arena, "bytes") {
        for way in WAYS {
            arena.compare_in(SQL_ASCII, &archive, &[], way);
        }
        // Bytes are valid in LATIN1; in UTF8 most are not, and both say so.
        arena.compare_in(LATIN1, &archive, &[], &["-j", "2"]);
        arena.compare_in(UTF8, &archive, &[], &["-j", "2"]);
    }
}
