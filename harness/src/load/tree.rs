//! Which processes are the client's and which the server's.

use std::path::PathBuf;

use super::cgroup::CgroupProbe;
use super::process::{ServerTree, Usage, own_children, sum};
use super::readings::read;
use crate::record::LoadSample;

/// How the first process of a server is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstProcess {
    /// `postmaster.pid` in the data directory, which a restart writes anew.
    PidFile(PathBuf),
    /// It runs in a container, which runs the client programs too.
    Container {
        /// Identifier of the container.
        id: String,
        /// Number of its first process, as the engine says.
        process: u32,
    },
    /// The parent of our own backend, if the server runs on this machine.
    OfBackend,
}

/// Reads the use of processes and of the container.
#[derive(Debug)]
pub(super) struct ProcessProbe {
    first: FirstProcess,
    server: Option<ServerTree>,
    cgroup: Option<CgroupProbe>,
    /// Processor time never falls; what is read can, for once, when a process
    /// ends meanwhile.
    server_most: u64,
    client_most: u64,
    told: bool,
}

impl ProcessProbe {
    /// `backend` is the process that serves our own connection, with its role
    /// and database.
    pub(super) fn new(
        first: FirstProcess,
        backend: Option<(u32, String, String)>,
        notes: &mut Vec<String>,
    ) -> Self {
        let (mut server, mut cgroup) = (None, None);
        match &first {
            FirstProcess::PidFile(path) => server = by_pid_file(path),
            FirstProcess::Container { id, process } => {
                // Elsewhere the same number is another process.
                let groups = read(format!("/proc/{process}/cgroup")).unwrap_or_default();
                if groups.contains(id.as_str()) {
                    server = ServerTree::at(*process);
                    cgroup = CgroupProbe::of(*process);
                }
            }
            FirstProcess::OfBackend => {
                server = backend
                    .and_then(|(process, user, db)| ServerTree::of_backend(process, &user, &db));
            }
        }
        let is_elsewhere = server.is_none() && first == FirstProcess::OfBackend;
        if server.is_none() && cfg!(target_os = "linux") {
            notes.push(if is_elsewhere {
                "the server's processes are not to be seen from here: its processor time and \
                 memory are not recorded"
                    .to_owned()
            } else {
                "the server's processes were not found: their use is not recorded".to_owned()
            });
        }
        Self { first, server, cgroup, server_most: 0, client_most: 0, told: false }
    }

    /// Whether the container's control group can be read here.
    pub(super) fn sees_container(&self) -> bool {
        self.cgroup.is_some()
    }

    /// Reads the container and, if `deep`, the processes.
    pub(super) fn read(&mut self, sample: &mut LoadSample, deep: bool, notes: &mut Vec<String>) {
        if let Some(cgroup) = &mut self.cgroup
            && !cgroup.read(sample)
        {
            self.cgroup = None;
            notes.push("the container's control group is gone: its use is not recorded".to_owned());
        }
        if deep {
            self.server(sample, notes);
            self.client(sample);
        }
    }

    fn server(&mut self, sample: &mut LoadSample, notes: &mut Vec<String>) {
        let was_there = self.server.is_some();
        let usage = self.server.and_then(ServerTree::usage).or_else(|| {
            // A server that was started again has another first process.
            let FirstProcess::PidFile(path) = &self.first else { return None };
            self.server = by_pid_file(path);
            self.server_most = 0;
            self.server.and_then(ServerTree::usage)
        });
        let Some(usage) = usage else {
            if was_there && !self.told {
                self.told = true;
                notes.push("the server's processes are gone".to_owned());
            }
            return;
        };
        self.server_most = self.server_most.max(usage.cpu_ns);
        sample.server_cpu_ns = Some(self.server_most);
        sample.server_memory_bytes = Some(usage.memory_bytes);
        sample.server_processes = Some(usage.processes);
    }

    /// In a container the client is what is not the server; elsewhere it is
    /// what we have started.
    fn client(&mut self, sample: &mut LoadSample) {
        let usage = match &self.first {
            FirstProcess::Container { .. } => self.client_in_container(sample),
            FirstProcess::PidFile(_) | FirstProcess::OfBackend => own_children(),
        };
        let Some(usage) = usage else { return };
        self.client_most = self.client_most.max(usage.cpu_ns);
        sample.client_cpu_ns = Some(self.client_most);
        sample.client_memory_bytes = Some(usage.memory_bytes);
        sample.client_processes = Some(usage.processes);
    }

    fn client_in_container(&self, sample: &LoadSample) -> Option<Usage> {
        let server = self.server?.processes();
        let mut processes = self.cgroup.as_ref()?.processes()?;
        processes.retain(|process| !server.contains(process));
        let cpu_ns = sample.container_cpu_ns?.saturating_sub(sample.server_cpu_ns?);
        Some(Usage { cpu_ns, ..sum(&processes) })
    }
}

fn by_pid_file(path: &std::path::Path) -> Option<ServerTree> {
    ServerTree::at(read(path)?.lines().next()?.trim().parse().ok()?)
}
