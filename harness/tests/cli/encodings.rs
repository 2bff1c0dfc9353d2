//! Archives of databases that are not in UTF-8, restored into one that is.

use std::path::Path;

use super::{Place, assert_done, has_server, stderr};

fn archive(case: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../restore-core/tests/archives/cases");
    folder.join(format!("{case}.dump")).to_string_lossy().into_owned()
}

/// The rows of tables with such names are found again.
#[test]
fn rows_are_verified_under_their_names() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    for case in ["win1251", "sjis", "euc-jp"] {
        let archive = archive(case);
        let args =
            ["sweep", "--archive", &archive, "--jobs", "1,2", "--blocks", "1", "--out", case];
        assert_done(&place.run(&args));
        let trials = place.named_trials(case);
        assert_eq!(trials.len(), 2, "{case}");
        assert!(trials.iter().all(|row| row["outcome"] == "completed"), "{case}: {trials:?}");
    }
    place.assert_clean();
}

#[test]
fn names_are_shown_as_text_and_listed_as_bytes() {
    let place = Place::new();
    let shown = place.run(&["inspect", &archive("sjis")]);
    let text = String::from_utf8(shown.stdout.clone()).unwrap();
    assert!(text.contains('表'), "{text}{}", stderr(&shown));
    let listed = place.jobtune(&["inspect", "--list", &archive("sjis")]).env("TZ", "UTC").output();
    let expected = archive("sjis").replace(".dump", ".listing");
    assert_eq!(listed.unwrap().stdout, std::fs::read(expected).unwrap());
}
