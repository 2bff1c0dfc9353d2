//! Service files: named sets of connection parameters.
//!
//! A transcription of `parseServiceInfo` and `parseServiceFile` of libpq's
//! `fe-connect.c`.

use std::io;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::keyword::Keyword;
use super::syntax::Pairs;

/// Where packagers let libpq look for `pg_service.conf` without `PGSYSCONFDIR`:
/// Debian, the PostgreSQL project's RPM packages, a build from source, and
/// Homebrew. The folder is compiled into libpq and cannot be asked of it.
const SYSTEM_FOLDERS: [&str; 5] = [
    "/etc/postgresql-common",
    "/etc/sysconfig/pgsql",
    "/etc",
    "/usr/local/pgsql/etc",
    "/opt/homebrew/etc/postgresql",
];

/// Why a service gave no parameters.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ServiceError {
    #[error("service {service:?} is defined in none of the service files: {}. \
             Add a section [{service}] to one, or correct service= or PGSERVICE",
            listed(.looked_in))]
    NotDefined { service: String, looked_in: Vec<PathBuf> },
    #[error("service file {path} cannot be read: {cause}. Correct PGSERVICEFILE or the file's \
             permissions", path = .path.display())]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("{what} in line {line} of service file {path}", path = .path.display())]
    Syntax { path: PathBuf, line: usize, what: String },
}

fn listed(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "there is none".to_owned();
    }
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Looks a service up in the user's file and then in the system's.
///
/// Of a parameter that comes twice in a section, the first counts.
pub(super) fn look_up(service: &str, environment: &Environment) -> Result<Pairs, ServiceError> {
    let mut looked_in = Vec::new();
    for path in files(environment) {
        let text = std::fs::read_to_string(&path)
            .map_err(|cause| ServiceError::Unreadable { path: path.clone(), cause })?;
        if let Some(pairs) = section(&text, service, &path)? {
            return Ok(pairs);
        }
        looked_in.push(path);
    }
    Err(ServiceError::NotDefined { service: service.to_owned(), looked_in })
}

/// The files to read, in order. A file that `PGSERVICEFILE` names must exist.
fn files(environment: &Environment) -> Vec<PathBuf> {
    let exists = |path: &PathBuf| path.exists();
    let user = match environment.variable("PGSERVICEFILE") {
        Some(path) => Some(PathBuf::from(path)),
        None => environment.at_home(".pg_service.conf").filter(exists),
    };
    let system = match environment.variable("PGSYSCONFDIR") {
        Some(folder) => Some(Path::new(folder).join("pg_service.conf")).filter(exists),
        None => {
            SYSTEM_FOLDERS.iter().map(|dir| Path::new(dir).join("pg_service.conf")).find(exists)
        }
    };
    user.into_iter().chain(system).collect()
}

/// The parameters under `[service]`, or `None` if there is no such section.
fn section(text: &str, service: &str, path: &Path) -> Result<Option<Pairs>, ServiceError> {
    let mut found: Option<Pairs> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            let named = header.strip_prefix(service).is_some_and(|rest| rest.starts_with(']'));
            found = named.then(Vec::new);
        } else if let Some(pairs) = &mut found {
            let fault = |what| ServiceError::Syntax { path: path.into(), line: index + 1, what };
            let (keyword, value) = parameter(line).map_err(fault)?;
            if !pairs.iter().any(|(known, _)| *known == keyword) {
                pairs.push((keyword, value));
            }
        }
    }
    Ok(found)
}

/// One `keyword=value`; libpq allows no blanks around the `=`.
fn parameter(line: &str) -> Result<(Keyword, String), String> {
    if line.starts_with("ldap") {
        return Err(
            "an LDAP look-up, which is not supported here; write the parameters out,".to_owned()
        );
    }
    let Some((name, value)) = line.split_once('=') else {
        return Err("no \"=\"".to_owned());
    };
    match Keyword::named(name) {
        Some(keyword) if keyword.name() != "service" => Ok((keyword, value.to_owned())),
        Some(_) => Err("a service within a service".to_owned()),
        None if name.ends_with([' ', '\t']) => Err("a blank before the \"=\"".to_owned()),
        None => Err(format!("unknown connection parameter {name:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# services\n\
        user=ignored\n\
        [a]\nhost=one\n  port=1 \nhost=two\n\
        [ab]\nhost= three\n\
        [bad]\nhost = x\n[nested]\nservice=a\n[odd]\nnosuch=1\n[none]\nhost\n[l]\nldap://h/d?a?b?c\n";

    fn read(service: &str) -> String {
        match section(TEXT, service, Path::new("f")) {
            Ok(None) => "absent".to_owned(),
            Ok(Some(pairs)) => format!("{pairs:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn sections_are_found_by_their_exact_names() {
        assert_eq!(read("a"), r#"[(host, "one"), (port, "1")]"#);
        assert_eq!(read("ab"), r#"[(host, " three")]"#);
        assert_eq!(read("b"), "absent");
    }

    #[test]
    fn faults_are_named_with_their_line() {
        assert_eq!(read("bad"), "a blank before the \"=\" in line 10 of service file f");
        assert_eq!(read("nested"), "a service within a service in line 12 of service file f");
        assert!(read("odd").starts_with("unknown connection parameter \"nosuch\" in line 14"));
        assert!(read("none").starts_with("no \"=\" in line 16"));
        assert!(read("l").starts_with("an LDAP look-up"));
    }

    #[test]
    fn the_users_file_comes_before_the_systems() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("etc")).unwrap();
        std::fs::write(at(".pg_service.conf"), "[a]\nhost=user\n").unwrap();
        std::fs::write(at("etc/pg_service.conf"), "[a]\nhost=system\n[b]\nhost=b\n").unwrap();
        let environment = Environment::new([
            ("HOME".to_owned(), dir.path().display().to_string()),
            ("PGSYSCONFDIR".to_owned(), at("etc").display().to_string()),
        ]);
        assert_eq!(look_up("a", &environment).unwrap()[0].1, "user");
        assert_eq!(look_up("b", &environment).unwrap()[0].1, "b");
        assert!(look_up("c", &environment).unwrap_err().to_string().contains("none of"));

        let named =
            Environment::new([("PGSERVICEFILE".to_owned(), at("no").display().to_string())]);
        assert!(matches!(look_up("a", &named), Err(ServiceError::Unreadable { .. })));
    }
}
