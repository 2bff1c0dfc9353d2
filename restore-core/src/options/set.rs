//! The options of one restore.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

use super::error::OptionError;
use super::table::{Meaning, Opt, Takes};

/// The options of one restore, as `pg_restore` takes them.
///
/// Read by [`set`](Self::set) from the keys of a scenario and by
/// [`read_words`](Self::read_words) from a command line; written by
/// [`arguments`](Self::arguments). Recorded as a map from the long names.
///
/// ```
/// use restore_core::options::{Opt, RestoreOptions};
/// use restore_core::units::PgMajor;
///
/// let mut options = RestoreOptions::default();
/// let words = ["--no-comm", "-Tx", "--table", "orders"].map(String::from);
/// options.read_words(&words).unwrap();
/// assert_eq!(options.arguments(), ["--table=orders", "--trigger=x", "--no-comments"].map(String::from));
/// assert!(options.has(Opt::NoComments));
/// assert!(options.check_version(PgMajor(12)).is_ok());
/// assert!(options.read_words(&["-j".to_owned(), "4".to_owned()]).is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreOptions {
    /// Those that take nothing.
    flags: BTreeSet<Opt>,
    /// Those that take values; none of the lists is empty.
    values: BTreeMap<Opt, Vec<String>>,
    /// Words that the table does not know, as they were given.
    unknown: Vec<String>,
}

/// The value of an option in a scenario or a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OptionValue {
    /// Whether an option that takes nothing is given.
    Flag(bool),
    /// A number, for options that take one.
    Number(u32),
    /// One value.
    One(String),
    /// A value each time; none takes the option back.
    Several(Vec<String>),
}

impl RestoreOptions {
    /// The key of words that the table does not know, in scenarios and
    /// records.
    pub const UNKNOWN: &'static str = "other";

    /// Neither owners nor privileges: what any server can restore, whichever
    /// roles it has.
    pub fn without_roles() -> Self {
        let flags = BTreeSet::from([Opt::NoOwner, Opt::NoPrivileges]);
        Self { flags, ..Self::default() }
    }

    /// Whether the option is given.
    pub fn has(&self, option: Opt) -> bool {
        let option = option.canonical();
        self.flags.contains(&option) || self.values.contains_key(&option)
    }

    /// The values of an option; empty if it is not given.
    pub fn values(&self, option: Opt) -> &[String] {
        self.values.get(&option).map_or(&[], Vec::as_slice)
    }

    /// The value of an option that takes one.
    pub fn value(&self, option: Opt) -> Option<&str> {
        self.values(option).last().map(String::as_str)
    }

    /// Words that this version of jobtune does not know, passed on as they
    /// are: what they do to the selection is not known.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// The options that are given, in the order of the manual.
    pub fn given(&self) -> impl Iterator<Item = Opt> + '_ {
        Opt::ALL.iter().copied().filter(|&option| option.canonical() == option && self.has(option))
    }

    /// Whether no option is given.
    pub fn is_empty(&self) -> bool {
        self.given().next().is_none() && self.unknown.is_empty()
    }

    /// Whether some of what the archive holds is left out, or may be.
    pub fn select(&self) -> bool {
        !self.unknown.is_empty() || self.given().any(|opt| opt.meaning() == Meaning::Selects)
    }

    /// Gives or takes back an option. A later value replaces the earlier
    /// ones.
    pub fn set(&mut self, option: Opt, value: OptionValue) -> Result<(), OptionError> {
        let option = option.canonical();
        if let Meaning::Refused(reason) = option.meaning() {
            return Err(OptionError::Refused { option: option.to_string(), reason });
        }
        let values = match (option.takes(), value) {
            (Takes::Nothing, OptionValue::Flag(given)) => {
                self.set_flag(option, given);
                return Ok(());
            }
            (Takes::Value, OptionValue::Number(number)) => vec![number.to_string()],
            (Takes::Value | Takes::Values, OptionValue::One(value)) => vec![value],
            (Takes::Values, OptionValue::Several(values)) => values,
            (Takes::Value | Takes::Values, OptionValue::Flag(false)) => Vec::new(),
            (takes, _) => return Err(OptionError::WrongValue { option, takes }),
        };
        for value in &values {
            check_value(option, value)?;
        }
        self.values.remove(&option);
        if !values.is_empty() {
            self.values.insert(option, values);
        }
        Ok(())
    }

    /// Gives or takes back an option that takes no value. One that takes
    /// values, and one that a sweep gives anyway or refuses, stays as it is.
    pub fn set_flag(&mut self, option: Opt, given: bool) {
        let is_choice = matches!(option.meaning(), Meaning::Selects | Meaning::Changes);
        if option.takes() == Takes::Nothing && is_choice {
            if given {
                self.flags.insert(option.canonical());
            } else {
                self.flags.remove(&option.canonical());
            }
        }
    }

    /// Adds options on top of these: where both give an option, the values of
    /// `over` hold.
    pub fn overlay(&mut self, over: &Self) {
        self.flags.extend(&over.flags);
        self.values.extend(over.values.iter().map(|(&option, values)| (option, values.clone())));
        self.unknown.extend(over.unknown.iter().cloned());
    }

    /// Gives an option once more, as a command line does.
    pub(super) fn give(&mut self, option: Opt, value: Option<&str>) -> Result<(), OptionError> {
        let option = option.canonical();
        let value = match (option.takes(), value) {
            (Takes::Nothing, None) => OptionValue::Flag(true),
            (Takes::Value, Some(value)) => OptionValue::One(value.to_owned()),
            (Takes::Values, Some(value)) => {
                let earlier = self.values(option).iter().cloned();
                OptionValue::Several(earlier.chain([value.to_owned()]).collect())
            }
            (takes, Some(_)) => return Err(OptionError::WrongValue { option, takes }),
            (_, None) => return Err(OptionError::ValueMissing { option }),
        };
        self.set(option, value)
    }

    pub(super) fn pass_on(&mut self, word: &str) {
        self.unknown.push(word.to_owned());
    }

    /// The files that `pg_restore` is to read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let named = self.values.iter().filter(|(option, _)| option.names_a_file());
        named.flat_map(|(_, files)| files.iter().map(Path::new))
    }

    /// Replaces the names of files, for a program that sees them elsewhere.
    pub fn resolve_files(&mut self, resolve: impl Fn(&Path) -> PathBuf) {
        for (option, files) in &mut self.values {
            if option.names_a_file() {
                for file in files {
                    *file = resolve(Path::new(file)).to_string_lossy().into_owned();
                }
            }
        }
    }

    /// The arguments that give `pg_restore` these options.
    pub fn arguments(&self) -> Vec<String> {
        let of = |option: Opt| -> Vec<String> {
            match option.takes() {
                Takes::Nothing => vec![option.to_string()],
                Takes::Value | Takes::Values => {
                    self.values(option).iter().map(|value| format!("{option}={value}")).collect()
                }
            }
        };
        self.given().flat_map(of).chain(self.unknown.iter().cloned()).collect()
    }
}

fn check_value(option: Opt, value: &str) -> Result<(), OptionError> {
    let value = value.to_owned();
    match option {
        Opt::Section if !["pre-data", "data", "post-data"].contains(&value.as_str()) => {
            Err(OptionError::UnknownSection { value })
        }
        Opt::TransactionSize if !value.parse::<i32>().is_ok_and(|size| size > 0) => {
            Err(OptionError::NotASize { value })
        }
        _ => Ok(()),
    }
}

impl Serialize for RestoreOptions {
    /// A map from long names to values; what is not given is left out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for option in self.given() {
            match option.takes() {
                Takes::Nothing => map.serialize_entry(option.long(), &true)?,
                Takes::Value => map.serialize_entry(option.long(), &self.value(option))?,
                Takes::Values => map.serialize_entry(option.long(), self.values(option))?,
            }
        }
        if !self.unknown.is_empty() {
            map.serialize_entry(Self::UNKNOWN, &self.unknown)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for RestoreOptions {
    /// From a map as [`Serialize`] writes it; a name that is no option is an
    /// error.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut options = Self::default();
        for (name, value) in BTreeMap::<String, OptionValue>::deserialize(deserializer)? {
            match (Opt::by_name(&name), value) {
                (Some(option), value) => options.set(option, value).map_err(de::Error::custom)?,
                (None, OptionValue::Several(words)) if name == Self::UNKNOWN => {
                    options.unknown = words;
                }
                (None, _) => {
                    let message = format!("{name} is no option of pg_restore");
                    return Err(de::Error::custom(message));
                }
            }
        }
        Ok(options)
    }
}
