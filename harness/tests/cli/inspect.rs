//! `jobtune inspect` on the committed archives.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{Place, assert_done, stderr, stdout};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../restore-core/tests/archives")
}

/// Every committed archive with the listing that its own `pg_restore -l`
/// printed, in UTC.
fn listed() -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for major in fs::read_dir(committed()).unwrap().flatten() {
        for entry in fs::read_dir(major.path()).into_iter().flatten().flatten() {
            let path = entry.path();
            let Some(name) = path.to_string_lossy().strip_suffix(".list.gz").map(PathBuf::from)
            else {
                continue;
            };
            let mut listing = Vec::new();
            let packed = fs::File::open(&path).unwrap();
            flate2::read::GzDecoder::new(packed).read_to_end(&mut listing).unwrap();
            found.push((name, listing));
        }
    }
    found.sort();
    found
}

#[test]
fn the_listing_is_that_of_pg_restore() {
    let place = Place::new();
    let all = listed();
    assert!(all.len() >= 9, "archives of three versions are committed");
    for (archive, expected) in all {
        let mut command = place.jobtune(&["inspect", "--list", &archive.to_string_lossy()]);
        let output = command.env("TZ", "UTC").output().unwrap();
        assert_done(&output);
        let (ours, theirs) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&expected));
        for (ours, theirs) in ours.lines().zip(theirs.lines()) {
            assert_eq!(ours, theirs, "{}", archive.display());
        }
        assert_eq!(output.stdout, expected, "{}", archive.display());
    }
}

#[test]
fn the_answer_comes_first_in_every_form() {
    let place = Place::new();
    let archive = committed().join("18/custom").to_string_lossy().into_owned();
    let text = place.run(&["inspect", &archive]);
    assert_done(&text);
    let text = stdout(&text);
    assert!(text.starts_with("Expect "), "{text}");
    for heading in [
        "Contents",
        "Compression and offsets",
        "What is serial",
        "How many items could run at once",
        "Critical path",
        "What to expect of -j",
    ] {
        assert!(text.lines().any(|line| line == heading), "{heading} is missing:\n{text}");
    }
    let markdown = place.run(&["inspect", &archive, "--format", "markdown"]);
    assert_done(&markdown);
    assert!(stdout(&markdown).starts_with("**Expect "));
    let json = place.run(&["inspect", &archive, "--format", "json", "--jobs", "2,5"]);
    assert_done(&json);
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let jobs: Vec<u64> = report["forecast"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of["jobs"].as_u64().unwrap())
        .collect();
    let enough = report["enough"]["jobs"].as_u64().unwrap();
    assert!([1, 2, 5].iter().all(|wanted| jobs.contains(wanted)), "{jobs:?}");
    assert!(jobs.contains(&enough) && jobs.len() <= 4, "{jobs:?}");
    assert!(report["answer"].as_str().unwrap().starts_with("Expect "));
    assert_eq!(report["basis"], "sizes");
}

fn json(place: &Place, args: &[&str]) -> serde_json::Value {
    let output = place.run(&[&["inspect", "--format", "json"], args].concat());
    assert_done(&output);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_options_leave_out_is_counted_and_not_planned() {
    let place = Place::new();
    let archive = committed().join("15/custom").to_string_lossy().into_owned();
    let whole = json(&place, &[&archive]);
    assert!(whole.get("selection").is_none());
    let count = |report: &serde_json::Value| -> u64 {
        let rows = report["contents"].as_array().unwrap();
        rows.iter().map(|row| row["items"].as_u64().unwrap()).sum()
    };
    let pre = json(&place, &[&archive, "--", "--section=pre-data", "-N", "no such", "-O"]);
    let selection = &pre["selection"];
    assert_eq!(
        selection["options"],
        serde_json::json!(["--exclude-schema=no such", "--no-owner", "--section=pre-data"])
    );
    assert_eq!(selection["without_match"], serde_json::json!(["--exclude-schema=no such"]));
    let left_out = selection["left_out"].as_array().unwrap();
    assert!(left_out.iter().any(|of| of["kind"] == "TABLE DATA"), "{left_out:?}");
    assert_eq!(count(&pre) + selection["left_out_items"].as_u64().unwrap(), count(&whole));
    assert_eq!(pre["data"]["bytes"], 0);
    assert_eq!(pre["tables_in_all"], 0);

    let text = place.run(&["inspect", &archive, "--", "-t", "no such", "--new-option"]);
    assert_done(&text);
    let text = stdout(&text).split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in [
        "Nothing would be restored: the options leave out every item.",
        "'--table=no such' --new-option: 0 items are restored, ",
        "--table=no such: the archive has no such name.",
        "--new-option: jobtune does not know this, and shows what the other options leave.",
    ] {
        assert!(text.contains(sentence), "{sentence} is missing:\n{text}");
    }
}

#[test]
fn options_that_cannot_select_are_refused() {
    let place = Place::new();
    let archive = committed().join("15/custom").to_string_lossy().into_owned();
    let refused = |args: &[&str]| {
        let output = place.run(&[&["inspect", &archive], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        stderr(&output)
    };
    assert!(refused(&["--", "-j", "4"]).contains("-j cannot be used"));
    assert!(refused(&["--", "-a", "-s"]).contains("cannot be used together"));
    assert!(refused(&["--", "-L", "no-list"]).contains("cannot read no-list"));
    let filter = ["--pg-restore", "15", "--", "--filter", "f"];
    assert!(refused(&filter).contains("pg_restore 15 has no --filter"));
}

#[test]
fn serial_and_piped_archives_are_advised_on() {
    let place = Place::new();
    let advice = |name: &str| {
        let archive = committed().join(name).to_string_lossy().into_owned();
        let output = place.run(&["inspect", &archive, "--format", "json"]);
        assert_done(&output);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let kinds = report["advice"].as_array().unwrap().clone();
        kinds.iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(advice("18/tar")[0], "serial_format");
    assert_eq!(advice("17/custom-pipe")[0], "no_offsets");
    assert!(!advice("15/custom").contains(&"no_offsets".to_owned()));
}

#[test]
fn what_is_no_archive_is_said_so() {
    let place = Place::new();
    let path = place.path("dump.sql");
    fs::write(&path, "--\n-- PostgreSQL database dump\n--\n").unwrap();
    let output = place.run(&["inspect", &path.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("SQL script"), "{}", stderr(&output));
    let run = place.path("no-run");
    let archive = committed().join("15/custom").to_string_lossy().into_owned();
    let output = place.run(&["inspect", &archive, "--run", &run.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is not a run folder"), "{}", stderr(&output));
}
