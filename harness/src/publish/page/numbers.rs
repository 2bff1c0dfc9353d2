//! The functions by which templates write numbers.
//!
//! `number(at, as)` writes the number at a place of the article, `interval`
//! both ends of the estimate at a place. In HTML each carries its exact value
//! and its place.

use std::sync::Arc;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, Value};
use restore_core::units::Bytes;
use serde_json::Value as Json;

use crate::recommend::Probability;
use crate::report::format;
use crate::stats::estimate::Estimate;

/// What stands for a number that is not known.
const UNKNOWN: &str = "–";

/// How a number is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    Time,
    Ratio,
    Percent,
    Round,
    Probability,
    Bytes,
    Rate,
    Count,
}

impl Form {
    fn named(name: &str) -> Result<Self, Error> {
        Ok(match name {
            "time" => Self::Time,
            "ratio" => Self::Ratio,
            "percent" => Self::Percent,
            "round_percent" => Self::Round,
            "probability" => Self::Probability,
            "bytes" => Self::Bytes,
            "rate" => Self::Rate,
            "count" => Self::Count,
            other => {
                let known = "time, ratio, percent, round_percent, probability, bytes, rate, count";
                return Err(wrong(format!("no form {other:?} of a number: there are {known}")));
            }
        })
    }

    fn write(self, value: f64) -> String {
        match self {
            Self::Time => format::time(value),
            Self::Ratio => format::ratio(value),
            Self::Percent => format::percent(value),
            Self::Round => format::round_percent(value),
            Self::Probability => Probability::new(value).to_string(),
            Self::Bytes => Bytes(value as u64).to_string(),
            Self::Rate => format::rate(value),
            Self::Count => format!("{value}"),
        }
    }

    fn interval(self, estimate: &Estimate) -> Option<String> {
        match self {
            Self::Time => format::time_interval(estimate),
            Self::Ratio => format::ratio_interval(estimate),
            Self::Percent => format::percent_interval(estimate),
            Self::Round | Self::Probability | Self::Bytes | Self::Rate | Self::Count => {
                Some(format!("{} - {}", self.write(estimate.low?), self.write(estimate.high?)))
            }
        }
    }
}

fn wrong(what: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

/// Adds the functions to `environment`.
pub(super) fn add(environment: &mut Environment<'static>, article: Json) {
    let article = Arc::new(article);
    let of = Arc::clone(&article);
    environment.add_function("number", move |state: &mut State, at: String, form: String| {
        number(&of, is_html(state), &at, Form::named(&form)?)
    });
    environment.add_function("interval", move |state: &mut State, at: String, form: String| {
        interval(&article, is_html(state), &at, Form::named(&form)?)
    });
}

fn is_html(state: &State) -> bool {
    matches!(state.auto_escape(), AutoEscape::Html)
}

fn find<'a>(article: &'a Json, at: &str) -> Result<&'a Json, Error> {
    article.pointer(at).ok_or_else(|| wrong(format!("the article has nothing at {at}")))
}

fn number(article: &Json, html: bool, at: &str, form: Form) -> Result<Value, Error> {
    let found = find(article, at)?;
    // An estimate stands for its value.
    let (at, found) = match found.get("value") {
        Some(value) => (format!("{at}/value"), value),
        None => (at.to_owned(), found),
    };
    let Some(value) = found.as_f64() else {
        return Ok(Value::from(UNKNOWN));
    };
    let text = form.write(value);
    if !html {
        return Ok(Value::from(text));
    }
    let element = format!("<data value=\"{found}\" data-at=\"{at}\">{text}</data>");
    Ok(Value::from_safe_string(element))
}

fn interval(article: &Json, html: bool, at: &str, form: Form) -> Result<Value, Error> {
    let found = find(article, at)?;
    let estimate: Option<Estimate> = serde_json::from_value(found.clone())
        .map_err(|error| wrong(format!("no estimate at {at}: {error}")))?;
    let Some(estimate) = estimate else {
        return Ok(Value::from(""));
    };
    let Some(text) = form.interval(&estimate) else {
        return Ok(Value::from(""));
    };
    let text = text.replace(" - ", " – ");
    if !html {
        return Ok(Value::from(text));
    }
    let (low, high) = (&found["low"], &found["high"]);
    let element = format!(
        "<span class=\"i\" data-at=\"{at}\" data-low=\"{low}\" data-high=\"{high}\">{text}</span>"
    );
    Ok(Value::from_safe_string(element))
}
