//! Archives that people really have, each with the outcome that it should come to. The archives
//! are small and lie in tests/archives.

use std::fs;
use std::path::Path;

use super::containers::has_images;
use super::external::{External, docker};
use super::{Place, assert_done, bindir, has_server, stderr, stdout};

/// The path of an archive in tests/archives.
pub(super) fn archive(name: &str) -> String {
    format!("{}/tests/archives/{name}.dump", env!("CARGO_MANIFEST_DIR"))
}

/// Outcome, number of jobs, and errors of each trial.
fn outcomes(place: &Place, run: &str) -> Vec<(String, String, String)> {
    let trials = place.named_trials(run);
    let of = |row: &std::collections::BTreeMap<String, String>, name: &str| row[name].clone();
    trials.iter().map(|row| (of(row, "outcome"), of(row, "jobs"), of(row, "errors"))).collect()
}

fn record(place: &Place, run: &str) -> serde_json::Value {
    let text = fs::read_to_string(place.path(run).join("run.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn public_schema_is_swept_with_no_option() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let dump = archive("public-schema");
    let args = ["sweep", "--archive", &dump, "--jobs", "1,2", "--blocks", "1", "--out", "run"];
    let output = place.run(&args);
    assert_done(&output);
    let trials = outcomes(&place, "run");
    assert_eq!(trials.len(), 2);
    assert!(trials.iter().all(|(outcome, _, errors)| outcome == "completed" && errors == "1"));
    let said = "ERROR:  schema \"public\" already exists";
    assert_eq!(stderr(&output).matches(said).count(), 1, "{}", stderr(&output));
    let notes = &record(&place, "run")["error_notes"];
    assert!(notes[0].as_str().is_some_and(|note| note.ends_with(said)), "{notes}");
    assert_eq!(notes.as_array().map(Vec::len), Some(1));
    let errors = fs::read_to_string(place.path("run/errors/1.csv")).unwrap();
    assert!(errors.contains("in_every_database,true"), "{errors}");
    assert!(stdout(&output).contains("accepted: every new database has it"), "{}", stdout(&output));

    let strict =
        ["sweep", "--archive", &dump, "--jobs", "1", "--out", "strict", "--errors", "none"];
    let output = place.run(&strict);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("1 error in the restore that is not accepted"));
    place.assert_clean();
}

#[test]
fn errors_that_are_always_the_same_can_be_accepted() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let dump = archive("index-roles");
    let args = ["sweep", "--archive", &dump, "--jobs", "1,2", "--blocks", "2", "--out", "run"];
    let output = place.run(&args);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("2 errors in the restore that are not accepted"), "{text}");
    assert!(text.contains("2 errors: a role does not exist"), "{text}");
    assert!(text.contains("INDEX public.needs_alice (item "), "{text}");
    assert!(text.contains("CREATE ROLE name NOLOGIN"), "{text}");
    assert!(text.contains("jobtune sweep --resume run --errors same"), "{text}");
    assert!(!text.contains("go on with"), "{text}");
    assert_eq!(place.trials("run").len(), 0);

    // As the message says.
    let output = place.run(&["sweep", "--resume", "run", "--errors", "same"]);
    assert_done(&output);
    let trials = outcomes(&place, "run");
    assert_eq!(trials.len(), 4);
    assert!(trials.iter().all(|(outcome, _, errors)| outcome == "completed" && errors == "2"));
    let other = place.run(&["sweep", "--resume", "run", "--errors", "none"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(stderr(&other).contains("accepted other errors"), "{}", stderr(&other));

    let pattern = ["--accept-error", "role \"\\w+\" does not exist", "--jobs", "1"];
    let mut args = vec!["sweep", "--archive", &dump, "--blocks", "1", "--out", "matching"];
    args.extend(pattern);
    assert_done(&place.run(&args));
    place.assert_clean();
}

#[test]
fn all_trials_that_fail_are_no_answer() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(&format!(
        "dataset.archive.path = '{}'\n[sweep]\njobs = [1, 2]\nwarm_up = \"off\"\n",
        archive("index-roles")
    ));
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(place.trials("run").len(), 3);
    let line = "failed: INDEX public.needs_alice (item ";
    assert!(stderr(&output).contains(line), "{}", stderr(&output));
    let recommend = place.run(&["recommend", "run"]);
    assert_eq!(recommend.status.code(), Some(2));
    let text = stdout(&recommend);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("6 errors in 3 trials at -j 1, 2: a role does not exist."), "{text}");
    let json = place.run(&["recommend", "run", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["errors"][0]["kind"], "missing_role");
    assert_eq!(json["errors"][0]["trials"], 3);
}

/// Whether a restore with several jobs fails is left to chance, but one always finds the rows.
#[test]
fn parallel_only_is_called_so() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let dump = archive("parallel-only");
    let args = ["sweep", "--archive", &dump, "--jobs", "1,2,4", "--blocks", "4", "--out", "run"];
    let output = place.run(&args);
    assert_done(&output);
    let trials = outcomes(&place, "run");
    assert_eq!(trials.len(), 12, "{}", stderr(&output));
    let failed = |jobs: &str| {
        let of_jobs = trials.iter().filter(|(_, own, _)| own == jobs);
        of_jobs.filter(|(outcome, ..)| outcome == "failed").count()
    };
    assert_eq!(failed("1"), 0);
    let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!text.contains("Add larger values to --jobs"), "{text}");
    if failed("2") + failed("4") == 0 {
        eprintln!("every parallel restore was lucky: there is nothing to call");
        return;
    }
    assert!(text.contains("Only -j 1 restores custom"), "{text}");
    assert!(text.contains(&format!("0 of 4 at -j 1, {} of 4 at -j 2", failed("2"))), "{text}");
    assert!(text.contains("violates check constraint"), "{text}");
    place.assert_clean();
}

#[test]
fn one_error_more_fails_the_trial_and_is_named() {
    if !has_images() {
        return;
    }
    let server = External::start("postgres:15");
    server.sql("CREATE ROLE bob_x");
    let conninfo = server.conninfo("postgres");
    let place = Place::new();
    let scenario = place.scenario(&format!(
        "dataset.archive.path = '{}'\n[sweep]\njobs = [1]\nblocks = {{ min = 2, max = 2 }}\n\
         warm_up = \"off\"\n[restore]\nerrors = \"same\"\n",
        archive("index-roles")
    ));
    let first = ["sweep", &scenario, "--out", "run", "--conninfo", &conninfo, "--budget", "1ms"];
    assert_done(&place.run(&first));
    assert_eq!(outcomes(&place, "run"), [("completed".into(), "1".into(), "1".into())]);
    server.sql("DROP ROLE bob_x");
    let resume = ["sweep", "--resume", "run", "--conninfo", &conninfo, "--budget", "1h"];
    let output = place.run(&resume);
    assert_done(&output);
    assert_eq!(outcomes(&place, "run")[1], ("failed".into(), "1".into(), "2".into()));
    let text = stderr(&output);
    assert!(
        text.contains("failed: 1 error more than in trial 1: INDEX public.needs_bob (item "),
        "{text}"
    );
    assert!(text.contains("ERROR:  role \"bob_x\" does not exist"), "{text}");
}

/// Programs of version 17 that run in a container which shares this machine's network.
struct Programs17(String);

impl Programs17 {
    fn start(place: &Place) -> Self {
        let shared = format!("{0}:{0}", place.path("").display());
        let archives =
            format!("{0}:{0}:ro", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archives"));
        let container = docker(&[
            "run",
            "--detach",
            "--rm",
            "--network",
            "host",
            "--volume",
            &shared,
            "--volume",
            &archives,
            "--entrypoint",
            "sleep",
            "postgres:17",
            "600",
        ]);
        fs::create_dir(place.path("bin")).unwrap();
        for program in ["pg_dump", "pg_restore", "psql"] {
            let path = place.path("bin").join(program);
            let folder = "/usr/lib/postgresql/17/bin";
            let text =
                format!("#!/bin/sh\nexec docker exec {container} {folder}/{program} \"$@\"\n");
            fs::write(&path, text).unwrap();
            executable(&path);
        }
        Self(container)
    }
}

impl Drop for Programs17 {
    fn drop(&mut self) {
        let _ = std::process::Command::new("docker").args(["rm", "--force", &self.0]).output();
    }
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn newer_client_sets_what_the_server_does_not_know() {
    if !has_images() || bindir().is_none() {
        return;
    }
    let server = External::start("postgres:15");
    let place = Place::new();
    let _programs = Programs17::start(&place);
    let conninfo = server.conninfo("postgres");
    let dump = archive("newer-client");
    let mut args = vec!["sweep", "--archive", &dump, "--jobs", "1,2", "--blocks", "1"];
    args.extend(["--out", "run", "--bindir", "bin", "--conninfo", &conninfo]);
    let output = place.run(&args);
    assert_done(&output);
    let trials = outcomes(&place, "run");
    assert_eq!(trials.len(), 2);
    assert!(trials.iter().all(|(outcome, ..)| outcome == "completed"), "{}", stderr(&output));
    let said = "unrecognized configuration parameter \"transaction_timeout\"";
    assert_eq!(stderr(&output).matches(said).count(), 1, "{}", stderr(&output));
}

/// The server of a cluster goes with its databases, but between trials each must go by itself.
#[test]
fn subscription_goes_with_its_database() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let dump = archive("subscription");
    let args = ["sweep", "--archive", &dump, "--jobs", "1,2", "--blocks", "1", "--out", "run"];
    assert_done(&place.run(&args));
    let trials = outcomes(&place, "run");
    assert_eq!(trials.len(), 2);
    assert!(trials.iter().all(|(outcome, ..)| outcome == "completed"), "{trials:?}");
    place.assert_clean();
}

/// A check that reads a table which is restored later fails with one worker.
#[test]
fn rows_that_an_accepted_error_keeps_out_do_not_count_against_a_trial() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let dump = archive("refused-rows");
    let args = ["sweep", "--archive", &dump, "--jobs", "1", "--blocks", "1", "--out", "run"];
    let output = place.run(&args);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("violates check constraint"), "{}", stderr(&output));
    assert_done(&place.run(&["sweep", "--resume", "run", "--errors", "same"]));
    let trials = outcomes(&place, "run");
    assert_eq!(trials.len(), 1);
    assert!(trials.iter().all(|(outcome, _, errors)| outcome == "completed" && errors == "1"));
    place.assert_clean();
}

/// Enums as partition keys loaded by way of the root, names in LATIN1, row security, event
/// triggers, grants to absent roles, a comment and grants of the database: none needs an option.
#[test]
fn what_has_nothing_wrong_with_it_is_swept_with_no_option() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let other = format!("{}/../restore-core/tests/archives/cases", env!("CARGO_MANIFEST_DIR"));
    let own = ["enum-hash", "latin1", "load-root", "mixture", "owner-grants", "sql-ascii"];
    let dumps = own.map(|name| (name, archive(name)));
    for (name, dump) in dumps.into_iter().chain([("dbacl", format!("{other}/dbacl.dump"))]) {
        let args = ["sweep", "--archive", &dump, "--jobs", "1,2", "--blocks", "1", "--out", name];
        assert_done(&place.run(&args));
        let trials = outcomes(&place, name);
        assert_eq!(trials.len(), 2, "{name}");
        for (outcome, _, errors) in trials {
            assert_eq!((outcome.as_str(), errors.as_str()), ("completed", "0"), "{name}");
        }
    }
    place.assert_clean();
}

/// What Windows `PowerShell` 5 makes of `pg_dump -Fc > FILE`.
#[test]
fn an_archive_that_a_shell_converted_is_refused_with_the_cause() {
    let place = Place::new();
    let bytes = fs::read(archive("latin1")).unwrap();
    let units = bytes.iter().flat_map(|&byte| u16::from(byte).to_le_bytes());
    fs::write(place.path("utf16.dump"), [0xff, 0xfe].into_iter().chain(units).collect::<Vec<_>>())
        .unwrap();
    let output = place.run(&["sweep", "--archive", "utf16.dump", "--out", "run"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("PowerShell"), "{}", stderr(&output));
    assert!(!place.path("run").exists());
    place.assert_clean();
}
