//! Which Debian package brings an extension or a language.

/// The package of Debian and Ubuntu that brings an extension for a major
/// version of the server, by the names of apt.postgresql.org; `None` where none
/// is known.
pub(super) fn debian_package(extension: &str, major: u32) -> Option<String> {
    let versioned = |name: &str| Some(format!("postgresql-{major}-{name}"));
    if CONTRIB.contains(&extension) {
        // Before 10 in a package of its own; since, with the server.
        return Some(if major < 10 {
            format!("postgresql-contrib-{major}")
        } else {
            format!("postgresql-{major}")
        });
    }
    if let Some(language) = LANGUAGES.iter().find(|(name, _)| *name == extension) {
        return Some(format!("postgresql-{}-{major}", language.1));
    }
    if let Some((_, package)) = PACKAGES.iter().find(|(name, _)| *name == extension) {
        return versioned(package);
    }
    // From the maker's own repository.
    (extension == "timescaledb").then(|| format!("timescaledb-2-postgresql-{major}"))
}

/// Languages, in packages named the other way round.
const LANGUAGES: [(&str, &str); 7] = [
    ("plpython3u", "plpython3"),
    ("plperl", "plperl"),
    ("plperlu", "plperl"),
    ("pltcl", "pltcl"),
    ("pltclu", "pltcl"),
    ("bool_plperl", "plperl"),
    ("hstore_plperl", "plperl"),
];

/// Extensions whose package has another name than they have.
const PACKAGES: [(&str, &str); 24] = [
    ("address_standardizer", "postgis-3"),
    ("hll", "hll"),
    ("hypopg", "hypopg"),
    ("ip4r", "ip4r"),
    ("orafce", "orafce"),
    ("pg_cron", "cron"),
    ("pg_hint_plan", "pg-hint-plan"),
    ("pg_partman", "partman"),
    ("pg_qualstats", "pg-qualstats"),
    ("pg_repack", "repack"),
    ("pg_similarity", "similarity"),
    ("pgaudit", "pgaudit"),
    ("pglogical", "pglogical"),
    ("pgmp", "pgmp"),
    ("pgrouting", "pgrouting"),
    ("pgsphere", "pgsphere"),
    ("pgtap", "pgtap"),
    ("plpgsql_check", "plpgsql-check"),
    ("postgis", "postgis-3"),
    ("postgis_raster", "postgis-3"),
    ("postgis_tiger_geocoder", "postgis-3"),
    ("postgis_topology", "postgis-3"),
    ("rum", "rum"),
    ("vector", "pgvector"),
];

/// Extensions of PostgreSQL's own distribution.
const CONTRIB: [&str; 37] = [
    "adminpack",
    "amcheck",
    "autoinc",
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "dict_int",
    "dict_xsyn",
    "earthdistance",
    "file_fdw",
    "fuzzystrmatch",
    "hstore",
    "insert_username",
    "intagg",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "moddatetime",
    "pageinspect",
    "pg_buffercache",
    "pg_freespacemap",
    "pg_prewarm",
    "pg_stat_statements",
    "pg_trgm",
    "pgcrypto",
    "pgrowlocks",
    "pgstattuple",
    "postgres_fdw",
    "refint",
    "seg",
    "tablefunc",
    "unaccent",
    "uuid-ossp",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_as_debian_names_them() {
        let package = |extension: &str| debian_package(extension, 15);
        assert_eq!(package("postgis").as_deref(), Some("postgresql-15-postgis-3"));
        assert_eq!(package("pg_cron").as_deref(), Some("postgresql-15-cron"));
        assert_eq!(package("plpython3u").as_deref(), Some("postgresql-plpython3-15"));
        assert_eq!(package("hstore").as_deref(), Some("postgresql-15"));
        assert_eq!(package("codebook"), None);
    }
}
