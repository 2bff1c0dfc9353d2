//! The docker provider, on images built by `scripts/postgres-image`.

use super::{Place, assert_done, can_run, stderr};

pub(super) fn has_images() -> bool {
    let found = |major| {
        std::process::Command::new("docker")
            .args(["image", "inspect", &format!("postgres:{major}")])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    can_run(
        "a container engine with the images postgres:15, 17 and 18",
        [15, 17, 18].iter().all(found),
    )
}

#[test]
fn the_same_scenario_on_15_17_and_18() {
    if !has_images() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario(
        "dataset = { tpch = { scale = 0.01 } }\n\
         [server]\nprovider = \"docker\"\ncpus = 1.5\nmemory = \"1GB\"\n\
         [server.settings]\nshared_buffers = \"64MB\"\n\
         [sweep]\njobs = [1, 2]\nblocks = { min = 1, max = 1 }\n",
    );
    for major in ["15", "17", "18"] {
        let image = format!("postgres:{major}");
        let output = place.run(&["sweep", &scenario, "--image", &image, "--out", major]);
        assert_done(&output);
        let trials = place.trials(major);
        assert_eq!(trials.len(), 4);
        assert!(trials.iter().all(|row| row.get(9) == Some("completed")), "{trials:?}");
        let run = std::fs::read_to_string(place.path(major).join("run.json")).unwrap();
        let run: serde_json::Value = serde_json::from_str(&run).unwrap();
        assert_eq!(run["servers"]["base"]["major"].to_string(), major);
        assert_eq!(run["servers"]["base"]["settings"]["shared_buffers"], "64MB");
        let label = format!("label=jobtune.run={}", run["run"].as_str().unwrap());
        let left = std::process::Command::new("docker")
            .args(["ps", "--all", "--quiet", "--filter", &label])
            .output()
            .unwrap();
        assert!(left.stdout.is_empty(), "a container is left");
    }
    place.assert_clean();
}

#[test]
fn no_such_image() {
    if !has_images() {
        return;
    }
    let place = Place::new();
    let scenario = place.scenario("dataset = { tpch = { scale = 0.001 } }\n");
    let output = place.run(&[
        "sweep",
        &scenario,
        "--provider",
        "docker",
        "--image",
        "localhost:1/nowhere:1",
        "--out",
        "run",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot start a container of localhost:1/nowhere:1"));
    place.assert_clean();
}

#[test]
fn files_that_variants_have_in_common_are_shared_once() {
    if !has_images() {
        return;
    }
    let place = Place::new();
    std::fs::write(place.path("t.sql"), "CREATE TABLE t AS SELECT 1 AS id;\n").unwrap();
    let scenario = place.scenario(
        "dataset = { sql = { files = [\"t.sql\"] } }\n\
         [server]\nprovider = \"docker\"\n\
         [sweep]\njobs = [1]\nformats = [\"directory\"]\nblocks = { min = 1, max = 1 }\n\
         [[variant]]\nname = \"again\"\n",
    );
    assert_done(&place.run(&["sweep", &scenario, "--out", "run"]));
    assert_eq!(place.trials("run").len(), 2);
    place.assert_clean();
}
