//! The composite action and `scripts/gate`: what they hand on, and what jobtune takes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_yaml_ng::Value;

use super::{Place, stderr};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn action() -> Value {
    serde_yaml_ng::from_str(&fs::read_to_string(root().join("action.yml")).unwrap()).unwrap()
}

/// The inputs that expressions of a text name.
fn named(text: &str, what: &str) -> Vec<String> {
    let open = format!("${{{{ {what}.");
    let after = text.split(&open).skip(1);
    after.map(|rest| rest.split(" }}").next().unwrap().to_owned()).collect()
}

#[test]
fn every_input_is_handed_on() {
    let action = action();
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    assert_eq!(action["runs"]["using"], "composite");
    let mut used = Vec::new();
    for step in steps {
        assert_eq!(step["shell"], "bash", "a composite step names its shell");
        let run = step["run"].as_str().unwrap();
        assert!(!run.contains("${{"), "what a user gives would be run as shell: {run}");
        for (_, value) in step["env"].as_mapping().unwrap() {
            used.extend(named(value.as_str().unwrap(), "inputs"));
        }
    }
    let inputs = action["inputs"].as_mapping().unwrap();
    let mut declared: Vec<String> =
        inputs.keys().map(|key| key.as_str().unwrap().to_owned()).collect();
    declared.sort();
    used.sort();
    assert_eq!(used, declared);
    for (name, input) in inputs {
        assert!(input["description"].is_string(), "{name:?}");
        assert!(input["required"] == true || input["default"].is_string(), "{name:?}");
    }
    let gate = steps.iter().find(|step| step["id"] == "gate").unwrap();
    let script = fs::read_to_string(root().join("scripts/gate")).unwrap();
    for (name, _) in gate["env"].as_mapping().unwrap() {
        let name = name.as_str().unwrap();
        assert!(name == "SOURCE" || script.contains(&format!("${{{name}:-")), "{name}");
    }
    for (name, output) in action["outputs"].as_mapping().unwrap() {
        let name = name.as_str().unwrap();
        assert_eq!(output["value"], format!("${{{{ steps.gate.outputs.{name} }}}}"));
        assert!(script.contains(&format!("{name}=%s")), "{name}");
    }
}

/// Runs the gate with the defaults of the action, and a jobtune that notes how it is
/// called and whose comparisons end with these statuses, one after the other.
fn gate(place: &Place, statuses: &[i32], more: &[(&str, &str)]) -> (Output, Vec<Vec<String>>) {
    let bin = place.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let written: Vec<String> = statuses.iter().map(ToString::to_string).collect();
    fs::write(place.path("statuses"), written.join("\n") + "\n").unwrap();
    let program = "#!/bin/bash\nprintf '%s\\0' jobtune \"$@\" END >>calls\n\
                   [[ $1 == compare ]] || exit 0\necho '# said' >\"${!#}\"\n\
                   read -r status <statuses\nsed -i 1d statuses\nexit \"$status\"\n";
    fs::write(bin.join("jobtune"), program).unwrap();
    fs::set_permissions(bin.join("jobtune"), fs::Permissions::from_mode(0o755)).unwrap();
    let _ = fs::remove_file(place.path("calls"));

    let action = action();
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    let step = steps.iter().find(|step| step["id"] == "gate").unwrap();
    let mut command = Command::new(root().join("scripts/gate"));
    for (name, value) in step["env"].as_mapping().unwrap() {
        let inputs = named(value.as_str().unwrap(), "inputs");
        let Some(input) = inputs.first() else { continue };
        let default = action["inputs"][input.as_str()]["default"].as_str().unwrap_or("gate.toml");
        command.env(name.as_str().unwrap(), default);
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    command
        .current_dir(place.path("."))
        .env("PATH", path)
        .env("GITHUB_OUTPUT", place.path("output"))
        .env("GITHUB_STEP_SUMMARY", place.path("summary"));
    for (name, value) in more {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    let calls = fs::read_to_string(place.path("calls")).unwrap_or_default();
    let calls = calls.split("END\0").filter(|call| !call.is_empty());
    let words = |call: &str| call.split_terminator('\0').map(str::to_owned).collect();
    (output, calls.map(words).collect())
}

#[test]
fn the_gate_calls_jobtune_as_it_is() {
    let place = Place::new();
    let (output, calls) = gate(&place, &[0], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(calls.len(), 2, "{calls:?}");
    for call in &calls {
        let parsed = harness::cli::command().try_get_matches_from(call);
        parsed.unwrap_or_else(|error| panic!("{call:?}: {error}"));
    }
    assert_eq!(calls[0][1..4], ["sweep", "gate.toml", "--out"]);
    assert_eq!(calls[1][1..3], ["compare", "runs/gate/run-1"]);
    let said = fs::read_to_string(place.path("output")).unwrap();
    assert_eq!(said, "verdict=pass\nrun=runs/gate/run-1\n");
    assert_eq!(fs::read_to_string(place.path("summary")).unwrap(), "# said\n");
}

#[test]
fn the_gate_ends_as_the_comparison_does() {
    let place = Place::new();
    let status = |statuses: &[i32], more: &[(&str, &str)]| {
        let (output, calls) = gate(&place, statuses, more);
        (output.status.code().unwrap(), calls.len() / 2)
    };
    assert_eq!(status(&[1, 1], &[]), (1, 2), "a regression is measured once more");
    assert_eq!(status(&[1, 0], &[]), (0, 2), "a false alarm");
    assert_eq!(status(&[1], &[("GATE_REPEAT", "0")]), (1, 1));
    assert_eq!(status(&[3], &[]), (0, 1), "it warns");
    assert_eq!(status(&[3], &[("GATE_INCONCLUSIVE", "fail")]), (3, 1));
    assert_eq!(status(&[2], &[]), (2, 1));
    assert_eq!(status(&[0], &[("GATE_INCONCLUSIVE", "maybe")]), (2, 0));
    assert_eq!(status(&[0], &[("GATE_SCENARIO", "")]), (2, 0));
}

/// What the documentation shows is what the action takes.
#[test]
fn the_documented_workflow_uses_the_action_as_it_is() {
    let text = fs::read_to_string(root().join("docs/ci.md")).unwrap();
    let action = action();
    let mut found = 0;
    for block in text.split("```yaml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let workflow: Value = serde_yaml_ng::from_str(block).unwrap();
        for (_, job) in workflow["jobs"].as_mapping().unwrap() {
            for step in job["steps"].as_sequence().unwrap() {
                let Some(uses) = step["uses"].as_str() else { continue };
                if !uses.contains("jobtune") {
                    continue;
                }
                found += 1;
                for (input, _) in step["with"].as_mapping().unwrap() {
                    assert!(action["inputs"].get(input).is_some(), "no input {input:?}");
                }
            }
        }
    }
    assert!(found > 0, "docs/ci.md shows no use of the action");
}
