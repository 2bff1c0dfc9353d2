//! `pg_restore`'s own options in sweeps on a local cluster: what is restored,
//! in which order, and against what it is verified.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use harness::record::{ItemRow, RunFolder};
use restore_core::plan::{PgMajor, Plan};
use restore_core::schedule::{Policy, Schedule, Step};
use restore_core::units::{DumpId, Jobs};

use super::{Place, assert_done, bindir, has_server, stderr, stdout};

/// Tables that refer to each other, a trigger with its function, comments.
const SCHEMA: &str = "
CREATE TABLE orders (id int PRIMARY KEY, n int);
INSERT INTO orders SELECT g, g % 7 FROM generate_series(1, 1000) g;
CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders, t text);
INSERT INTO items SELECT g, g % 1000 + 1, repeat('x', 50) FROM generate_series(1, 3000) g;
CREATE TABLE notes (id int PRIMARY KEY, item_id int REFERENCES items);
INSERT INTO notes SELECT g, g FROM generate_series(1, 500) g;
CREATE INDEX items_t ON items (t);
CREATE INDEX items_order ON items (order_id);
CREATE INDEX orders_n ON orders (n);
COMMENT ON TABLE orders IS 'said of orders';
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER x BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse();
";

const SWEEP: &str = "dataset.sql.files = [\"schema.sql\"]\nserver.settings.fsync = false\n\
    [sweep]\nformats = [\"custom\"]\nblocks = { min = 1, max = 1 }\nwarm_up = \"off\"\nseed = 3\n";

fn place() -> Place {
    let place = Place::new();
    fs::write(place.path("schema.sql"), SCHEMA).unwrap();
    place
}

fn scenario(place: &Place, rest: &str) -> String {
    place.scenario(&format!("{SWEEP}{rest}"))
}

/// An archive of the schema, and `pg_restore -l` of it.
fn archive(place: &Place) -> (String, String) {
    let scenario = scenario(place, "jobs = [1]\n");
    assert_done(&place.run(&["sweep", &scenario, "--out", "first"]));
    let path =
        RunFolder::open(&place.path("first")).unwrap().run().unwrap().archives[0].path.clone();
    let path = path.to_string_lossy().into_owned();
    let listed = place.run(&["inspect", "--list", &path]);
    assert_done(&listed);
    (path, stdout(&listed))
}

/// The lines of a listing that end in one of these, in their order.
fn list(place: &Place, listing: &str, wanted: &[&str]) -> String {
    let line = |end: &&str| {
        let of = |line: &&str| !line.starts_with(';') && line.contains(&format!(" {end} "));
        listing.lines().find(of).unwrap_or_else(|| panic!("no {end} in {listing}")).to_owned()
    };
    let text: Vec<String> = wanted.iter().map(line).collect();
    let path = place.path("keep.list");
    fs::write(&path, text.join("\n") + "\n").unwrap();
    path.to_string_lossy().into_owned()
}

fn rows(folder: &RunFolder, variant: &str) -> BTreeMap<String, u64> {
    let run = folder.run().unwrap();
    let archive = run.archives.into_iter().find(|of| of.key.variant == variant).unwrap();
    archive.rows.unwrap()
}

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(table, rows)| (format!("public.{table}"), *rows)).collect()
}

/// Kinds and names of what a trial restored, in order.
fn restored(folder: &RunFolder, trial: u32) -> Vec<String> {
    let items = folder.items(trial).unwrap();
    let named = |item: ItemRow| format!("{} {}", item.kind, item.name);
    items.into_iter().filter(|item| item.end_ns > item.start_ns).map(named).collect()
}

fn open(place: &Place, run: &str) -> RunFolder {
    RunFolder::open(&place.path(run)).unwrap()
}

#[track_caller]
fn assert_refused(output: &Output, expected: &str) {
    assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
    assert!(stderr(output).contains(expected), "{expected:?} is not in {}", stderr(output));
}

#[test]
fn options_differ_by_variant_and_rows_are_those_that_are_selected() {
    if !has_server() {
        return;
    }
    let place = place();
    let text = "jobs = [1, 2]\n[restore]\nno_comments = true\n\
                [[variant]]\nname = \"tables\"\nrestore = { section = [\"pre-data\", \"data\"] }\n\
                [[variant]]\nname = \"few\"\nrestore = { table = [\"items\", \"notes\"] }\n\
                [[variant]]\nname = \"schema\"\nrestore = { section = \"pre-data\" }\n";
    let scenario = scenario(&place, text);
    assert_done(&place.run(&["sweep", &scenario, "--out", "run"]));
    let folder = open(&place, "run");
    let trials = folder.trials().unwrap();
    assert_eq!(trials.len(), 8);
    let all = counts(&[("items", 3000), ("notes", 500), ("orders", 1000)]);
    let few = counts(&[("items", 3000), ("notes", 500)]);
    assert_eq!(rows(&folder, "base"), all);
    assert_eq!(rows(&folder, "tables"), all);
    assert_eq!(rows(&folder, "few"), few);
    assert_eq!(rows(&folder, "schema"), BTreeMap::new());
    for trial in &trials {
        assert_eq!(trial.outcome.as_str(), "completed", "{trial:?}");
        // With two jobs or more pg_restore announces items of the leader that it
        // leaves out ("processing item"); a serial restore names what it does.
        if trial.jobs.get() > 1 {
            continue;
        }
        let items = restored(&folder, trial.trial);
        let has = |kind: &str| items.iter().any(|item| item.starts_with(kind));
        assert!(!has("COMMENT"), "{items:?}");
        assert_eq!(has("INDEX"), trial.variant == "base", "{}: {items:?}", trial.variant);
        assert_eq!(has("TABLE DATA"), trial.variant != "schema", "{items:?}");
        let orders = items.iter().any(|item| item == "TABLE public.orders");
        assert_eq!(orders, trial.variant != "few", "{items:?}");
    }
    let plans = fs::read_dir(place.path("run/plans")).unwrap().count();
    assert_eq!(plans, 4, "a plan for each selection");
}

#[test]
fn names_select_functions_triggers_and_tables_of_a_given_archive() {
    if !has_server() {
        return;
    }
    let place = place();
    let (archive, _) = archive(&place);
    let words = ["--no-comments", "-t", "orders", "-T", "orders x", "-P", "refuse()"];
    let sweep = ["sweep", "--archive", &archive, "--jobs", "1,2", "--blocks", "1", "--out", "run"];
    let output = place.run(&[&sweep[..], &["--"], &words].concat());
    assert_done(&output);
    let folder = open(&place, "run");
    assert_eq!(rows(&folder, "base"), counts(&[("orders", 1000)]));
    let trials = folder.trials().unwrap();
    let serial = trials.iter().find(|trial| trial.jobs.get() == 1).unwrap();
    let mut items = restored(&folder, serial.trial);
    items.sort_unstable();
    let expected = [
        "FUNCTION public.refuse()",
        "TABLE DATA public.orders",
        "TABLE public.orders",
        "TRIGGER public.orders x",
    ];
    assert_eq!(items, expected);
    assert_eq!(place.trials("run").len(), 2);
}

#[test]
fn a_list_decides_and_a_changed_one_cannot_be_resumed() {
    if !has_server() {
        return;
    }
    let place = place();
    let (archive, listing) = archive(&place);
    let good = ["TABLE public orders", "TABLE public items", "TABLE DATA public items"];
    let path = list(&place, &listing, &good);
    let sweep = ["sweep", "--archive", &archive, "--jobs", "1", "--out", "run"];
    let options = ["--budget", "1ms", "--", "-L", &path];
    assert_done(&place.run(&[&sweep[..], &options].concat()));
    let folder = open(&place, "run");
    assert_eq!(rows(&folder, "base"), counts(&[("items", 3000)]));

    let list_text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{list_text}{}\n", "; nothing more")).unwrap();
    let resume = ["sweep", "--resume", "run", "--budget", "1h"];
    assert_refused(&place.run(&resume), "keep.list selects other items than when");
    fs::write(&path, list_text).unwrap();
    assert_done(&place.run(&resume));
    let done = open(&place, "run").trials().unwrap();
    assert!(!done.is_empty() && done.iter().all(|row| row.outcome.as_str() == "completed"));
    place.assert_clean();
}

/// In this order the trigger is there before the rows, and refuses them all.
#[test]
fn a_selected_table_with_other_rows_fails() {
    if !has_server() {
        return;
    }
    let place = place();
    let (archive, listing) = archive(&place);
    let wrong = [
        "TABLE public orders",
        "FUNCTION public refuse()",
        "TRIGGER public orders x",
        "TABLE DATA public orders",
    ];
    let path = list(&place, &listing, &wrong);
    let scenario = place.scenario(&format!(
        "dataset.archive.path = \"{archive}\"\nrestore.use_list = \"keep.list\"\n\
         [sweep]\njobs = [1]\nblocks = {{ min = 1, max = 1 }}\nwarm_up = \"off\"\n"
    ));
    assert!(Path::new(&path).is_file());
    place.run(&["sweep", &scenario, "--out", "run"]);
    let trials = open(&place, "run").trials().unwrap();
    let row = trials.first().unwrap();
    assert_eq!(row.outcome.as_str(), "invalid", "{row:?}");
    let message = row.message.as_deref().unwrap_or_default();
    assert!(message.contains("public.orders has 0 rows instead of 1000"), "{message}");
}

#[test]
fn options_that_a_sweep_cannot_take_are_refused_with_the_reason() {
    let place = place();
    let scenario = scenario(&place, "");
    let run = |words: &[&str]| place.run(&[&["sweep", &scenario, "--"], words].concat());
    assert_refused(&run(&["-j", "4"]), "-j cannot be used in a sweep: the number of jobs");
    assert_refused(&run(&["-a", "-s"]), "--data-only and --schema-only cannot be used together");
    assert_refused(&run(&["-L", "nowhere"]), "nowhere is not there");
    assert_refused(&run(&["my.dump"]), "\"my.dump\" is no option of pg_restore");
    let typo = place.scenario("dataset.pgbench.scale = 1\n[restore]\nno_coments = true\n");
    assert_refused(&place.run(&["sweep", &typo]), "scenario.toml:3: restore.no_coments: no such");
}

#[test]
fn options_that_leave_nothing_are_refused() {
    if !has_server() {
        return;
    }
    let place = Place::new();
    let dump = super::cases::archive("mixture");
    let run = |words: &[&str]| {
        place.run(&[&["sweep", "--archive", &dump, "--out", "run", "--"], words].concat())
    };
    let output = run(&["-t", "orders"]);
    assert_refused(&output, "leave nothing of");
    assert_refused(&output, "--table=orders matches nothing in the archive");
    let strict = run(&["--strict-names", "-t", "tree", "-t", "orders"]);
    assert_refused(&strict, "--strict-names refuses");
    let refused = run(&["-a", "-s"]);
    assert_refused(&refused, "error: --data-only and --schema-only cannot be used together");
    assert!(!place.path("run").exists());

    // The role that is to restore is created on a server of our own.
    let role = ["sweep", "--archive", &dump, "--jobs", "2", "--out", "role"];
    let output = place.run(&[&role[..], &["--blocks", "1", "--", "--role=Restorer"]].concat());
    assert_done(&output);
    assert!(stderr(&output).contains("role Restorer"), "{}", stderr(&output));

    let dump = super::cases::archive("load-root");
    let index = ["sweep", "--archive", &dump, "--out", "run", "--", "-I", "visits_k_idx"];
    assert_refused(&place.run(&index), "--before FILE runs SQL that makes them");
    place.assert_clean();
}

fn major() -> u32 {
    let folder: PathBuf = bindir().unwrap();
    folder.parent().unwrap().file_name().unwrap().to_string_lossy().parse().unwrap()
}

#[test]
fn an_option_that_the_programs_lack_is_told_before_anything_is_restored() {
    if !has_server() || major() >= 18 {
        return;
    }
    let place = place();
    let scenario = scenario(&place, "jobs = [1]\n");
    let output = place.run(&["sweep", &scenario, "--out", "run", "--", "--no-policies"]);
    let expected = format!("pg_restore {} has no --no-policies: it came with", major());
    assert_refused(&output, &expected);
    assert!(!place.path("run").exists());
    place.assert_clean();
}

/// Feeds the schedule of the recorded plan with a restore's own finishes:
/// what it starts must be what `pg_restore` started.
fn follow(plan: &Plan, mut schedule: Schedule<'_>, items: &[ItemRow]) {
    let index = |item: &ItemRow| plan.find(DumpId(item.dump_id.unwrap())).unwrap();
    // pg_restore names items that it then does nothing for.
    let mut items: Vec<&ItemRow> = items.iter().filter(|of| plan.is_wanted(index(of))).collect();
    items.sort_by_key(|item| item.start_ns);
    let mut running: Vec<&ItemRow> = Vec::new();
    for item in items {
        running.sort_by_key(|item| item.end_ns);
        while running.first().is_some_and(|first| first.end_ns <= item.start_ns) {
            schedule.finish(index(running.remove(0)));
        }
        let started = loop {
            match schedule.next_step() {
                Step::Skip(_) => {}
                Step::Start { item, .. } => break item,
                step => panic!("pg_restore started {item:?}, but {step:?}"),
            }
        };
        assert_eq!(plan.id(started).0, item.dump_id.unwrap(), "{item:?}");
        running.push(item);
    }
}

#[test]
fn the_launch_order_under_options_is_that_of_the_recorded_plan() {
    if !has_server() {
        return;
    }
    let place = place();
    let (archive, listing) = archive(&place);
    let order = [
        "TABLE public notes",
        "TABLE public orders",
        "TABLE public items",
        "INDEX public orders_n",
        "INDEX public items_t",
        "CONSTRAINT public items items_pkey",
        "TABLE DATA public notes",
        "TABLE DATA public orders",
        "TABLE DATA public items",
        "CONSTRAINT public orders orders_pkey",
        "FK CONSTRAINT public items items_order_id_fkey",
    ];
    list(&place, &listing, &order);
    let scenario = place.scenario(&format!(
        "dataset.archive.path = \"{archive}\"\n\
         [[variant]]\nname = \"listed\"\nrestore.use_list = \"keep.list\"\n\
         [[variant]]\nname = \"sections\"\n\
         restore = {{ section = [\"pre-data\", \"post-data\"], no_comments = true }}\n\
         [[variant]]\nname = \"tables\"\nrestore.table = [\"items\", \"orders\"]\n\
         [sweep]\njobs = [2, 3]\nblocks = {{ min = 1, max = 1 }}\nwarm_up = \"off\"\n"
    ));
    assert_done(&place.run(&["sweep", &scenario, "--out", "run"]));
    let folder = open(&place, "run");
    let run = folder.run().unwrap();
    let major = PgMajor(major());
    let trials = folder.trials().unwrap();
    assert_eq!(trials.len(), 8);
    for trial in trials {
        assert_eq!(trial.outcome.as_str(), "completed", "{trial:?}");
        let record = run.archives.iter().find(|of| of.key.variant == trial.variant).unwrap();
        let plan = folder.plan(record).unwrap().unwrap().plan(major).unwrap();
        let jobs = Jobs::new(trial.jobs.get()).unwrap();
        let schedule = Schedule::new(&plan, jobs, Policy::of(major));
        follow(&plan, schedule, &folder.items(trial.trial).unwrap());
    }
}
