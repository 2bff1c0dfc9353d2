//! Whatever items a list file selects, in whatever order: `jobtune inspect`
//! lists what `pg_restore -l` lists, and the schedule launches what
//! `pg_restore -j` launches.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use harness::stats::random;
use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use restore_core::archive::Archive;
use restore_core::inspect::Selection;
use restore_core::options::RestoreOptions;
use restore_core::plan::{PgMajor, Plan};
use restore_core::schedule::{Policy, Schedule, Step};
use restore_core::units::{DumpId, Jobs};

use super::cluster::Cluster;
use super::launches::{Event, follow};
use super::{Place, assert_done, stderr};

const SHAPES: [&str; 3] = ["keys", "partitions", "large_objects"];
const LISTS: u64 = 20;

/// The versions of which archives are committed.
const MAJORS: [u32; 3] = [15, 17, 18];

/// A committed archive, unpacked into the place of the test.
fn archive(place: &Place, major: u32, shape: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../restore-core/tests/schedules");
    let folder = folder.join(major.to_string());
    let directory = folder.join(format!("{shape}.dir"));
    if directory.is_dir() {
        return directory;
    }
    let mut bytes = Vec::new();
    let packed = fs::File::open(folder.join(format!("{shape}.dump.gz"))).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    let path = place.path(&format!("{shape}.dump"));
    fs::write(&path, bytes).unwrap();
    path
}

/// Some lines of a listing: by turns most of them and few, in their order and
/// in any.
fn some_lines(listing: &str, seed: u64) -> String {
    let mut random = random::stream(seed, "lists");
    let part = 0.2 + 0.8 * random.random::<f64>();
    let lines = listing.lines().filter(|line| !line.starts_with(';'));
    let mut chosen: Vec<&str> = lines.filter(|_| random.random_bool(part)).collect();
    match seed % 4 {
        0 => {}
        1 => chosen.reverse(),
        _ => chosen.shuffle(&mut random),
    }
    chosen.join("\n") + "\n"
}

/// What the leader said of items. Leader and workers write to one standard
/// error, so that lines run into each other, but not the words of one.
fn events(log: &str) -> Vec<Event> {
    let event = |at: usize| {
        let (before, after) = (&log[..at], &log[at + " item ".len()..]);
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let id = DumpId(after[..digits].parse().ok()?);
        let said = |verb: &str| before.ends_with(verb);
        match () {
            () if said("processing missed") => Some(Event::Missed(id)),
            () if said("processing") => Some(Event::Processing(id)),
            () if said("launching") => Some(Event::Launching(id)),
            () if said("skipping") => Some(Event::Skipping(id)),
            () if said("finished") => Some(Event::Finished(id)),
            () => None,
        }
    };
    log.match_indices(" item ").filter_map(|(at, _)| event(at)).collect()
}

/// An archive, and the options that select of it.
struct Case<'a> {
    place: &'a Place,
    cluster: &'a Cluster,
    path: &'a Path,
    options: Vec<String>,
}

impl Case<'_> {
    fn assert_same_listing(&self) {
        let mut real = self.cluster.program("pg_restore");
        let real = real.arg("-l").args(&self.options).arg(self.path).output().unwrap();
        assert_done(&real);
        let path = self.path.to_string_lossy();
        let mut ours = self.place.jobtune(&["inspect", "--list", &path, "--"]);
        let ours = ours.args(&self.options).env("TZ", "UTC").output().unwrap();
        assert_done(&ours);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&ours.stdout), text(&real.stdout), "{:?}", self.options);
    }

    /// Restores into a fresh database, and gives how many items were launched.
    fn assert_same_launches(&self, major: PgMajor, jobs: Jobs) -> Result<usize, String> {
        self.cluster.sql("DROP DATABASE IF EXISTS restored");
        self.cluster.sql("CREATE DATABASE restored");
        let mut restore = self.cluster.program("pg_restore");
        restore.args(["-v", "-d", "restored", "-j", &jobs.to_string()]);
        // What is not on the list is missed by what is: there are errors.
        let output = restore.args(&self.options).arg(self.path).output().unwrap();
        let log = stderr(&output);

        let archive = Archive::open(self.path).unwrap();
        let mut options = RestoreOptions::default();
        options.read_words(&self.options).unwrap();
        let selection = Selection::new(&archive, &options, Some(major)).unwrap();
        let plan = Plan::of(selection.selected(), major).unwrap();
        let schedule = Schedule::new(&plan, jobs, Policy::of(major));
        let (launches, next) = follow(&plan, schedule, &events(&log))?;
        // A worker ends the whole restore where a large object was not made
        // before its data is restored.
        let is_cut = log.contains("could not open large object") && next == Step::Wait;
        if next == Step::Done || is_cut {
            return Ok(launches);
        }
        let last: Vec<&str> = log.lines().rev().take(5).collect();
        Err(format!("pg_restore is done ({last:?}), but the schedule has {next:?}"))
    }
}

#[test]
fn lists_are_shown_and_launched_as_pg_restore_does() {
    let Some(cluster) = Cluster::start() else { return };
    let place = Place::new();
    let major = cluster.major();
    let of_archive =
        *MAJORS.iter().rfind(|&&known| known <= major).expect("PostgreSQL 15 or newer");
    let mut launches = 0;
    for shape in SHAPES {
        let path = archive(&place, of_archive, shape);
        let listing = cluster.program("pg_restore").arg("-l").arg(&path).output().unwrap();
        let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
        for seed in 0..LISTS {
            let list = place.path("list");
            fs::write(&list, some_lines(&listing, seed)).unwrap();
            let options = vec!["-L".to_owned(), list.display().to_string()];
            let mut case = Case { place: &place, cluster: &cluster, path: &path, options };
            let jobs = Jobs::new(2 + seed as u32 % 3).unwrap();
            let followed = case.assert_same_launches(PgMajor(major), jobs);
            launches += followed.unwrap_or_else(|why| panic!("{shape}, list {seed}: {why}"));
            if major == of_archive {
                case.assert_same_listing();
                case.options.extend(["-n".to_owned(), "shape".to_owned()]);
                case.assert_same_listing();
            }
        }
    }
    assert!(launches > 1000, "only {launches} launches: the lists prove little");
}
