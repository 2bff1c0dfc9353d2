//! Archives in the formats of older versions, restored by the programs at hand. No program of
//! theirs is at hand: the tests rewrite an archive of 15 in the older layout, with the items that
//! those versions wrote and without those that they did not have.

use std::fs;
use std::process::Command;

use super::cases::archive;
use super::containers::has_images;
use super::{Place, assert_done, bindir, has_server};

/// What a version of `pg_dump` wrote.
struct Version {
    name: &'static str,
    /// Of the format: 1.`minor`.
    minor: u8,
    /// Until March 2018 names were not qualified, and `pg_restore` sets `search_path` for each
    /// item.
    qualifies_names: bool,
    /// Until 10 the schema `public` was dumped like any other.
    dumps_public: bool,
    /// How the language `plpgsql` came: as a language until 9.0, as an extension until 11.
    plpgsql: Option<(&'static str, &'static str)>,
    /// Until 8.4 large objects had no items of their own.
    has_large_object_items: bool,
}

const LANGUAGE: Option<(&str, &str)> =
    Some(("PROCEDURAL LANGUAGE", "CREATE PROCEDURAL LANGUAGE plpgsql;\n"));
const EXTENSION: Option<(&str, &str)> =
    Some(("EXTENSION", "CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;\n"));

const VERSIONS: [Version; 6] = [
    Version {
        name: "8.3.23",
        minor: 10,
        qualifies_names: false,
        dumps_public: true,
        plpgsql: LANGUAGE,
        has_large_object_items: false,
    },
    Version {
        name: "8.4.22",
        minor: 11,
        qualifies_names: false,
        dumps_public: true,
        plpgsql: LANGUAGE,
        has_large_object_items: false,
    },
    Version {
        name: "9.6.6",
        minor: 12,
        qualifies_names: false,
        dumps_public: true,
        plpgsql: EXTENSION,
        has_large_object_items: true,
    },
    Version {
        name: "10.23",
        minor: 13,
        qualifies_names: true,
        dumps_public: true,
        plpgsql: EXTENSION,
        has_large_object_items: true,
    },
    Version {
        name: "12.22",
        minor: 14,
        qualifies_names: true,
        dumps_public: false,
        plpgsql: None,
        has_large_object_items: true,
    },
    Version {
        name: "14.20",
        minor: 14,
        qualifies_names: true,
        dumps_public: false,
        plpgsql: None,
        has_large_object_items: true,
    },
];

/// Reads the primitives of format 1.14 with integers of four bytes.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let taken = &self.bytes[self.at..self.at + length];
        self.at += length;
        taken
    }

    fn int(&mut self) -> i32 {
        let bytes = self.take(5);
        let magnitude = i32::from_le_bytes(bytes[1..].try_into().unwrap());
        if bytes[0] == 0 { magnitude } else { -magnitude }
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.int()).ok()?;
        Some(String::from_utf8(self.take(length).to_vec()).unwrap())
    }
}

fn put_int(into: &mut Vec<u8>, value: i32) {
    into.push(u8::from(value < 0));
    into.extend(value.unsigned_abs().to_le_bytes());
}

fn put_text(into: &mut Vec<u8>, text: Option<&str>) {
    match text {
        None => put_int(into, -1),
        Some(text) => {
            put_int(into, i32::try_from(text.len()).unwrap());
            into.extend(text.as_bytes());
        }
    }
}

/// An item of a table of contents. The order of the texts is that of the file.
#[derive(Clone, Default)]
struct Item {
    id: i32,
    has_data: i32,
    catalog_and_oid: [Option<String>; 2],
    tag: Option<String>,
    kind: Option<String>,
    section: i32,
    /// Definition, the statement that drops it, COPY.
    statements: [Option<String>; 3],
    namespace: Option<String>,
    tablespace: Option<String>,
    access_method: Option<String>,
    owner: Option<String>,
    dependencies: Vec<String>,
    /// A flag and eight bytes.
    offset: [u8; 9],
}

impl Item {
    fn read(reader: &mut Reader<'_>) -> Self {
        let mut item = Self { id: reader.int(), has_data: reader.int(), ..Self::default() };
        item.catalog_and_oid = [reader.text(), reader.text()];
        (item.tag, item.kind, item.section) = (reader.text(), reader.text(), reader.int());
        item.statements = [reader.text(), reader.text(), reader.text()];
        (item.namespace, item.tablespace) = (reader.text(), reader.text());
        (item.access_method, item.owner) = (reader.text(), reader.text());
        assert_eq!(reader.text().as_deref(), Some("false"), "WITH OIDS");
        item.dependencies = std::iter::from_fn(|| reader.text()).collect();
        item.offset = reader.take(9).try_into().unwrap();
        item
    }

    fn write(&self, minor: u8, into: &mut Vec<u8>) {
        put_int(into, self.id);
        put_int(into, self.has_data);
        for text in self.catalog_and_oid.iter().chain([&self.tag, &self.kind]) {
            put_text(into, text.as_deref());
        }
        if minor >= 11 {
            put_int(into, self.section);
        }
        for text in self.statements.iter().chain([&self.namespace, &self.tablespace]) {
            put_text(into, text.as_deref());
        }
        if minor >= 14 {
            put_text(into, self.access_method.as_deref());
        }
        put_text(into, self.owner.as_deref());
        put_text(into, Some("false"));
        for id in &self.dependencies {
            put_text(into, Some(id));
        }
        put_text(into, None);
        into.extend(self.offset);
    }

    fn is(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind)
    }

    /// An item as old versions wrote it for what every database has.
    fn of_every_database(id: i32, kind: &str, tag: &str, sql: &str) -> Self {
        let text = |text: &str| Some(text.to_owned());
        Self {
            id,
            catalog_and_oid: [text("2615"), text("2200")],
            tag: text(tag),
            kind: text(kind),
            section: if kind == "COMMENT" { 1 } else { 2 },
            statements: [text(sql), text(""), text("")],
            namespace: text(""),
            tablespace: text(""),
            owner: text("postgres"),
            offset: [3, 0, 0, 0, 0, 0, 0, 0, 0],
            ..Self::default()
        }
    }

    fn unqualify(&mut self) {
        if self.namespace.as_deref() == Some("public") {
            for sql in self.statements.iter_mut().flatten() {
                *sql = sql.replace("public.", "");
            }
        }
    }
}

impl Version {
    fn has(&self, item: &Item) -> bool {
        let is_large_object = item.is("BLOB")
            || item.tag.as_deref().is_some_and(|tag| tag.starts_with("LARGE OBJECT "));
        (self.has_large_object_items || !is_large_object)
            && (self.qualifies_names || !item.is("SEARCHPATH"))
    }

    /// Items that this version adds, with ids from `first` on.
    fn own_items(&self, first: i32) -> Vec<Item> {
        let mut items = Vec::new();
        if self.dumps_public {
            let comment = "COMMENT ON SCHEMA public IS 'standard public schema';\n";
            items.push(("SCHEMA", "public", "CREATE SCHEMA public;\n"));
            items.push(("COMMENT", "SCHEMA public", comment));
        }
        items.extend(self.plpgsql.map(|(kind, sql)| (kind, "plpgsql", sql)));
        let numbered = (first..).zip(items);
        numbered.map(|(id, (kind, tag, sql))| Item::of_every_database(id, kind, tag, sql)).collect()
    }

    /// Rewrites a custom archive of format 1.14.
    fn rewrite(&self, bytes: &[u8]) -> Vec<u8> {
        assert_eq!(bytes[..11], *b"PGDMP\x01\x0e\x00\x04\x08\x01", "not a custom archive of 15");
        let mut reader = Reader { bytes, at: 11 };
        let mut written = bytes[..11].to_vec();
        written[6] = self.minor;
        // The compression and the time.
        written.extend(reader.take(5 * 8));
        put_text(&mut written, reader.text().as_deref());
        let _versions_of_15 = (reader.text(), reader.text());
        put_text(&mut written, Some(self.name));
        put_text(&mut written, Some(self.name));
        let count = reader.int();
        let mut items: Vec<Item> = (0..count).map(|_| Item::read(&mut reader)).collect();
        let data = &bytes[reader.at..];
        let first = items.iter().map(|item| item.id).max().unwrap() + 1;
        items.retain(|item| self.has(item));
        if !self.qualifies_names {
            items.iter_mut().for_each(Item::unqualify);
        }
        // Behind ENCODING, STDSTRINGS and, where there is one, SEARCHPATH.
        let behind = items.iter().position(|item| item.namespace.as_deref() == Some("public"));
        items.splice(behind.unwrap()..behind.unwrap(), self.own_items(first));

        put_int(&mut written, i32::try_from(items.len()).unwrap());
        let length = |items: &[Item]| {
            let mut text = Vec::new();
            for item in items {
                item.write(self.minor, &mut text);
            }
            text.len()
        };
        let signed = |bytes: usize| i64::try_from(bytes).unwrap();
        let moved = signed(written.len() + length(&items)) - signed(reader.at);
        for item in items.iter_mut().filter(|item| item.offset[0] == 2) {
            let offset = i64::from_le_bytes(item.offset[1..].try_into().unwrap());
            item.offset[1..].copy_from_slice(&(offset + moved).to_le_bytes());
        }
        for item in &items {
            item.write(self.minor, &mut written);
        }
        written.extend(data);
        written
    }
}

#[test]
fn archives_of_older_formats_are_listed_and_swept() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let source = fs::read(archive("mixture")).unwrap();
    let pg_restore = bindir().unwrap().join("pg_restore");
    for version in &VERSIONS {
        let file = format!("{}.dump", version.name);
        fs::write(place.path(&file), version.rewrite(&source)).unwrap();
        let listed = Command::new(&pg_restore)
            .args(["-l", &file])
            .current_dir(place.path(""))
            .env("TZ", "UTC")
            .output()
            .unwrap();
        assert_done(&listed);
        let ours = place.jobtune(&["inspect", "--list", &file]).env("TZ", "UTC").output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&ours.stdout),
            String::from_utf8_lossy(&listed.stdout),
            "{}",
            version.name
        );
        let run = version.name;
        let args = ["sweep", "--archive", &file, "--jobs", "1,2", "--blocks", "1", "--out", run];
        assert_done(&place.run(&args));
        let trials = place.named_trials(run);
        assert_eq!(trials.len(), 2, "{run}");
        let is_language = version.plpgsql.is_some_and(|(kind, _)| kind == "PROCEDURAL LANGUAGE");
        let errors = u8::from(version.dumps_public) + u8::from(is_language);
        for trial in trials {
            assert_eq!(trial["outcome"], "completed", "{run}: {}", trial["message"]);
            assert_eq!(trial["errors"], errors.to_string(), "{run}: they exist already");
        }
    }
    place.assert_clean();
}

/// What decides is the format: 17 and 18 both write 1.16.
#[test]
fn a_version_restores_what_the_next_one_with_its_format_wrote() {
    if !has_images() {
        return;
    }
    let place = Place::new();
    for (made_by, image) in [("18", "postgres:17"), ("18", "postgres:18"), ("16", "postgres:17")] {
        let file = format!(
            "{}/../restore-core/tests/archives/{made_by}/custom",
            env!("CARGO_MANIFEST_DIR")
        );
        let run = format!("{made_by}-by-{}", image.replace(':', "-"));
        let args = ["sweep", "--archive", &file, "--jobs", "1,2", "--blocks", "1", "--out", &run];
        let server = ["--provider", "docker", "--image", image];
        let output = place.run(&[&args[..], &server].concat());
        assert_done(&output);
        let trials = place.named_trials(&run);
        assert_eq!(trials.len(), 2, "{run}");
        for trial in trials {
            assert_eq!(trial["outcome"], "completed", "{run}: {}", trial["message"]);
        }
    }
    place.assert_clean();
}
