//! What only a superuser may make.

use super::definitions::{function_head, has_handler};
use super::{Feature, Purpose};
use crate::sql::{Token, words};
use crate::toc::{Item, ItemKind};

/// What of an item needs a superuser, and the option that leaves it out.
///
/// Languages of functions are looked at elsewhere: whether one is trusted, the
/// server knows.
pub(super) fn feature(item: &Item) -> Option<(Feature, Purpose)> {
    let sql = item.definition.as_deref().unwrap_or_default();
    let feature = match item.kind.as_str() {
        "EVENT TRIGGER" => Feature::EventTrigger,
        "PUBLICATION" => {
            return is_wide_publication(sql)
                .then_some((Feature::WidePublication, Purpose::Publication));
        }
        "PUBLICATION TABLES IN SCHEMA" => {
            return Some((Feature::WidePublication, Purpose::Publication));
        }
        "SUBSCRIPTION" => return Some((Feature::Subscription, Purpose::Subscription)),
        "FUNCTION" | "PROCEDURE" if needs_superuser(sql) => Feature::UntrustedFunction,
        "PROCEDURAL LANGUAGE" if has_handler(sql) => Feature::Language,
        "TYPE" if is_base_type(sql) => Feature::BaseType,
        "OPERATOR CLASS" | "OPERATOR FAMILY" => Feature::OperatorClass,
        "CAST" if has_pair(sql, "without", "function") => Feature::BinaryCast,
        "ACCESS METHOD" => Feature::AccessMethod,
        "FOREIGN DATA WRAPPER" => Feature::ForeignDataWrapper,
        "TEXT SEARCH PARSER" | "TEXT SEARCH TEMPLATE" => Feature::TextSearch,
        "TRANSFORM" => Feature::Transform,
        _ => return None,
    };
    Some((feature, Purpose::Other))
}

/// Whether what the item makes may belong to a superuser alone
/// (`AlterEventTriggerOwner_internal`, `AlterForeignDataWrapperOwner_internal`,
/// `AlterPublicationOwner_internal`, `AlterSubscriptionOwner_internal`).
pub(super) fn belongs_to_superuser(item: &Item) -> bool {
    match &item.kind {
        ItemKind::EventTrigger => true,
        other => match other.as_str() {
            "FOREIGN DATA WRAPPER" | "SUBSCRIPTION" => true,
            "PUBLICATION" => is_wide_publication(item.definition.as_deref().unwrap_or_default()),
            _ => false,
        },
    }
}

fn needs_superuser(sql: &str) -> bool {
    let head = function_head(sql);
    head.is_leakproof || matches!(head.language.as_deref(), Some("c" | "internal"))
}

fn is_wide_publication(sql: &str) -> bool {
    has_pair(sql, "all", "tables") || has_pair(sql, "tables", "in")
}

/// `CREATE TYPE name (INPUT = ...)`: a list of fields stands behind `AS`.
fn is_base_type(sql: &str) -> bool {
    let mut before = words(sql).take_while(|token| !token.is_symbol('('));
    let has_fields = !before.any(|token| token.is("as"));
    let mut after = words(sql).skip_while(|token| !token.is_symbol('('));
    let first = after.nth(1);
    has_fields && first.is_some_and(|token| ["input", "internallength"].iter().any(|k| token.is(k)))
}

fn has_pair(sql: &str, first: &str, second: &str) -> bool {
    let tokens: Vec<Token<'_>> = words(sql).collect();
    tokens.windows(2).any(|pair| pair[0].is(first) && pair[1].is(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_apart() {
        assert!(is_base_type(
            "CREATE TYPE public.b (\n    INTERNALLENGTH = 4,\n INPUT = public.f\n);"
        ));
        assert!(is_base_type("CREATE TYPE public.b (INPUT = f, OUTPUT = g);"));
        assert!(!is_base_type("CREATE TYPE public.c AS (\n    input integer\n);"));
        assert!(!is_base_type("CREATE TYPE public.e AS ENUM ('input');"));
        assert!(!is_base_type("CREATE TYPE public.shell;"));
    }

    #[test]
    fn publications_are_told_apart() {
        assert!(is_wide_publication(
            "CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert');"
        ));
        assert!(!is_wide_publication(
            "CREATE PUBLICATION \"all tables\" WITH (publish = 'insert');"
        ));
    }

    #[test]
    fn functions_of_superusers_are_told_apart() {
        assert!(needs_superuser("CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'lib', 'f';"));
        assert!(needs_superuser("CREATE FUNCTION f() RETURNS int LANGUAGE sql LEAKPROOF AS '';"));
        assert!(!needs_superuser("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'leakproof';"));
    }
}
