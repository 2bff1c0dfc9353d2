//! How this machine reaches what a container publishes.

use std::path::Path;

/// Where a port that a container publishes is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// On this machine.
    Loopback,
    /// On the machine of the engine.
    Host(String),
    /// At the gateway of the container's network: this program runs in a
    /// container itself, beside those that it starts.
    Gateway,
}

impl Reach {
    pub(super) fn of_engine() -> Self {
        let docker_host = std::env::var("DOCKER_HOST").unwrap_or_default();
        match host_of(&docker_host) {
            Some("localhost") => Self::Loopback,
            Some(host) => Self::Host(host.to_owned()),
            None if Path::new("/.dockerenv").exists() => Self::Gateway,
            None => Self::Loopback,
        }
    }
}

/// The host in a `DOCKER_HOST` that leads over the network.
fn host_of(docker_host: &str) -> Option<&str> {
    let (scheme, rest) = docker_host.split_once("://")?;
    if !["tcp", "http", "https"].contains(&scheme) {
        return None;
    }
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.strip_prefix('[') {
        Some(address) => address.split(']').next(),
        None => Some(authority.rsplit_once(':').map_or(authority, |(host, _)| host)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_where_docker_host_says() {
        assert_eq!(host_of("tcp://docker:2375"), Some("docker"));
        assert_eq!(host_of("tcp://[fd00::1]:2375"), Some("fd00::1"));
        assert_eq!(host_of("http://10.0.0.1"), Some("10.0.0.1"));
        assert_eq!(host_of("unix:///var/run/docker.sock"), None);
        assert_eq!(host_of(""), None);
    }
}
