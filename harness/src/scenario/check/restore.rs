//! `pg_restore`'s own options: those of the scenario, of its variants, and of
//! the command line.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use restore_core::format::Format;
use restore_core::options::{Meaning, Opt, OptionValue, RestoreOptions};
use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::super::file::{RestoreFile, VariantRestoreFile};
use super::super::{Phase, Restore, Variant};
use super::{Check, Flaw, absolute, flaw};

/// Keys of `[restore]` that are no options of `pg_restore`.
const OTHER_KEYS: [&str; 9] =
    ["errors", "keep", "owner", "privileges", "probe", "ready", "sections", "session", "verify"];

/// A step on the way from the whole file to a key.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Element(usize),
}

/// The keys of one `restore` table.
struct Keys<'a> {
    owner: Option<bool>,
    privileges: Option<bool>,
    options: &'a BTreeMap<String, toml::Value>,
    /// Where the table is.
    way: Vec<Step<'a>>,
}

impl Check<'_> {
    /// The options that `[restore]` gives.
    pub(super) fn written_options(&self, file: &RestoreFile) -> Result<RestoreOptions, Flaw> {
        let RestoreFile { owner, privileges, options, .. } = file;
        let way = vec![Step::Key("restore")];
        let keys = Keys { owner: *owner, privileges: *privileges, options, way };
        self.add(RestoreOptions::without_roles(), &keys)
    }

    /// The same for the variant of this number: its own options on top of
    /// the scenario's.
    pub(super) fn variant_options(
        &self,
        scenario: &RestoreOptions,
        file: &VariantRestoreFile,
        number: usize,
    ) -> Result<RestoreOptions, Flaw> {
        let VariantRestoreFile { owner, privileges, options, .. } = file;
        let way = vec![Step::Key("variant"), Step::Element(number), Step::Key("restore")];
        let keys = Keys { owner: *owner, privileges: *privileges, options, way };
        self.add(scenario.clone(), &keys)
    }

    /// Written options with those of the command line on top, which must go
    /// together.
    pub(super) fn options(
        &self,
        mut options: RestoreOptions,
        span: Option<Range<usize>>,
    ) -> Result<RestoreOptions, Flaw> {
        let mut over = self.overrides.options.clone();
        over.resolve_files(|path| absolute(Path::new("."), path));
        options.overlay(&over);
        options.check_together().or_else(|error| flaw(span.clone(), error.to_string()))?;
        if let Some(path) = options.files().find(|path| !path.is_file()) {
            return flaw(span, format!("the file {} is not there", path.display()));
        }
        Ok(options)
    }

    fn add(&self, mut options: RestoreOptions, keys: &Keys<'_>) -> Result<RestoreOptions, Flaw> {
        for (option, included, key) in [
            (Opt::NoOwner, keys.owner, "owner"),
            (Opt::NoPrivileges, keys.privileges, "privileges"),
        ] {
            let is_named = |name: &String| Opt::by_name(name) == Some(option);
            match (included, keys.options.keys().find(|name| is_named(name))) {
                (Some(_), Some(name)) => {
                    let message =
                        format!("restore.{name} and restore.{key} say the same: give one");
                    return flaw(self.span_of(keys, name), message);
                }
                (Some(included), None) => options.set_flag(option, !included),
                (None, _) => {}
            }
        }
        for (name, value) in keys.options {
            add_key(&mut options, name, value).or_else(|message| {
                flaw(self.span_of(keys, name), format!("restore.{name}: {message}"))
            })?;
        }
        options.resolve_files(|path| absolute(self.folder, path));
        Ok(options)
    }

    /// Where a key stands in the text.
    fn span_of(&self, keys: &Keys<'_>, name: &str) -> Option<Range<usize>> {
        let file = DeTable::parse(self.text).ok()?;
        let mut table = file.get_ref();
        let mut element: Option<&DeValue<'_>> = None;
        for step in &keys.way {
            let next = match *step {
                Step::Key(key) => table.get(key)?.get_ref(),
                Step::Element(number) => element?.as_array()?.get(number)?.get_ref(),
            };
            match next.as_table() {
                Some(inner) => table = inner,
                None => element = Some(next),
            }
        }
        table.get_key_value(name).map(|(key, _)| key.span())
    }
}

fn add_key(options: &mut RestoreOptions, name: &str, value: &toml::Value) -> Result<(), String> {
    if name == RestoreOptions::UNKNOWN {
        let words = Vec::<String>::deserialize(value.clone())
            .map_err(|_| "give a list of words, as they would stand behind --".to_owned())?;
        return options.read_words(&words).map_err(|error| error.to_string());
    }
    let Some(option) = Opt::by_name(name) else {
        return Err(format!("no such key; there are {}", known_keys().join(", ")));
    };
    let value = OptionValue::deserialize(value.clone())
        .map_err(|_| "give true or false, a string, a list of strings or a number".to_owned())?;
    options.set(option, value).map_err(|error| error.to_string())
}

fn known_keys() -> Vec<String> {
    let options = Opt::ALL.iter().filter(|option| {
        option.canonical() == **option
            && matches!(option.meaning(), Meaning::Selects | Meaning::Changes)
    });
    let names = options.map(|option| option.long().replace('-', "_"));
    let other = [RestoreOptions::UNKNOWN].into_iter().chain(OTHER_KEYS).map(str::to_owned);
    let mut all: Vec<String> = names.chain(other).collect();
    all.sort_unstable();
    all
}

/// Only `pg_restore` takes these options, and only a restore runs it.
pub(super) fn check_formats(
    phase: Phase,
    formats: &[Format],
    restore: &Restore,
    variants: &[Variant],
) -> Result<(), Flaw> {
    let own = variants.iter().filter_map(|variant| variant.options.clone()).map(Restore::of);
    let all = own.map(|restore| restore.options).chain([restore.options.clone()]);
    let Some(options) = { all }.find(|options| !options.is_empty()) else { return Ok(()) };
    let given = options.arguments().join(" ");
    if phase == Phase::Dump {
        return flaw(None, format!("phase \"dump\" restores nothing: leave out {given}"));
    }
    if formats.contains(&Format::Plain) {
        return flaw(
            None,
            format!(
                "plain dumps are restored by psql, which does not take pg_restore's options: \
                 leave out format plain, or {given}"
            ),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::Scenario;
    use super::super::{Overrides, parse};
    use super::*;

    fn read_with(rest: &str, words: &str) -> Result<Scenario, String> {
        let mut options = RestoreOptions::default();
        let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
        options.read_words(&words).unwrap();
        let text = format!("dataset.archive.path = \"x.dump\"\n{rest}");
        let overrides = Overrides { options, ..Overrides::default() };
        parse(Some(Path::new("dir/s.toml")), &text, &overrides).map_err(|error| error.to_string())
    }

    fn arguments(scenario: &Scenario, variant: &str) -> String {
        scenario.options(variant).arguments().join(" ")
    }

    #[test]
    fn options_are_those_of_the_scenario_the_variant_and_the_command_line() {
        let text = "[restore]\nno_comments = true\ntable = [\"a\", \"b\"]\nsection = \"data\"\n\
                    [[variant]]\nname = \"few\"\n\
                    restore = { no-comments = false, table = \"c\", owner = true, role = \"r\" }\n\
                    [[variant]]\nname = \"same\"\n";
        let scenario = read_with(text, "").unwrap();
        let base = "--no-owner --table=a --table=b --no-privileges --no-comments --section=data";
        assert_eq!(arguments(&scenario, "base"), base);
        assert_eq!(arguments(&scenario, "same"), base);
        let few = "--table=c --no-privileges --section=data --role=r";
        assert_eq!(arguments(&scenario, "few"), few);
        let scenario = read_with(text, "-t d -O --transaction-size=5").unwrap();
        assert_eq!(
            arguments(&scenario, "few"),
            "--no-owner --table=d --no-privileges --section=data --transaction-size=5 --role=r"
        );
        assert!(!scenario.restore.owner && scenario.restore.options.has(Opt::NoComments));
        let json = serde_json::to_string(&scenario).unwrap();
        assert_eq!(serde_json::from_str::<Scenario>(&json).unwrap(), scenario);
    }

    #[test]
    fn records_without_options_stay_as_they_were() {
        let scenario =
            read_with("[restore]\nowner = true\n[[variant]]\nname = \"v\"\n", "").unwrap();
        let json = serde_json::to_value(&scenario).unwrap();
        assert_eq!(json["restore"], serde_json::json!({ "owner": true, "privileges": false }));
        assert!(json["variants"][1].get("options").is_none());
        assert_eq!(arguments(&scenario, "v"), "--no-privileges");
    }

    #[test]
    fn flaws_name_the_line_and_the_reason() {
        let cases = [
            ("[restore]\nowner = true\nno_coments = true", "s.toml:4: restore.no_coments: no such"),
            ("restore.jobs = 4", "s.toml:2: restore.jobs: pg_restore's --jobs cannot be used"),
            ("[restore]\ntransaction_size = 0", "s.toml:3: restore.transaction_size: --trans"),
            ("[restore]\ntable = 1.5", "s.toml:3: restore.table: give true or false, a string"),
            ("[restore]\nno_owner = true\nowner = true", "s.toml:3: restore.no_owner and restore"),
            ("[restore]\nschema_only = true\ndata_only = true", "s.toml: --data-only and --schema"),
            ("[restore]\nuse_list = \"nowhere\"", "s.toml: the file "),
            ("[restore]\nother = \"x\"", "s.toml:3: restore.other: give a list of words"),
            ("[restore]\nowner = 3", "s.toml:3: invalid type: integer `3`"),
            (
                "[[variant]]\nname = \"a\"\n[[variant]]\nname = \"b\"\n[variant.restore]\nx = 1",
                "s.toml:7: variant \"b\": restore.x: no such key",
            ),
            (
                "[[variant]]\nname = \"a\"\nrestore = { if_exists = true }",
                "s.toml:2: variant \"a\": --if-exists needs --clean too",
            ),
        ];
        for (text, start) in cases {
            let message = read_with(text, "").unwrap_err();
            let found = message.strip_prefix("dir/").unwrap();
            assert!(found.starts_with(start), "{text:?}\n gave {message:?}\n not {start:?}");
        }
        assert!(read_with("restore.x = 1", "").unwrap_err().contains("no_comments, no_data,"));
    }

    #[test]
    fn options_are_pg_restores_alone() {
        let made = |rest: &str| {
            let text = format!("dataset.pgbench.scale = 1\nrestore.no_comments = true\n{rest}");
            parse(Some(Path::new("s.toml")), &text, &Overrides::default()).unwrap_err().to_string()
        };
        let plain = made("[sweep]\nformats = [\"custom\", \"plain\"]");
        assert!(plain.contains("restored by psql") && plain.contains("--no-comments"), "{plain}");
        let dump = made("phase = \"dump\"\nsweep.formats = [\"directory\"]");
        assert!(dump.contains("restores nothing: leave out --no-comments"), "{dump}");
    }
}
