//! The gate, noise, history and tuning on a throw-away cluster.

use std::fs;

use serde_json::Value;

use super::{Place, assert_done, has_server, stderr, stdout};

const TWO_VARIANTS: &str = r#"
name = "gate"
dataset = { pgbench = { scale = 1 } }
[server.settings]
fsync = false
[sweep]
jobs = [1, 2]
formats = ["directory"]
blocks = { min = 5, max = 5 }
seed = 3
[[variant]]
name = "candidate"
"#;

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn a_run_is_compared_and_judged_by_its_exit_status() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(TWO_VARIANTS);
    assert_done(&place.run(&["sweep", &scenario, "--out", "run"]));

    // Equal arms pass so wide an allowance on any machine.
    let pass = place.run(&["compare", "run", "--allowance", "900%", "--margin", "300%"]);
    assert_eq!(pass.status.code(), Some(0), "{}{}", stdout(&pass), stderr(&pass));
    assert!(stdout(&pass).starts_with("Pass: candidate is less than 900 % slower than base"));
    let trials = place.path("run/trials.csv");
    let text = fs::read_to_string(&trials).unwrap();
    fs::write(&trials, slower(&text)).unwrap();
    let args = ["compare", "run", "--annotations", "--junit", "gate.xml", "--format", "json"];
    let output = place.run(&args);
    assert_eq!(output.status.code(), Some(1), "{}{}", stdout(&output), stderr(&output));
    assert_eq!(json(&output.stdout)["finding"], "regression");
    assert!(stderr(&output).starts_with("::error title=jobtune::Regression: "));
    let junit = fs::read_to_string(place.path("gate.xml")).unwrap();
    assert!(junit.contains("<failure ") && junit.contains("time over all -j"), "{junit}");

    // Four of five blocks carry no verdict.
    let cut: Vec<&str> = text.lines().take(1 + 4 * 4).collect();
    fs::write(&trials, cut.join("\n") + "\n").unwrap();
    let output = place.run(&["compare", "run"]);
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    assert!(stdout(&output).contains("4 of the 5 blocks"), "{}", stdout(&output));
}

/// The candidate's times tripled: a field of `trials.csv` at a time.
fn slower(text: &str) -> String {
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let column = |name| header.iter().position(|&known| known == name).unwrap();
    let (variant, wall) = (column("variant"), column("wall_ns"));
    let lines = text.lines().map(|line| {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        if fields[variant] == "candidate" {
            fields[wall] = (fields[wall].parse::<u64>().unwrap() * 3).to_string();
        }
        fields.join(",") + "\n"
    });
    lines.collect()
}

#[test]
fn runs_of_another_kind_are_refused_unless_told() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let sweep = |name: &str, settings: &str, scale: &str| {
        let text = format!(
            "name = \"one\"\ndataset = {{ pgbench = {{ scale = {scale} }} }}\n[server.settings]\n\
             {settings}\n[sweep]\njobs = [2]\nformats = [\"custom\"]\n\
             blocks = {{ min = 5, max = 5 }}\n"
        );
        let scenario = place.scenario(&text);
        assert_done(&place.run(&["sweep", &scenario, "--out", name]));
    };
    sweep("a", "fsync = false", "1");
    sweep("b", "fsync = false", "1");
    sweep("c", "work_mem = \"5MB\"", "2");

    let alike = place.run(&["compare", "a", "b", "--allowance", "900%", "--margin", "300%"]);
    assert_eq!(alike.status.code(), Some(0), "{}{}", stdout(&alike), stderr(&alike));
    assert!(stdout(&alike).contains("recorded apart"), "{}", stdout(&alike));
    let refused = place.run(&["compare", "a", "c"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = stderr(&refused);
    for words in ["settings: ", "fsync = off and on", "archive: custom", "--allow settings,archive"]
    {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
    let told = place.run(&["compare", "a", "c", "--allow", "settings,archive"]);
    assert_ne!(told.status.code(), Some(2), "{}", stderr(&told));
    assert!(stdout(&told).contains("as allowed"), "{}", stdout(&told));

    let few = place.run(&["compare", "a", "b", "--history", "."]);
    assert_eq!(few.status.code(), Some(2));
    assert!(stderr(&few).contains("has 2 runs like a, and 3 are needed"), "{}", stderr(&few));

    let history = place.run(&["history", "."]);
    assert_done(&history);
    assert!(
        stdout(&history).starts_with("Too short to tell: no cell has more than 3 runs"),
        "{}",
        stdout(&history)
    );

    // Damage and newer folders are told, and left out of a history.
    fs::write(place.path("b/run.json"), "{\"schema\": 999}").unwrap();
    let newer = place.run(&["compare", "a", "b"]);
    assert_eq!(newer.status.code(), Some(2));
    assert!(stderr(&newer).contains("use a newer jobtune"), "{}", stderr(&newer));
    fs::write(place.path("c/trials.csv"), "trial\nnonsense\n").unwrap();
    let damaged = place.run(&["compare", "a", "c", "--allow", "settings,archive"]);
    assert_eq!(damaged.status.code(), Some(2));
    assert!(stderr(&damaged).contains("trials.csv:2"), "{}", stderr(&damaged));
    let history = place.run(&["history", "."]);
    assert_eq!(stderr(&history).matches("left out").count(), 2, "{}", stderr(&history));
}

#[test]
fn noise_measures_the_same_thing_twice() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(TWO_VARIANTS);
    let output =
        place.run(&["noise", &scenario, "--jobs", "2", "--out", "run", "--format", "json"]);
    assert_done(&output);
    place.assert_clean();
    let noise = json(&output.stdout);
    assert_eq!(noise["blocks"], 6);
    assert!(noise["metrics"][0]["detectable_ratio"].as_f64().unwrap() > 0.03, "{noise}");
    assert_eq!(place.trials("run").len(), 12);
    let again = place.run(&["noise", "run", "--effect", "50%"]);
    assert_done(&again);
    assert!(stdout(&again).starts_with("With 6 blocks the gate finds a slowdown of"));
}

/// A directory of pgbench's tables at this scale.
fn archive(place: &Place, scale: u32) -> String {
    let scenario = place.scenario(&format!(
        "dataset = {{ pgbench = {{ scale = {scale} }} }}\n[server.settings]\nfsync = false\n\
         [sweep]\njobs = [1]\nformats = [\"directory\"]\nblocks = {{ min = 1, max = 1 }}\n\
         warm_up = \"off\"\n",
    ));
    let made = place.run(&["sweep", &scenario, "--out", "made"]);
    assert_done(&made);
    assert!(!stderr(&made).contains("warming up"), "{}", stderr(&made));
    let warning = "There was no warm-up: the first trial of each variant and session";
    assert!(stdout(&made).contains(warning), "{}", stdout(&made));
    let archives = fs::read_dir(place.path("cache/archives")).unwrap();
    let folder = archives
        .flatten()
        .map(|entry| entry.path().join("archive.dir"))
        .find(|path| path.is_dir())
        .unwrap();
    folder.to_string_lossy().into_owned()
}

#[test]
fn the_warm_up_of_a_tuning_is_short_or_left_out() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let archive = archive(&place, 10);
    let tune = |out: &str, warm_up: &[&str]| {
        let args = ["tune", "--archive", &archive, "--jobs", "1,2", "--max-restores", "1"];
        let rest = ["--out", out, "--format", "json"];
        let output = place.run(&[&args[..], &rest, warm_up].concat());
        assert_done(&output);
        place.assert_clean();
        let run = json(&fs::read(place.path(out).join("run.json")).unwrap());
        let answer = json(&output.stdout);
        assert_eq!(answer["warm_up"], run["scenario"]["sweep"]["warm_up"]);
        assert_eq!(answer["restores"], 1);
        assert_eq!(place.named_trials(out)[0]["outcome"], "completed");
        (answer["warm_up"].as_str().unwrap().to_owned(), stderr(&output))
    };
    let (usual, said) = tune("usual", &[]);
    assert_eq!(usual, "1m");
    assert!(said.contains("warming up: base directory gzip:6 -j "), "{said}");
    assert!(said.contains(", for 1m at most\n"), "{said}");
    // Stopped long before its end, and nothing goes wrong for that.
    let (short, said) = tune("short", &["--warm-up", "50ms"]);
    assert_eq!(short, "50ms");
    assert!(said.contains(", for 50ms at most\n"), "{said}");
    let (none, said) = tune("none", &["--warm-up", "off"]);
    assert_eq!(none, "off");
    assert!(!said.contains("warming up"), "{said}");
    let refused = place.run(&["tune", "--archive", &archive, "--warm-up", "soon"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("write a time like"), "{}", stderr(&refused));
}

#[test]
fn tuning_ends_resumes_and_refuses() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let archive = archive(&place, 1);
    let first = ["tune", "--archive", &archive, "--jobs", "1,2,4", "--out", "run", "--seed", "5"];
    let output = place.run(&[&first[..], &["--max-restores", "4"]].concat());
    assert_done(&output);
    place.assert_clean();
    assert!(stderr(&output).contains(" first: the server has "), "{}", stderr(&output));
    let rows = place.trials("run").len();
    assert!((3..=4).contains(&rows), "{rows}");
    let shown = place.run(&["recommend", "run", "--format", "json"]);
    assert_done(&shown);
    assert_eq!(json(&shown.stdout)["candidates"].as_array().map(Vec::len), Some(3));

    // A session that was killed after its second row goes on with the third.
    let trials = place.path("run/trials.csv");
    let text = fs::read_to_string(&trials).unwrap();
    let two: String = text.split_inclusive('\n').take(3).collect();
    fs::write(&trials, &two).unwrap();
    let path = place.path("run/run.json");
    let mut run = json(&fs::read(&path).unwrap());
    run["ended"] = Value::Null;
    fs::write(&path, run.to_string()).unwrap();
    assert_done(&place.run(&["tune", "--resume", "run", "--max-restores", "4"]));
    assert!(place.trials("run").len() >= 3);

    // Rows that do not follow from those before them are damage.
    let swapped = two.replacen(",1,1,1,base", ",2,1,1,base", 1);
    fs::write(&trials, swapped).unwrap();
    let mut run = json(&fs::read(&path).unwrap());
    run["ended"] = Value::Null;
    fs::write(&path, run.to_string()).unwrap();
    let refused = place.run(&["tune", "--resume", "run"]);
    assert_eq!(refused.status.code(), Some(2), "{}", stdout(&refused));
    assert!(stderr(&refused).contains("does not follow the design"), "{}", stderr(&refused));
}
