//! The JSON schema of scenarios: what is committed, and what it lets through.

use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use super::{Place, assert_done};

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn committed() -> Self {
        let text = std::fs::read_to_string(scenarios().join("schema.json")).unwrap();
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.add_resource("schema.json", serde_json::from_str(&text).unwrap()).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn check(&self, toml: &str) -> Result<(), String> {
        let value: Value = toml::from_str(toml).map_err(|error| error.to_string())?;
        self.schemas.validate(&value, self.index).map_err(|error| format!("{error:#}"))
    }
}

#[test]
fn the_committed_schema_is_what_the_program_prints() {
    let output = Place::new().run(&["schema"]);
    assert_done(&output);
    let committed = std::fs::read(scenarios().join("schema.json")).unwrap();
    assert!(
        committed == output.stdout,
        "scenarios/schema.json is old: jobtune schema > scenarios/schema.json"
    );
}

#[test]
fn every_scenario_is_valid() {
    let validator = Validator::committed();
    let mut count = 0;
    for entry in std::fs::read_dir(scenarios()).unwrap().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("#:schema schema.json\n"), "{}: no #:schema", path.display());
        validator.check(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        count += 1;
    }
    assert!(count > 20, "{count} scenarios");
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let validator = Validator::committed();
    let base = "dataset.archive.path = \"x.dump\"\n";
    for good in [
        "",
        "phase = \"restore\"",
        "[sweep]\njobs = [1, 2, \"auto\"]\nengines = [\"native\"]\nbudget = \"1h 30m\"",
        "[sweep]\nblocks = { min = 3, precision = \"2.5 %\" }\nwarm_up = \"off\"",
        "[server]\nsettings = { a = 1, b = 1.5, c = true, d = \"x\" }",
        "[restore]\nno_comments = true\ntable = [\"a\"]\nno-tablespaces = true\nschema = \"s\"",
        "[restore]\nerrors = [\"role\"]\nkeep = [\"cpu=80%\"]\ntransaction_size = 5",
        "[[variant]]\nname = \"v\"\nrestore = { owner = true, no_data = true }",
        "[workload]\nrate = 5\n[limits]\np99_latency = \"12ms\"",
    ] {
        validator.check(&format!("{base}{good}")).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for bad in [
        "[sweep]\njob = [1]",
        "[sweep]\njobs = [0]",
        "[sweep]\njobs = [\"many\"]",
        "[sweep]\nengines = [\"native-auto\"]",
        "[sweep]\nformats = [\"zip\"]",
        "[sweep]\ncompression = [\"gzip:x\"]",
        "[sweep.blocks]\nprecision = 3",
        "[server]\nprovider = \"cloud\"",
        "[limits]\ntolerance = \"5\"",
        "[restore]\nno_coments = true",
        "[restore]\njobs = 4",
        "[restore]\nowner = 3",
        "[restore]\nkeep = [\"p98=1s\"]",
        "[[variant]]\nsettings = {}",
        "dataset.tpch.scale = 1",
    ] {
        assert!(validator.check(&format!("{base}{bad}")).is_err(), "{bad} is valid");
    }
    assert!(validator.check("name = \"x\"").is_err(), "a dataset is required");
}

#[test]
fn what_init_writes_is_valid() {
    let place = Place::new();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archives/supabase.dump");
    assert_done(&place.run(&["init", &archive.to_string_lossy()]));
    let text = std::fs::read_to_string(place.path("supabase.toml")).unwrap();
    Validator::committed().check(&text).unwrap();
}
