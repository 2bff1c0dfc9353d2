//! `jobtune doctor`: what this machine has, and what is missing.

use serde::Serialize;

use super::{Status, state_folder, written};
use crate::cli::DoctorArgs;
use crate::dataset::cache_folder;
use crate::document::{Answer, Document, Table};
use crate::lease::{Found, find_all};
use crate::load::conditions;
use crate::printer::Printer;
use crate::process::RunAs;
use crate::provider::connect_to_docker;
use crate::provider::programs::{Need, Programs, find_all as find_programs};
use crate::record::Conditions;
use crate::session::{free_bytes, host};
use crate::sweep::caches::can_drop_caches;
use restore_core::units::Bytes;

/// One thing that was looked for.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    /// Whether it is there.
    ok: bool,
    found: String,
    /// What it would enable, and how to get it; for what is missing.
    advice: Option<String>,
}

impl Finding {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, ok: true, found: found.into(), advice: None }
    }

    /// What is there, and what it means for measurements.
    fn with_advice(
        what: &'static str,
        found: impl Into<String>,
        advice: Option<&'static str>,
    ) -> Self {
        Self { advice: advice.map(str::to_owned), ..Self::ok(what, found) }
    }

    fn missing(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what, ok: false, found: found.into(), advice: Some(advice.into()) }
    }
}

/// All that was looked for.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Findings(Vec<Finding>);

impl Answer for Findings {
    fn document(&self) -> Document {
        let table = Table::of(&self.0)
            .text("", |finding| if finding.ok { "ok" } else { "missing" }.to_owned())
            .text("what", |finding| finding.what.to_owned())
            .text("found", |finding| finding.found.clone())
            .strong(|finding| !finding.ok);
        let advice = self.0.iter().filter_map(|finding| {
            finding.advice.as_ref().map(|advice| format!("{}: {advice}", finding.what))
        });
        let mut document = Document::new();
        document.table(table).section("What to do", advice.collect());
        document
    }
}

pub(super) async fn run(args: &DoctorArgs, printer: &Printer) -> anyhow::Result<Status> {
    let mut findings = vec![machine(), temporary_folder(), cache(args)];
    findings.extend(conditions_here());
    findings.extend(programs().await);
    findings.extend([server_user(), docker().await, caches()]);
    findings.push(leftovers(args)?);
    printer.answer(&written(&Findings(findings), args.format, printer)?);
    Ok(Status::Done)
}

fn machine() -> Finding {
    let host = host();
    let memory = Bytes(host.memory_bytes);
    Finding::ok(
        "machine",
        format!(
            "{} x {}, {memory}, {} (kernel {})",
            host.cores, host.cpu_model, host.os, host.kernel
        ),
    )
}

fn temporary_folder() -> Finding {
    let folder = std::env::temp_dir();
    let found = match free_bytes(&folder) {
        Some(free) => format!("{} with {free} free: local clusters go there", folder.display()),
        None => folder.display().to_string(),
    };
    Finding::ok("temporary folder", format!("{found}, or to --data-dir"))
}

/// How the system is set that servers of our own would run on.
fn conditions_here() -> Vec<Finding> {
    judged(&conditions(Some(&std::env::temp_dir())))
}

/// One finding for each condition that is known.
fn judged(found: &Conditions) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(kind) = &found.file_system {
        let options = found.mount_options.as_deref().map(|of| format!(" ({of})"));
        let device = found.device.as_deref().map(|of| format!(" on {of}"));
        let text = format!("{kind}{}{}", device.unwrap_or_default(), options.unwrap_or_default());
        findings.push(Finding::with_advice("its file system", text, file_system_advice(kind)));
    }
    if let Some(scheduler) = &found.scheduler {
        findings.push(Finding::with_advice(
            "its scheduler",
            scheduler.clone(),
            (scheduler == "bfq").then_some(
                "bfq shares the disk out among processes, so that few workers may be slower \
                 than they need be; servers usually have none or mq-deadline",
            ),
        ));
    }
    if let Some(pages) = &found.transparent_huge_pages {
        // PostgreSQL 17 manual, 18.4.5 "Linux Huge Pages".
        findings.push(Finding::with_advice(
            "huge pages",
            format!("transparent ones: {pages}"),
            (pages == "always").then_some(
                "PostgreSQL's manual discourages transparent huge pages for all processes: \
                 echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
            ),
        ));
    }
    if let Some(governor) = &found.governor {
        findings.push(Finding::with_advice(
            "governor",
            governor.clone(),
            (governor != "performance").then_some(
                "The processors' frequency follows the load, so that restores with few workers \
                 may look slower and vary more: cpupower frequency-set -g performance",
            ),
        ));
    }
    if let Some(kind) = &found.virtualisation {
        findings.push(Finding::with_advice(
            "virtualisation",
            kind.clone(),
            kind.contains("virtual machine").then_some(
                "Other guests may take processors and disk: `jobtune noise` tells what can be \
                 detected here",
            ),
        ));
    }
    let processors =
        found.cpu_limit_milli.map(|milli| format!("{} processors", milli as f64 / 1e3));
    let memory = found.memory_limit_bytes.map(|bytes| format!("{} of memory", Bytes(bytes)));
    let limits: Vec<String> = processors.into_iter().chain(memory).collect();
    if !limits.is_empty() {
        findings.push(Finding::with_advice(
            "control group",
            limits.join(", "),
            Some(
                "Servers of the local provider share these limits with jobtune; more workers \
                 than processors are throttled",
            ),
        ));
    }
    findings
}

fn file_system_advice(kind: &str) -> Option<&'static str> {
    match kind {
        "tmpfs" | "ramfs" => Some(
            "It is in memory: nothing is learnt of a disk. Name a folder on the disk under test \
             with --data-dir",
        ),
        "overlay" | "fuse.fuse-overlayfs" => Some(
            "It is a layer of a container, slower to write than the disk below: name a folder \
             of a volume with --data-dir",
        ),
        "nfs" | "nfs4" | "cifs" | "9p" | "virtiofs" => Some(
            "It is on the network or on the host's side: its times are not those of a local \
             disk. Name another folder with --data-dir",
        ),
        "btrfs" | "zfs" => Some(
            "It copies on write, which slows down loads and WAL beyond other file systems, and \
             shows on one's own server only if that has it too",
        ),
        _ => None,
    }
}

fn cache(args: &DoctorArgs) -> Finding {
    match cache_folder(args.cache_dir.as_deref()) {
        Ok(folder) => Finding::ok("archive cache", folder.display().to_string()),
        Err(error) => Finding::missing("archive cache", "no folder", format!("{error:#}")),
    }
}

async fn programs() -> Vec<Finding> {
    let servers = find_programs(Need::Server).await;
    let clients = find_programs(Need::Client).await;
    let list = |programs: &[Programs]| -> String {
        let each = programs
            .iter()
            .map(|programs| format!("{} in {}", programs.version, programs.bindir.display()));
        each.collect::<Vec<_>>().join(", ")
    };
    let mut findings = Vec::new();
    findings.push(if servers.is_empty() {
        Finding::missing(
            "server programs",
            "none",
            "The local provider needs them. Debian, Ubuntu: apt install postgresql;\n\
             Fedora: dnf install postgresql-server; macOS: brew install postgresql@17",
        )
    } else {
        Finding::ok("server programs", list(&servers))
    });
    findings.push(if clients.is_empty() {
        Finding::missing(
            "client programs",
            "none",
            "The external provider needs them. Debian, Ubuntu: apt install postgresql-client;\n\
             Fedora: dnf install postgresql; macOS: brew install libpq",
        )
    } else {
        Finding::ok("client programs", list(&clients))
    });
    findings.push(match clients.iter().find(|programs| programs.has_pgbench) {
        Some(programs) => Finding::ok("pgbench", programs.bindir.display().to_string()),
        None => Finding::missing(
            "pgbench",
            "none",
            "pgbench datasets need it. It comes with the server's or the contrib package",
        ),
    });
    findings
}

fn server_user() -> Finding {
    if !nix::unistd::Uid::effective().is_root() {
        return Finding::ok("server's user", "you: PostgreSQL runs as any user but root");
    }
    match RunAs::instead_of_root() {
        Some(user) => {
            Finding::ok("server's user", format!("{}, since PostgreSQL refuses root", user.name))
        }
        None => Finding::missing(
            "server's user",
            "you are root, which PostgreSQL refuses",
            "Make a user named postgres, or run jobtune as another user",
        ),
    }
}

async fn docker() -> Finding {
    let Ok(client) = connect_to_docker().await else {
        return Finding::missing(
            "container engine",
            "none answers",
            "The docker provider needs one: other versions of PostgreSQL, limits of cpu and\n\
             memory. Start Docker, or set DOCKER_HOST",
        );
    };
    let version = client.version().await.ok().and_then(|version| version.version);
    let version = version.unwrap_or_else(|| "unknown version".to_owned());
    Finding::ok("container engine", format!("Docker API, engine {version}"))
}

fn caches() -> Finding {
    if can_drop_caches() {
        Finding::ok("cold caches", "the system's caches can be dropped")
    } else {
        Finding::missing(
            "cold caches",
            "the system's caches cannot be dropped",
            "Only root on Linux can; cache = \"cold\" then restarts the server alone",
        )
    }
}

fn leftovers(args: &DoctorArgs) -> anyhow::Result<Finding> {
    let found = find_all(&state_folder(args.state.state_dir.as_deref())?)?;
    let dead = found.iter().filter(|found| matches!(found, Found::Dead { .. })).count();
    Ok(match dead {
        0 => Finding::ok("leftovers", "none"),
        dead => Finding {
            what: "leftovers",
            ok: false,
            found: format!("of {dead} dead runs"),
            advice: Some("jobtune clean removes them".to_owned()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_advised_on() {
        let advice = |found: Conditions| -> Vec<(&'static str, bool)> {
            let findings = judged(&found);
            findings.iter().map(|finding| (finding.what, finding.advice.is_some())).collect()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(advice(Conditions::default()), [], "what is unknown is not spoken of");
        let bad = Conditions {
            file_system: some("tmpfs"),
            scheduler: some("bfq"),
            transparent_huge_pages: some("always"),
            governor: some("powersave"),
            virtualisation: some("virtual machine (KVM)"),
            cpu_limit_milli: Some(1500),
            ..Conditions::default()
        };
        let findings = judged(&bad);
        assert!(findings.len() == 6 && findings.iter().all(|finding| finding.advice.is_some()));
        assert_eq!(findings[5].found, "1.5 processors");
        let good = Conditions {
            file_system: some("ext4"),
            device: some("nvme0n1p1"),
            mount_options: some("rw,noatime"),
            scheduler: some("none"),
            transparent_huge_pages: some("madvise"),
            governor: some("performance"),
            virtualisation: some("none"),
            ..Conditions::default()
        };
        assert!(advice(good.clone()).iter().all(|(_, advised)| !advised));
        assert_eq!(judged(&good)[0].found, "ext4 on nvme0n1p1 (rw,noatime)");
    }
}
