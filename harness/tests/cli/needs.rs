//! What archives need of a server: made on servers of our own, said at once on
//! those of others. `tests/archives/NAME.sql` is what NAME.dump was made of.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::containers::has_images;
use super::external::{External, image};
use super::{Place, assert_done, bindir, has_server, stderr, stdout};

fn archive(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archives");
    folder.join(name).to_string_lossy().into_owned()
}

/// One restore by each of two numbers of jobs, with `more` in the scenario.
fn scenario(place: &Place, name: &str, more: &str) -> String {
    place.scenario(&format!(
        "dataset = {{ archive = {{ path = {:?} }} }}\n[sweep]\njobs = [1, 2]\nwarm_up = \"off\"\n\
         blocks = {{ min = 1, max = 1 }}\n{more}",
        archive(name)
    ))
}

/// What is to be restored besides the objects.
const ALL: &str = "[restore]\nowner = true\nprivileges = true\n";

#[track_caller]
fn assert_completed(place: &Place, output: &Output) {
    assert_done(output);
    let rows = place.named_trials("run");
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row["outcome"], "completed", "{}", row["message"]);
    }
    place.assert_clean();
}

/// The names of what was made on the server, as `run.json` has them.
fn made(place: &Place, what: &str) -> Vec<String> {
    let run = fs::read_to_string(place.path("run/run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_str(&run).unwrap();
    let names = run["servers"]["base"]["made"][what].as_array().cloned().unwrap_or_default();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Sweeps an archive with no option, and says which roles were made for it.
#[track_caller]
fn roles_made_for(name: &str) -> Vec<String> {
    let place = Place::new();
    let output = place.run(&[
        "sweep",
        "--archive",
        &archive(name),
        "--jobs",
        "1,2",
        "--blocks",
        "1",
        "--out",
        "run",
    ]);
    assert_completed(&place, &output);
    let roles = made(&place, "roles");
    let noted = stderr(&output);
    assert!(roles.iter().all(|role| noted.contains(role)), "{roles:?} are not noted:\n{noted}");
    roles
}

/// Sweeps an archive with owners and grants.
#[track_caller]
fn roles_made_for_all_of(name: &str) -> Vec<String> {
    let place = Place::new();
    let output = place.run(&["sweep", &scenario(&place, name, ALL), "--out", "run"]);
    assert_completed(&place, &output);
    made(&place, "roles")
}

#[test]
fn roles_of_policies_and_user_mappings_are_made() {
    if !has_server() {
        return;
    }
    assert_eq!(roles_made_for("absent-roles.dump"), ["Report User", "clerk"]);
    assert_eq!(
        roles_made_for_all_of("absent-roles.dump"),
        ["Report User", "clerk", "postgres", "shop_owner"]
    );
}

#[test]
fn the_role_that_a_restore_acts_as_is_made() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = scenario(&place, "absent-roles.dump", "[restore]\nrole = \"Restore Crew\"\n");
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_completed(&place, &output);
    assert_eq!(made(&place, "roles"), ["Restore Crew", "Report User", "clerk"]);
    assert!(stderr(&output).contains("role Restore Crew"), "{}", stderr(&output));
}

#[test]
fn the_role_that_a_restore_acts_as_may_be_one_of_the_archive() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario =
        scenario(&place, "absent-roles.dump", "[restore]\nowner = true\nrole = \"clerk\"\n");
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    assert_completed(&place, &output);
    assert_eq!(made(&place, "roles")[0], "clerk");
}

#[test]
fn a_role_that_an_external_server_lacks_or_refuses_is_named() {
    let Some(image) = image() else { return };
    let server = External::start(&image);
    server.sql("CREATE ROLE planner LOGIN CREATEDB; CREATE ROLE crew");
    let place = Place::new();
    let conninfo = server.conninfo("planner");
    let scenario = scenario(&place, "forced-security.dump", "");
    for (role, told) in [
        ("nobody", "role \"nobody\", which does not exist on the server: CREATE ROLE \"nobody\""),
        ("crew", "role \"planner\" is no member of it: GRANT \"crew\" TO \"planner\""),
    ] {
        let option = format!("--role={role}");
        let sweep = ["sweep", &scenario, "--out", "run", "--conninfo", &conninfo, "--", &option];
        let output = place.run(&sweep);
        assert_eq!(output.status.code(), Some(2));
        let error = stderr(&output);
        assert!(error.contains(told), "{error}");
        assert!(!place.path("run").exists());
    }
    assert_eq!(server.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'nobody'"), "0");
}

#[test]
fn archives_of_rds() {
    if !has_server() {
        return;
    }
    assert_eq!(roles_made_for("rds.dump"), ["rds_superuser", "readonly"]);
    let all = roles_made_for_all_of("rds.dump");
    assert_eq!(all, ["master", "postgres", "rds_superuser", "rdsadmin", "readonly"]);
}

#[test]
fn archives_of_cloud_sql() {
    if !has_server() {
        return;
    }
    assert_eq!(roles_made_for("cloudsql.dump"), ["ana@example.com", "cloudsqliamuser"]);
    let all = roles_made_for_all_of("cloudsql.dump");
    assert!(all.contains(&"cloudsqladmin".to_owned()), "it owns FOR ALL TABLES: {all:?}");
}

#[test]
fn archives_of_azure() {
    if !has_server() {
        return;
    }
    assert_eq!(roles_made_for("azure.dump"), ["azure_pg_admin", "reader"]);
    let all = roles_made_for_all_of("azure.dump");
    assert!(all.contains(&"citus".to_owned()), "it owns a large object: {all:?}");
}

#[test]
fn archives_of_heroku() {
    if !has_server() {
        return;
    }
    assert_eq!(roles_made_for("heroku.dump"), ["u9k2mcfh7p4q1_analyst"]);
    assert!(roles_made_for_all_of("heroku.dump").contains(&"heroku_postgres".to_owned()));
}

#[test]
fn archives_of_supabase() {
    if !has_server() {
        return;
    }
    let roles = roles_made_for("supabase.dump");
    assert_eq!(roles, ["anon", "authenticated", "service_role"]);
    let all = roles_made_for_all_of("supabase.dump");
    for role in ["supabase_admin", "supabase_auth_admin", "supabase_storage_admin", "postgres"] {
        assert!(all.contains(&role.to_owned()), "{role} of {all:?}");
    }
}

#[test]
fn tablespaces_are_made() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let output = place.run(&["sweep", &scenario(&place, "tablespace.dump", ""), "--out", "run"]);
    assert_completed(&place, &output);
    assert_eq!(made(&place, "tablespaces"), ["fast_ssd"]);
    assert!(stderr(&output).contains("tablespace fast_ssd"), "{}", stderr(&output));
}

#[test]
fn tablespaces_are_made_in_containers() {
    if !has_images() {
        return;
    }
    let place = Place::new();
    let scenario = scenario(&place, "tablespace.dump", "");
    let image = ["--provider", "docker", "--image", "postgres:15", "--out", "run"];
    let output = place.run(&[&["sweep", &scenario], &image[..]].concat());
    assert_completed(&place, &output);
    assert_eq!(made(&place, "tablespaces"), ["fast_ssd"]);
}

#[test]
fn a_missing_extension_is_said_before_anything_is_restored() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let output = place.run(&["sweep", &scenario(&place, "three-missing.dump", ""), "--out", "run"]);
    assert_eq!(output.status.code(), Some(2));
    let error = stderr(&output);
    assert!(error.contains("extension \"codebook\" is not installed there"), "{error}");
    assert!(!error.contains("does not exist"), "role and tablespace are made: {error}");
    assert!(!place.path("run").exists());
    place.assert_clean();
}

#[test]
fn scripts_before_the_restore_may_bring_an_extension() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    fs::write(place.path("before.sql"), "SELECT 1;\n").unwrap();
    let before = "[restore]\nbefore = [\"before.sql\"]\n";
    let scenario = scenario(&place, "three-missing.dump", before);
    let output = place.run(&["sweep", &scenario, "--out", "run"]);
    let error = stderr(&output);
    assert!(!error.contains("is not installed there"), "{error}");
    // This one does not, which the server says.
    let rows = place.named_trials("run");
    assert!(rows.iter().all(|row| row["message"].contains("codebook")), "{rows:?}");
}

#[test]
fn everything_that_an_external_server_lacks_is_said_at_once() {
    let Some(image) = image() else { return };
    let server = External::start(&image);
    let place = Place::new();
    let conninfo = server.conninfo("postgres");
    let scenario = scenario(&place, "three-missing.dump", "");
    let before = server.sql("SELECT count(*) FROM pg_roles");
    let output = place.run(&["sweep", &scenario, "--out", "run", "--conninfo", &conninfo]);
    assert_eq!(output.status.code(), Some(2));
    let error = stderr(&output);
    for missing in [
        "role \"auditor\" does not exist",
        "extension \"codebook\" is not installed there",
        "tablespace \"fast_ssd\" does not exist",
        "--no-tablespaces does without",
    ] {
        assert!(error.contains(missing), "{missing} is not in:\n{error}");
    }
    // What it says to type makes a list without them and what depends on them.
    let command = error.lines().find(|line| line.contains("inspect --list")).unwrap();
    let made = Command::new("sh")
        .args(["-c", command.trim()])
        .current_dir(place.path(""))
        .env("PATH", with_jobtune())
        .status()
        .unwrap();
    assert!(made.success(), "{command}");
    let items = fs::read_to_string(place.path("items")).unwrap();
    assert!(items.contains("TABLE DATA public parcels"), "{items}");
    for absent in ["POLICY", "codebook", "TABLE DATA public code "] {
        assert!(!items.contains(absent), "{absent} is in:\n{items}");
    }
    assert_eq!(server.sql("SELECT count(*) FROM pg_database"), "3", "nothing was made");
    assert_eq!(server.sql("SELECT count(*) FROM pg_roles"), before);
    assert!(!place.path("run").exists());

    // With the options that it names, nothing is missing.
    let named = ["-L", "items", "--no-tablespaces"];
    assert!(error.contains("-L items"), "{error}");
    let sweep = ["sweep", &scenario, "--out", "run", "--conninfo", &conninfo, "--"];
    let output = place.run(&[&sweep[..], &named].concat());
    assert_completed(&place, &output);
    assert_eq!(server.sql("SELECT count(*) FROM pg_database"), "3", "trials' databases are gone");
    assert_eq!(server.sql("SELECT count(*) FROM pg_roles"), before);
}

#[test]
fn rows_that_a_role_may_not_see_are_not_missing() {
    let Some(image) = image() else { return };
    let server = External::start(&image);
    server.sql("CREATE ROLE planner LOGIN CREATEDB");
    let place = Place::new();
    let conninfo = server.conninfo("planner");
    let scenario = scenario(&place, "forced-security.dump", "");
    let output = place.run(&["sweep", &scenario, "--out", "run", "--conninfo", &conninfo]);
    assert_completed(&place, &output);
    for row in place.named_trials("run") {
        assert!(row["message"].contains("cannot be counted by this role"), "{}", row["message"]);
        assert!(row["message"].contains("public.secret"), "{}", row["message"]);
    }
}

/// The path of programs with the `jobtune` that is tested.
fn with_jobtune() -> String {
    let program = assert_cmd::cargo::cargo_bin("jobtune");
    let folder = program.parent().unwrap().display().to_string();
    format!("{folder}:{}", std::env::var("PATH").unwrap_or_default())
}

#[test]
fn databases_get_an_encoding_that_takes_the_archive() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let output = place.run(&["sweep", &scenario(&place, "sql-ascii.dump", ""), "--out", "run"]);
    assert_completed(&place, &output);
    assert!(stderr(&output).contains("created with encoding SQL_ASCII"), "{}", stderr(&output));
    let run = fs::read_to_string(place.path("run/run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_str(&run).unwrap();
    assert_eq!(run["archives"][0]["encoding"], "SQL_ASCII");
}

/// A copy of PostgreSQL's programs that knows the extension `codebook`, which
/// the server's own user can read.
fn with_codebook(place: &Place) -> Option<PathBuf> {
    let programs = bindir()?;
    let major = programs.parent()?.file_name()?.to_owned();
    let root = place.path("tree");
    for part in ["usr/lib/postgresql", "usr/share/postgresql"] {
        let (from, into) = (Path::new("/").join(part).join(&major), root.join(part));
        fs::create_dir_all(&into).unwrap();
        let copied = Command::new("cp").arg("-r").args([&from, &into]).status().unwrap();
        assert!(copied.success());
    }
    let extensions = root.join("usr/share/postgresql").join(&major).join("extension");
    for file in ["codebook.control", "codebook--1.sql"] {
        fs::copy(archive(file), extensions.join(file)).unwrap();
    }
    for folder in root.ancestors().take(2) {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    Some(root.join("usr/lib/postgresql").join(&major).join("bin"))
}

#[test]
fn rows_that_an_extension_brings_do_not_count_against_the_archive() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let Some(bindir) = with_codebook(&place) else { return };
    let bindir = bindir.to_string_lossy().into_owned();
    let scenario = scenario(&place, "extension-config.dump", "");
    let output = place.run(&["sweep", &scenario, "--bindir", &bindir, "--out", "run"]);
    assert_completed(&place, &output);
}

#[test]
fn inspect_lists_what_an_archive_needs() {
    let place = Place::new();
    let text = place.run(&["inspect", &archive("three-missing.dump")]);
    assert_done(&text);
    let text = stdout(&text);
    for line in [
        "What it needs of a server",
        "role \"auditor\"",
        "extension \"codebook\"",
        "tablespace \"fast_ssd\"",
        "--no-tablespaces",
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    assert!(!text.contains("plpgsql") && !text.contains("role \"postgres\""), "{text}");
    let json = place.run(&["inspect", &archive("supabase.dump"), "--format", "json"]);
    assert_done(&json);
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let needs = report["needs"].as_array().unwrap();
    let anon = needs.iter().find(|need| need["name"] == "anon").unwrap();
    assert_eq!(anon["kind"], "role");
    let purposes: Vec<&str> =
        anon["uses"].as_array().unwrap().iter().map(|of| of["purpose"].as_str().unwrap()).collect();
    assert_eq!(purposes, ["grant", "default_privileges", "policy"]);
    assert_eq!(report["source"]["encoding"], "UTF8");
}

#[test]
fn inspect_says_which_rows_a_function_checks() {
    let place = Place::new();
    let output = place.run(&["inspect", &archive("parallel-only.dump")]);
    assert_done(&output);
    let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    let advice = "the first public.sales by public.known(text)";
    assert!(text.contains(advice), "{text}");
}
