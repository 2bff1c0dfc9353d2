//! The files in `deploy/`: what their tasks call, by what their engines tell them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize as _;
use serde_yaml_ng::Value;

use super::{Place, can_run, stderr};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join("deploy").join(name)).unwrap()
}

fn documents(name: &str) -> Vec<Value> {
    let text = read(name);
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    documents.map(|document| Value::deserialize(document).unwrap()).collect()
}

/// The shared folder of tasks, with a `jobtune` that notes how it is called and makes
/// the run folder that it was to make.
struct Shared {
    place: Place,
}

impl Shared {
    fn new() -> Self {
        let place = Place::new();
        fs::create_dir_all(place.path("bin")).unwrap();
        let program = place.path("bin/jobtune");
        let text = "#!/bin/bash\nprintf '%s\\0' jobtune \"$@\" END >>calls\n\
                    while (($#)); do\n\
                    if [[ $1 == --out ]]; then mkdir -p \"$2\"; touch \"$2/run.json\"; fi\n\
                    shift\ndone\n";
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { place }
    }

    /// Runs a script as the engine does, and returns how it called jobtune. Each call is
    /// one that the command line takes.
    fn task(&self, script: &str, args: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
        let calls = self.place.path("calls");
        let _ = fs::remove_file(&calls);
        let path =
            format!("{}:{}", self.place.path("bin").display(), std::env::var("PATH").unwrap());
        let output = Command::new("sh")
            .args(["-euc", script, "task"])
            .args(args)
            .current_dir(self.place.path("."))
            .env_clear()
            .env("PATH", path)
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        assert!(output.status.success(), "{script}: {}", stderr(&output));
        let calls = fs::read_to_string(calls).unwrap();
        let called = |call: &str| {
            let words: Vec<&str> = call.split_terminator('\0').collect();
            let parsed = harness::cli::command().try_get_matches_from(&words);
            parsed.unwrap_or_else(|error| panic!("{words:?}: {error}"));
            words[1..].join(" ")
        };
        calls.split("END\0").filter(|call| !call.is_empty()).map(called).collect()
    }

    /// The folders and files in a folder.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.place.path(folder)).unwrap();
        let name =
            |entry: fs::DirEntry| entry.file_name().into_string().expect("a name of a script");
        let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }
}

#[test]
fn a_task_of_slurm_sweeps_its_shard_and_goes_on_with_it_on_its_node() {
    let script = read("slurm.sbatch");
    assert!(script.starts_with("#!/bin/sh\n"));
    assert!(script.contains("\n#SBATCH --array=1-4\n"));
    let shared = Shared::new();
    let task = |id: &str, node: &str| {
        let environment =
            [("SLURM_ARRAY_JOB_ID", "7"), ("SLURM_ARRAY_TASK_ID", id), ("SLURMD_NODENAME", node)];
        shared.task(&script, &["shop.toml", "--seed", "5", "--blocks", "16"], &environment)
    };
    let swept = |id: &str| {
        [format!("sweep --shard auto --out runs/7/shard-{id} shop.toml --seed 5 --blocks 16")]
    };
    assert_eq!(task("1", "ada"), swept("1"));
    assert_eq!(task("2", "bob"), swept("2"));
    assert_eq!(task("1", "ada"), ["sweep --resume runs/7/shard-1"]);
    assert_eq!(task("1", "bob"), swept("1"), "another node starts anew");
    assert_eq!(task("1", "bob"), ["sweep --resume runs/7/shard-1"]);
    let names = ["left-1-ada-0", "node-1", "node-2", "shard-1", "shard-2"];
    assert_eq!(shared.names("runs/7"), names, "merge is given shard-*");
}

/// The jobs of the manifest by their names.
fn jobs() -> Vec<Value> {
    documents("kubernetes.yaml").into_iter().filter(|one| one["kind"] == "Job").collect()
}

/// What a pod of a job runs, with the volume of runs in the shared folder.
fn pod_script(job: &Value, shared: &Shared) -> String {
    let command = &job["spec"]["template"]["spec"]["containers"][0]["command"];
    assert_eq!((&command[0], &command[1]), (&Value::from("sh"), &Value::from("-euc")));
    let runs = format!("{}/", shared.place.path("runs").display());
    command[2].as_str().unwrap().replace("/runs/", &runs)
}

#[test]
fn a_pod_of_kubernetes_sweeps_its_shard_and_goes_on_with_it_on_its_node() {
    let jobs = jobs();
    let [sweep, merge] = &jobs[..] else { panic!("two jobs") };
    let spec = &sweep["spec"];
    assert_eq!(spec["completionMode"], "Indexed");
    assert_eq!(spec["completions"], spec["parallelism"]);
    let variables = spec["template"]["spec"]["containers"][0]["env"].as_sequence().unwrap();
    let variable = |name: &str| variables.iter().find(|one| one["name"] == name).unwrap();
    let shards = variable("SHARDS")["value"].as_str().unwrap();
    assert_eq!(spec["completions"].as_u64().unwrap().to_string(), shards);
    assert_eq!(
        variable("JOBTUNE_HOST_LABEL")["valueFrom"]["fieldRef"]["fieldPath"],
        "spec.nodeName"
    );

    let shared = Shared::new();
    fs::create_dir(shared.place.path("runs")).unwrap();
    let runs = shared.place.path("runs").display().to_string();
    let script = pod_script(sweep, &shared);
    let pod = |index: &str, node: &str| {
        let environment =
            [("JOB_COMPLETION_INDEX", index), ("JOBTUNE_HOST_LABEL", node), ("SHARDS", shards)];
        shared.task(&script, &[], &environment)
    };
    let swept = |index: &str| {
        [format!(
            "sweep /scenario/scenario.toml --seed 5 --blocks 16 --shard auto/{shards} --out \
             {runs}/shard-{index} --data-dir /data"
        )]
    };
    let resumed = [format!("sweep --resume {runs}/shard-0 --data-dir /data")];
    assert_eq!(pod("0", "ada"), swept("0"));
    assert_eq!(pod("1", "bob"), swept("1"));
    assert_eq!(pod("0", "ada"), resumed);
    assert_eq!(pod("0", "bob"), swept("0"), "another node starts anew");
    assert_eq!(pod("0", "bob"), resumed);
    let names = shared.names("runs");
    assert!(names[0].starts_with("left-0-ada-"), "{names:?}");
    assert_eq!(names[1..], ["node-0", "node-1", "shard-0", "shard-1"]);

    assert_eq!(merge["spec"]["suspend"].as_bool(), Some(true));
    assert_eq!(
        shared.task(&pod_script(merge, &shared), &[], &[]),
        [
            format!("merge {runs}/shard-0 {runs}/shard-1 --out {runs}/all"),
            format!("recommend {runs}/all"),
        ]
    );
}

/// All that the one has, the other has in the same place.
fn is_part(part: &serde_json::Value, whole: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object};
    match (part, whole) {
        (Object(part), Object(whole)) => part
            .iter()
            .all(|(name, value)| whole.get(name).is_some_and(|other| is_part(value, other))),
        (Array(part), Array(whole)) => {
            part.len() <= whole.len()
                && part.iter().zip(whole).all(|(value, other)| is_part(value, other))
        }
        _ => part == whole,
    }
}

/// kubectl reads the jobs into its types and writes them again: it drops fields that
/// Kubernetes does not know, and refuses values that it cannot take. It needs no cluster.
#[test]
fn kubectl_knows_each_field_of_the_jobs() {
    // It sets variables of what has a pod template, and refuses the volume claim.
    let place = Place::new();
    let manifest = place.path("jobs.yaml");
    let text = read("kubernetes.yaml");
    let jobs_alone = text.split("\n---\n").filter(|document| document.contains("kind: Job"));
    fs::write(&manifest, jobs_alone.collect::<Vec<_>>().join("\n---\n")).unwrap();
    let output = Command::new("kubectl")
        .args(["set", "env", "--local", "--output", "json", "CHECKED=yes", "--filename"])
        .arg(&manifest)
        .output();
    if !can_run("kubectl", output.is_ok()) {
        return;
    }
    let output = output.unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let known = serde_json::Deserializer::from_slice(&output.stdout);
    let known = known.into_iter::<serde_json::Value>().map(Result::unwrap).collect::<Vec<_>>();
    let jobs = jobs();
    assert_eq!(known.len(), jobs.len());
    for (job, known) in jobs.iter().zip(&known) {
        let job = serde_json::to_value(job).unwrap();
        assert!(is_part(&job, known), "{job:#}\nis to kubectl\n{known:#}");
    }
}

/// The shell lines of a job of GitHub that call jobtune, for one shard.
fn steps(job: &Value, shard: &str) -> String {
    let mut lines = String::new();
    for step in job["steps"].as_sequence().unwrap() {
        let Some(run) = step["run"].as_str() else { continue };
        let run = run.replace("${{ github.run_id }}", "9").replace("${{ matrix.shard }}", shard);
        assert!(!run.contains("${{"), "{run}");
        if run.starts_with("jobtune ") {
            lines.push_str(&run);
            lines.push('\n');
        }
    }
    lines
}

const MERGED: [&str; 2] =
    ["merge run-1 run-2 run-3 run-4 --out run --allow archive", "recommend run"];

fn swept(shard: usize) -> [String; 1] {
    assert!(root().join("scenarios/quickstart.toml").is_file());
    [format!(
        "sweep scenarios/quickstart.toml --seed 9 --blocks 8 --shard {shard}/4 --out run-{shard}"
    )]
}

#[test]
fn a_matrix_of_github_sweeps_each_shard_and_merges_them() {
    let workflow = documents("github.yml").remove(0);
    let (shard, merge) = (&workflow["jobs"]["shard"], &workflow["jobs"]["merge"]);
    let matrix = shard["strategy"]["matrix"]["shard"].as_sequence().unwrap();
    assert_eq!(matrix.len(), 4);
    let folder = Shared::new();
    for (index, number) in matrix.iter().enumerate() {
        assert_eq!(number.as_u64(), Some(index as u64 + 1));
        let number = (index + 1).to_string();
        assert_eq!(folder.task(&steps(shard, &number), &[], &[]), swept(index + 1));
    }
    assert_eq!(merge["needs"], "shard");
    assert_eq!(folder.task(&steps(merge, ""), &[], &[]), MERGED);
    for job in [shard, merge] {
        for step in job["steps"].as_sequence().unwrap() {
            assert!(step["run"].is_string() != step["uses"].is_string(), "{step:?}");
        }
        assert!(job["runs-on"].is_string());
    }
}

#[test]
fn parallel_jobs_of_gitlab_sweep_each_shard_and_merge_them() {
    let pipeline = documents("gitlab.yml").remove(0);
    let script = |job: &str| {
        let lines = pipeline[job]["script"].as_sequence().unwrap();
        lines.iter().map(|line| line.as_str().unwrap()).collect::<Vec<&str>>().join("\n")
    };
    let count = pipeline["shard"]["parallel"].as_u64().unwrap();
    assert_eq!(count, 4);
    let shared = Shared::new();
    for shard in 1..=4 {
        let index = shard.to_string();
        let environment =
            [("CI_PIPELINE_ID", "9"), ("CI_NODE_INDEX", index.as_str()), ("CI_NODE_TOTAL", "4")];
        let swept = swept(shard).map(|call| call.replace(&format!("{shard}/4"), "auto"));
        assert_eq!(shared.task(&script("shard"), &[], &environment), swept);
    }
    assert_eq!(pipeline["merge"]["needs"][0], "shard");
    assert_eq!(shared.task(&script("merge"), &[], &[]), MERGED);
}

#[test]
fn workflows_hold_to_the_schemas_of_their_engines() {
    let package = root().join("target/test-tools/check-jsonschema");
    if !can_run("check-jsonschema (scripts/setup --tests)", package.is_dir()) {
        return;
    }
    let check = |file: &Path, schema: &str| {
        let schema = format!("vendor.{schema}");
        Command::new("python3")
            .args(["-m", "check_jsonschema", "--builtin-schema", &schema])
            .arg(file)
            .env("PYTHONPATH", &package)
            .output()
            .unwrap()
    };
    for (file, schema) in [
        ("deploy/github.yml", "github-workflows"),
        ("deploy/gitlab.yml", "gitlab-ci"),
        ("action.yml", "github-actions"),
    ] {
        let output = check(&root().join(file), schema);
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stdout));
    }

    let place = Place::new();
    let typo = place.path("typo.yml");
    fs::write(&typo, read("github.yml").replace("runs-on:", "run-on:")).unwrap();
    assert!(!check(&typo, "github-workflows").status.success(), "a typo is not seen");
}
