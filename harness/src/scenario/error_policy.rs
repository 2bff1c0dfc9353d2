//! `[restore] errors`: which errors of a restore a trial may have and still count.

use std::fmt;
use std::str::FromStr;

use regex::Regex;
use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which errors a completed trial may have. Its rows are verified in any case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ErrorPolicy {
    /// `"harmless"`: errors that cannot change what is measured.
    #[default]
    Harmless,
    /// `"same"`: harmless ones, and exactly those of the warm-up restore.
    Same,
    /// `"none"`: none at all.
    None,
    /// A list of regular expressions: harmless ones, and those whose message matches one.
    Matching(Vec<Pattern>),
}

impl ErrorPolicy {
    /// Whether it is the default, which records leave out.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl FromStr for ErrorPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "harmless" => Ok(Self::Harmless),
            "same" => Ok(Self::Same),
            "none" => Ok(Self::None),
            _ => Err(format!(
                "errors is \"harmless\", \"same\", \"none\" or a list of regular expressions, not \
                 {text:?}"
            )),
        }
    }
}

impl Serialize for ErrorPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Harmless => serializer.serialize_str("harmless"),
            Self::Same => serializer.serialize_str("same"),
            Self::None => serializer.serialize_str("none"),
            Self::Matching(patterns) => {
                let mut list = serializer.serialize_seq(Some(patterns.len()))?;
                for pattern in patterns {
                    list.serialize_element(&pattern.to_string())?;
                }
                list.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for ErrorPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
            type Value = ErrorPolicy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"harmless\", \"same\", \"none\" or a list of regular expressions")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ErrorPolicy, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ErrorPolicy, A::Error> {
                let mut patterns = Vec::new();
                while let Some(text) = list.next_element::<String>()? {
                    patterns.push(text.parse().map_err(A::Error::custom)?);
                }
                Ok(ErrorPolicy::Matching(patterns))
            }
        }

        deserializer.deserialize_any(Written)
    }
}

/// A regular expression, as the crate `regex` takes it, that is looked for in the message
/// of an error: `ERROR:  role "x" does not exist`.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Whether it is found in `message`.
    pub fn is_in(&self, message: &str) -> bool {
        self.0.is_match(message)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Regex::new(text).map(Self).map_err(|error| format!("{text:?}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, Serialize)]
    struct Restore {
        errors: ErrorPolicy,
    }

    fn read(text: &str) -> Result<ErrorPolicy, String> {
        let read = toml::from_str::<Restore>(text).map_err(|error| error.to_string());
        read.map(|restore| restore.errors)
    }

    #[test]
    fn a_policy_is_a_word_or_a_list() {
        assert_eq!(read("errors = \"same\""), Ok(ErrorPolicy::Same));
        let list = read("errors = ['role \"\\w+\" does not exist']").unwrap();
        let ErrorPolicy::Matching(patterns) = &list else { panic!("{list:?}") };
        assert!(patterns[0].is_in("ERROR:  role \"app\" does not exist"));
        let written = toml::to_string(&Restore { errors: list.clone() }).unwrap();
        assert_eq!(read(&written), Ok(list));
    }

    #[test]
    fn what_is_no_policy_is_refused_with_what_is_one() {
        let error = read("errors = \"some\"").unwrap_err();
        assert!(error.contains("\"harmless\", \"same\", \"none\""), "{error}");
        assert!(read("errors = 3").unwrap_err().contains("list of regular expressions"));
        assert!(read("errors = [\"(\"]").unwrap_err().contains("unclosed group"));
    }
}
