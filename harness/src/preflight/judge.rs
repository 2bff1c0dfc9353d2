//! What of an archive's needs a server lacks.

use restore_core::needs::{Feature, Need, Provider, Purpose, Requirement, Usage};

use super::catalog::{Available, Catalog, locale_key};

/// A need that a server does not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shortfall<'a> {
    pub(super) need: &'a Need,
    /// Those of its uses that fail.
    pub(super) uses: Vec<&'a Usage>,
    pub(super) lack: Lack,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lack {
    /// It is not there.
    Missing,
    /// The role's name is one that the server alone gives (`pg_...`).
    ReservedRole,
    /// Our role may not give objects to that role.
    NotMember,
    /// The extension is there, in these versions.
    OtherVersion(Vec<String>),
    /// Only a superuser may install the extension.
    InstalledBySuperuser,
    /// The extension works only if the server loads it when it starts.
    NotPreloaded,
    /// Our role may not store there.
    NoRight,
    /// Our role is no superuser.
    NotSuperuser,
    /// The database, which is made fresh, lacks it, and the archive does not
    /// make it.
    NotInFreshDatabase,
    /// The server was made without it, which does not prove that it is not
    /// there now.
    Unknown,
}

impl Shortfall<'_> {
    /// Whether it is this role that is missing.
    pub(super) fn is_missing_role(&self, role: &str) -> bool {
        let names = matches!(&self.need.requirement, Requirement::Role { name } if name == role);
        names && self.lack == Lack::Missing
    }

    /// Whether a restore may work nevertheless.
    pub(super) fn is_doubtful(&self, catalog: &Catalog) -> bool {
        match self.lack {
            Lack::Unknown => true,
            Lack::NotSuperuser | Lack::InstalledBySuperuser => catalog.service_role.is_some(),
            _ => false,
        }
    }
}

/// Extensions that refuse to be installed or to work unless the server loads
/// them at its start (their own manuals).
const PRELOADED: [&str; 6] = ["timescaledb", "pg_cron", "citus", "pgaudit", "pglogical", "bdr"];

/// What the server lacks, in the order of the needs.
pub(super) fn shortfalls<'a>(
    catalog: &Catalog,
    needs: &'a [Need],
    has_scripts: bool,
) -> Vec<Shortfall<'a>> {
    let lacking = needs.iter().flat_map(|need| lacks(catalog, need));
    lacking
        .filter(|found| !(has_scripts && found.lack == Lack::NotInFreshDatabase))
        .filter(|found| !(has_scripts && is_extension_missing(found)))
        .collect()
}

/// Scripts may have made the extension from files of their own.
fn is_extension_missing(found: &Shortfall<'_>) -> bool {
    matches!(found.need.requirement, Requirement::Extension { .. }) && found.lack == Lack::Missing
}

fn lacks<'a>(catalog: &Catalog, need: &'a Need) -> Vec<Shortfall<'a>> {
    let all = |lack: Lack| vec![Shortfall { need, uses: need.uses.iter().collect(), lack }];
    let only = |lack: Option<Lack>| lack.map_or_else(Vec::new, all);
    match &need.requirement {
        Requirement::Role { name } => role(catalog, need, name),
        Requirement::Extension { name, version } => {
            only(extension(catalog, name, version.as_deref()))
        }
        Requirement::Tablespace { name } => only(match catalog.tablespaces.get(name) {
            None => Some(Lack::Missing),
            Some(false) => Some(Lack::NoRight),
            Some(true) => None,
        }),
        Requirement::Language { name } => only(language(catalog, need, name)),
        // A library is found on the path of the server, which is not ours to
        // look at.
        Requirement::Library { .. } => Vec::new(),
        Requirement::TableAccessMethod { .. }
        | Requirement::IndexAccessMethod { .. }
        | Requirement::ForeignDataWrapper { .. } => all(Lack::NotInFreshDatabase),
        Requirement::Collation { name } => {
            only((!catalog.collations.contains(name)).then_some(Lack::Missing))
        }
        Requirement::Locale { provider, name } => only(locale(catalog, *provider, name)),
        Requirement::LabelProvider { name } => {
            only(catalog.missing_label_providers.contains(name).then_some(Lack::Missing))
        }
        Requirement::Superuser { feature } => only(superuser(catalog, *feature)),
    }
}

/// A role must exist; to own what we make, it must also be one that our role
/// may act as.
fn role<'a>(catalog: &Catalog, need: &'a Need, name: &str) -> Vec<Shortfall<'a>> {
    let shortfall = |uses: Vec<&'a Usage>, lack| Shortfall { need, uses, lack };
    let Some(may_act) = catalog.roles.get(name) else {
        let lack = if name.starts_with("pg_") { Lack::ReservedRole } else { Lack::Missing };
        return vec![shortfall(need.uses.iter().collect(), lack)];
    };
    // Whoever owns the database is one, as our role owns those of the trials (manual, 22.5).
    if name == "pg_database_owner" {
        return Vec::new();
    }
    let acting = [Purpose::Owner, Purpose::SuperuserOwner, Purpose::DefaultPrivileges];
    let uses: Vec<&Usage> = need.uses.iter().filter(|of| acting.contains(&of.purpose)).collect();
    if *may_act || uses.is_empty() {
        return Vec::new();
    }
    vec![shortfall(uses, Lack::NotMember)]
}

fn extension(catalog: &Catalog, name: &str, version: Option<&str>) -> Option<Lack> {
    let Some(Available { versions, needs_superuser }) = catalog.extensions.get(name) else {
        return Some(Lack::Missing);
    };
    if version.is_some_and(|version| !versions.contains(version)) {
        return Some(Lack::OtherVersion(versions.iter().cloned().collect()));
    }
    if *needs_superuser && !catalog.is_superuser {
        return Some(Lack::InstalledBySuperuser);
    }
    let loaded = catalog.preloaded.as_ref().filter(|_| PRELOADED.contains(&name))?;
    (!loaded.iter().any(|loaded| loaded == name)).then_some(Lack::NotPreloaded)
}

/// Where the archive itself makes the language, it must be one that the server
/// knows how to make; otherwise a fresh database has to have it.
fn language(catalog: &Catalog, need: &Need, name: &str) -> Option<Lack> {
    let is_made = need.uses.iter().all(|of| of.purpose != Purpose::Function);
    match (is_made, catalog.extensions.contains_key(name)) {
        (true, true) => None,
        (true, false) => Some(Lack::Missing),
        (false, _) => Some(Lack::NotInFreshDatabase),
    }
}

fn locale(catalog: &Catalog, provider: Provider, name: &str) -> Option<Lack> {
    match provider {
        Provider::Icu => (!catalog.has_icu).then_some(Lack::Missing),
        Provider::Builtin => (catalog.major < 17).then_some(Lack::Missing),
        Provider::Libc => (!catalog.locales.contains(&locale_key(name))).then_some(Lack::Unknown),
    }
}

fn superuser(catalog: &Catalog, feature: Feature) -> Option<Lack> {
    // From 16 on a predefined role may make subscriptions; whether ours is a
    // member, the server says when it comes to it.
    let is_doubtful = feature == Feature::Subscription && catalog.major >= 16;
    if catalog.is_superuser {
        None
    } else if is_doubtful {
        Some(Lack::Unknown)
    } else {
        Some(Lack::NotSuperuser)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(requirement: Requirement, purposes: &[Purpose]) -> Need {
        let usage = |purpose: &Purpose| Usage {
            purpose: *purpose,
            items: 1,
            item_kind: "TABLE".into(),
            first: "public.t".to_owned(),
            ids: Vec::new(),
        };
        Need { requirement, uses: purposes.iter().map(usage).collect() }
    }

    fn role(name: &str, purposes: &[Purpose]) -> Need {
        need(Requirement::Role { name: name.to_owned() }, purposes)
    }

    fn extension(name: &str, version: Option<&str>) -> Need {
        let (name, version) = (name.to_owned(), version.map(str::to_owned));
        need(Requirement::Extension { name, version }, &[Purpose::Extension])
    }

    fn catalog() -> Catalog {
        let available = |versions: &[&str], needs_superuser| Available {
            versions: versions.iter().map(|&version| version.to_owned()).collect(),
            needs_superuser,
        };
        Catalog {
            major: 15,
            role: "planner".to_owned(),
            roles: [("app".to_owned(), false), ("mine".to_owned(), true)].into(),
            extensions: [
                ("hstore".to_owned(), available(&["1.7", "1.8"], false)),
                ("postgis".to_owned(), available(&["3.3"], true)),
                ("pg_cron".to_owned(), available(&["1.4"], false)),
                ("plperl".to_owned(), available(&["1.0"], false)),
            ]
            .into(),
            preloaded: Some(Vec::new()),
            ..Catalog::default()
        }
    }

    fn lacks_of(catalog: &Catalog, needs: &[Need]) -> Vec<Lack> {
        shortfalls(catalog, needs, false).into_iter().map(|found| found.lack).collect()
    }

    #[test]
    fn roles_must_exist_and_be_ours_to_act_as() {
        let needs = [
            role("app", &[Purpose::Policy]),
            role("app", &[Purpose::Owner, Purpose::Policy]),
            role("mine", &[Purpose::Owner]),
            role("absent", &[Purpose::Grant]),
            role("pg_read_all_data", &[Purpose::Grant]),
        ];
        let found = shortfalls(&catalog(), &needs, false);
        let lacks: Vec<&Lack> = found.iter().map(|found| &found.lack).collect();
        assert_eq!(lacks, [&Lack::NotMember, &Lack::Missing, &Lack::ReservedRole]);
        assert_eq!(found[0].uses.len(), 1, "the policy does not need it");
    }

    #[test]
    fn extensions_must_be_there_in_the_version_asked_for() {
        let needs = [
            extension("hstore", None),
            extension("hstore", Some("1.7")),
            extension("hstore", Some("2.0")),
            extension("absent", None),
            extension("postgis", None),
            extension("pg_cron", None),
        ];
        let versions = vec!["1.7".to_owned(), "1.8".to_owned()];
        assert_eq!(
            lacks_of(&catalog(), &needs),
            [
                Lack::OtherVersion(versions),
                Lack::Missing,
                Lack::InstalledBySuperuser,
                Lack::NotPreloaded
            ]
        );
        let found = shortfalls(&catalog(), &needs, true);
        assert!(found.iter().all(|found| found.lack != Lack::Missing), "a script may bring it");
    }

    #[test]
    fn languages_are_made_or_have_to_be_there() {
        let language =
            |name: &str, purpose| need(Requirement::Language { name: name.to_owned() }, &[purpose]);
        let needs = [
            language("plperl", Purpose::Other),
            language("plperl", Purpose::Function),
            language("plold", Purpose::Other),
        ];
        assert_eq!(lacks_of(&catalog(), &needs), [Lack::NotInFreshDatabase, Lack::Missing]);
    }

    #[test]
    fn managed_services_may_allow_more() {
        let feature = Feature::EventTrigger;
        let needs = [need(Requirement::Superuser { feature }, &[Purpose::Other])];
        let plain = catalog();
        assert!(!shortfalls(&plain, &needs, false)[0].is_doubtful(&plain));
        let managed = Catalog { service_role: Some("rds_superuser".to_owned()), ..catalog() };
        assert!(shortfalls(&managed, &needs, false)[0].is_doubtful(&managed));
        let superuser = Catalog { is_superuser: true, ..catalog() };
        assert!(lacks_of(&superuser, &needs).is_empty());
    }
}
