//! The texts of a connection's parameters, and where each one comes from.

use std::collections::BTreeMap;
use std::fmt;

use super::environment::Environment;
use super::error::ConninfoError;
use super::keyword::Keyword;
use super::origin::Origin;
use super::{parse, service};

/// A text and who set it.
#[derive(Clone, PartialEq, Eq)]
struct Value {
    text: String,
    origin: Origin,
}

/// Every parameter that has a text. An empty text counts as none for most
/// parameters, but keeps lower layers from setting one.
#[derive(Clone, PartialEq, Eq)]
pub struct Values(BTreeMap<Keyword, Value>);

impl Values {
    /// Merges a conninfo with its surroundings: the conninfo comes first, then
    /// the service that it or `PGSERVICE` names, the variables, the defaults
    /// (`conninfo_add_defaults` in libpq).
    pub fn resolve(conninfo: &str, environment: &Environment) -> Result<Self, ConninfoError> {
        let mut values = Self(BTreeMap::new());
        for (keyword, text) in parse::parse(conninfo)? {
            values.0.insert(keyword, Value { text, origin: Origin::Conninfo });
        }
        let given = Keyword::named("service").and_then(|service| values.0.get(&service));
        let service = given.map(|value| value.text.clone());
        if let Some(name) = service.as_deref().or_else(|| environment.variable("PGSERVICE")) {
            for (keyword, text) in service::look_up(name, environment)? {
                values.set_if_absent(keyword, text, Origin::Service);
            }
        }
        for keyword in Keyword::all() {
            if let Some(name) = keyword.env()
                && let Some(text) = environment.variable(name)
            {
                values.set_if_absent(keyword, text.to_owned(), Origin::Variable(name));
            }
            if keyword.name() == "sslmode"
                && environment.variable("PGREQUIRESSL").is_some_and(|on| on.starts_with('1'))
            {
                let origin = Origin::Variable("PGREQUIRESSL");
                values.set_if_absent(keyword, "require".to_owned(), origin);
            }
            if let Some(text) = keyword.default_value() {
                values.set_if_absent(keyword, text.to_owned(), Origin::Default);
            }
        }
        Ok(values)
    }

    fn set_if_absent(&mut self, keyword: Keyword, text: String, origin: Origin) {
        self.0.entry(keyword).or_insert(Value { text, origin });
    }

    /// Sets a parameter as if the conninfo had.
    pub fn set(&mut self, name: &str, text: &str) {
        if let Some(keyword) = Keyword::named(name) {
            self.0.insert(keyword, Value { text: text.to_owned(), origin: Origin::Conninfo });
        }
    }

    /// The text of a parameter, unless it is empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).map(|value| value.text.as_str()).filter(|text| !text.is_empty())
    }

    /// Whether nobody set a parameter.
    pub fn is_default(&self, name: &str) -> bool {
        self.value(name).is_none_or(|value| value.origin == Origin::Default)
    }

    /// Parameters, texts and origins in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (Keyword, &str, Origin)> {
        self.0.iter().map(|(keyword, value)| (*keyword, value.text.as_str(), value.origin))
    }

    /// The meaning of a parameter that takes one of a few words. As in libpq,
    /// an empty text is none of them.
    pub fn choice<T: Copy>(
        &self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Result<T, ConninfoError> {
        let text = self.value(name).map_or("", |value| &value.text);
        if let Some(choice) = choices.iter().find(|choice| choice.0 == text) {
            return Ok(choice.1);
        }
        let words: Vec<_> = choices.iter().map(|choice| choice.0).collect();
        Err(self.wrong(name, &format!("one of {}", words.join(", "))))
    }

    /// A whole number, with blanks around it if need be (`pqParseIntParam`).
    pub fn integer(&self, name: &'static str) -> Result<Option<i32>, ConninfoError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let number = value.text.trim_ascii().parse();
        number.map(Some).map_err(|_| self.wrong(name, "a whole number"))
    }

    /// A whole number of which zero and less mean nothing.
    pub fn positive(&self, name: &'static str) -> Result<Option<u64>, ConninfoError> {
        let number = self.integer(name)?.and_then(|number| u64::try_from(number).ok());
        Ok(number.filter(|&number| number > 0))
    }

    /// The error that says what a parameter should have been.
    pub fn wrong(&self, name: &'static str, expected: &str) -> ConninfoError {
        let value = self.value(name);
        ConninfoError::Value {
            keyword: name,
            text: value.map_or_else(String::new, |value| value.text.clone()),
            origin: value.map_or(Origin::Default, |value| value.origin),
            expected: expected.to_owned(),
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(&Keyword::named(name)?)
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.iter().map(|(keyword, text, origin)| {
            (keyword, (if keyword.is_secret() { "(hidden)" } else { text }, origin))
        });
        f.debug_map().entries(shown).finish()
    }
}
