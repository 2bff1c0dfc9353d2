//! The JSON schemas of what scenarios are written with: quantities, words, options of
//! `pg_restore`.

use std::borrow::Cow;

use restore_core::options::{Meaning, Opt, RestoreOptions, Takes};
use restore_core::units::Jobs;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::error_policy::ErrorPolicy;
use super::keep::Limit;
use super::network::Bandwidth;
use super::quantity::{LoadInterval, Memory, Percent, Span, WarmUp};

/// The schema of a type that is written as a string.
macro_rules! written {
    ($type:ty, $name:literal, $description:literal, $pattern:literal, $examples:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "description": $description,
                    "type": "string",
                    "pattern": $pattern,
                    "examples": $examples,
                })
            }
        }
    };
}

written!(Percent, "Percent", "A percentage.", r"^[0-9.]+\s*%$", ["5%"]);
written!(Span, "Span", "A span of time.", "[0-9]", ["90s", "30m", "1h 30m"]);
written!(
    Memory,
    "Memory",
    "An amount of memory; MB and MiB are the same.",
    r"^[0-9]+\s*[kKmMgG]([iI]?[bB])?$",
    ["512MB", "2GB"]
);
written!(
    LoadInterval,
    "LoadInterval",
    "A span of time from 10ms, or off.",
    "^off$|[0-9]",
    ["100ms", "off"]
);
written!(
    WarmUp,
    "WarmUp",
    "A span of time, whole or off.",
    "^(off|whole)$|[0-9]",
    ["5m", "whole", "off"]
);
written!(
    Bandwidth,
    "Bandwidth",
    "Bits or bytes per second.",
    r"^[0-9.]+\s*([kMG]bit|[kMG]B/s)$",
    ["100Mbit", "12MB/s"]
);
written!(
    Limit,
    "Limit",
    "What restores with jobs = \"auto\" keep.",
    "^(p99|latency|cpu|io-pressure|disk|lag|wal-rate|connections|locks-waiting)=",
    ["p99=12ms", "latency=+50%", "cpu=80%"]
);

/// `--compress` of `pg_dump`.
pub(super) struct Compression;
written!(
    Compression,
    "Compression",
    "A compression as pg_dump takes it.",
    "^(none|(gzip|lz4|zstd)(:[0-9]+)?)$",
    ["none", "gzip:6", "lz4", "zstd:3"]
);

/// `--format` of `pg_dump`.
pub(super) struct Format;
written!(
    Format,
    "Format",
    "A format of archives.",
    "^(custom|directory|tar|plain)$",
    ["custom", "directory", "tar", "plain"]
);

/// A value of `-j`.
pub(super) struct SweptJobs;

impl JsonSchema for SweptJobs {
    fn schema_name() -> Cow<'static, str> {
        "Jobs".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number of jobs; \"auto\" for as many as restore.keep allows.",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": Jobs::MAX },
                { "const": "auto" },
            ],
        })
    }
}

/// A number of jobs that is one.
pub(super) struct FixedJobs;

impl JsonSchema for FixedJobs {
    fn schema_name() -> Cow<'static, str> {
        "FixedJobs".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number of jobs.",
            "type": "integer",
            "minimum": 1,
            "maximum": Jobs::MAX,
        })
    }
}

impl JsonSchema for ErrorPolicy {
    fn schema_name() -> Cow<'static, str> {
        "ErrorPolicy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Which errors a trial may have and still count: a word, or regular \
                            expressions beside what is harmless.",
            "anyOf": [
                { "enum": ["harmless", "same", "none"] },
                { "type": "array", "items": { "type": "string", "format": "regex" } },
            ],
        })
    }
}

/// The keys of `[restore]` that are options of `pg_restore`, from the table of options.
pub(super) fn add_restore_options(schema: &mut Schema) {
    let mut options = Map::new();
    let taken = Opt::ALL
        .iter()
        .filter(|option| matches!(option.meaning(), Meaning::Selects | Meaning::Changes));
    for option in taken {
        let since = match option.since().0 {
            0 => String::new(),
            major => format!(" of PostgreSQL {major} and later"),
        };
        let text = json!("string");
        let types = match option.takes() {
            Takes::Nothing => json!({ "type": "boolean" }),
            Takes::Value => json!({ "type": ["string", "integer"] }),
            Takes::Values => json!({
                "anyOf": [{ "type": text }, { "type": "array", "items": { "type": text } }]
            }),
        };
        let mut types = types;
        types["description"] = json!(format!("--{} of pg_restore{since}.", option.long()));
        // Both spellings are read; editors offer the one of TOML.
        options.insert(option.long().replace('-', "_"), types.clone());
        if option.long().contains('-') {
            options.insert(option.long().to_owned(), types);
        }
    }
    options.insert(
        RestoreOptions::UNKNOWN.to_owned(),
        json!({
            "description": "Options that jobtune does not know, as they would stand behind --.",
            "type": "array",
            "items": { "type": "string" },
        }),
    );
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, option) in options {
            properties.entry(name).or_insert(option);
        }
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
}
