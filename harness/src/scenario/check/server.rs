//! Checks of the server that a scenario asks for.

use std::collections::BTreeMap;

use super::super::file::{ServerFile, SettingFile};
use super::super::network::Network;
use super::super::{ConninfoSource, Dataset, Provider, ProviderKind, Server};
use super::{Check, Flaw, flaw};

/// The image of the docker provider unless the scenario names another.
const DEFAULT_IMAGE: &str = "postgres:17";

/// Why a network is not imitated before a server of the user's.
pub(super) const NO_PROXY_OF_OTHERS: &str = "latency and bandwidth are imitated between client \
    programs and servers that jobtune starts: an external server is as far away as it is; leave \
    them out";

/// Why the disk of a server of the user's is not limited.
pub(super) const NO_DISK_OF_OTHERS: &str = "server.disk is for servers that jobtune starts: an \
    external server has the disk that it has; leave it out";

impl Check<'_> {
    /// The server of the scenario, and of each variant that says nothing else.
    pub(super) fn server(&self, file: &ServerFile, dataset: &Dataset) -> Result<Server, Flaw> {
        let conninfo = match (&file.conninfo_env, self.overrides.conninfo) {
            (_, true) => Some(ConninfoSource::CommandLine),
            (Some(variable), false) => Some(ConninfoSource::Env(variable.clone())),
            (None, false) => None,
        };
        let kind =
            self.overrides.provider.or(file.provider).unwrap_or(if self.overrides.conninfo {
                ProviderKind::External
            } else {
                ProviderKind::Local
            });
        let bindir = self.path(self.overrides.bindir.as_deref(), file.bindir.as_deref());
        let provider = match kind {
            ProviderKind::Local => Provider::Local {
                bindir,
                data_dir: self.path(self.overrides.data_dir.as_deref(), file.data_dir.as_deref()),
            },
            ProviderKind::Docker => Provider::Docker {
                image: self
                    .overrides
                    .image
                    .clone()
                    .or_else(|| file.image.clone())
                    .unwrap_or_else(|| DEFAULT_IMAGE.to_owned()),
                cpus: check_cpus(file.cpus)?,
                memory: file.memory,
            },
            ProviderKind::External => Provider::External {
                bindir,
                conninfo: conninfo.ok_or_else(|| Flaw {
                    span: None,
                    message: "provider \"external\" needs to know its server: name an environment \
                              variable in server.conninfo_env, or give --conninfo"
                        .to_owned(),
                })?,
            },
        };
        if matches!((&provider, dataset), (Provider::Docker { .. }, Dataset::Database { .. })) {
            return flaw(
                None,
                "dataset.database cannot be dumped by the programs in a container: use provider \
                 \"local\", or dump it yourself and name the archive",
            );
        }
        let network = Network::new(
            self.overrides.latency.or(file.latency),
            self.overrides.bandwidth.or(file.bandwidth),
        );
        if network.is_some() && matches!(provider, Provider::External { .. }) {
            return flaw(None, NO_PROXY_OF_OTHERS);
        }
        let (disk, span) = match (self.overrides.disk, &file.disk) {
            (Some(disk), _) => (Some(disk), None),
            (None, Some(disk)) => (Some(*disk.get_ref()), Some(disk.span())),
            (None, None) => (None, None),
        };
        if let Some(message) = disk.and_then(|disk| disk.flaw()) {
            return flaw(span, message);
        }
        if disk.is_some() && matches!(provider, Provider::External { .. }) {
            return flaw(span, NO_DISK_OF_OTHERS);
        }
        Ok(Server { provider, settings: settings(&file.settings), network, disk })
    }
}

pub(super) fn check_cpus(cpus: Option<f64>) -> Result<Option<f64>, Flaw> {
    match cpus {
        Some(cpus) if !(cpus > 0.0 && cpus <= 4096.0) => {
            flaw(None, format!("cpus = {cpus}: give a number above 0"))
        }
        cpus => Ok(cpus),
    }
}

pub(super) fn settings(raw: &BTreeMap<String, SettingFile>) -> BTreeMap<String, String> {
    raw.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}
