//! What definitions name: languages, libraries, access methods, collations.

use super::Requirement;
use super::database::{Provider, settings};
use crate::sql::{Token, words};

/// The head of `CREATE FUNCTION` and `CREATE PROCEDURE`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FunctionHead {
    pub(super) language: Option<String>,
    /// The library of a function in C.
    pub(super) library: Option<String>,
    pub(super) is_leakproof: bool,
    pub(super) is_immutable: bool,
}

/// Whether a language is made with its own handler, as a superuser may: then
/// the server need not know it.
pub(super) fn has_handler(sql: &str) -> bool {
    words(sql).any(|token| token.is("handler"))
}

/// Reads a function up to its body: what stands in parentheses is passed over,
/// and the body is one string, or begins with RETURN or BEGIN ATOMIC.
pub(super) fn function_head(sql: &str) -> FunctionHead {
    let mut head = FunctionHead::default();
    let mut depth = 0_usize;
    let mut previous: Option<Token<'_>> = None;
    for token in words(sql) {
        let follows = |keyword: &str| previous.as_ref().is_some_and(|token| token.is(keyword));
        match &token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if follows("language") => {
                head.language = token.name().or_else(|| token.text().map(str::to_owned));
            }
            Token::Text(text) if follows("as") => {
                if head.language.as_deref() == Some("c") {
                    head.library = Some(text.clone().into_owned());
                }
                return head;
            }
            // `BEGIN ATOMIC`; a type or a name of that word is in the
            // parentheses or behind RETURNS.
            Token::Word(_) if follows("begin") && token.is("atomic") => return head,
            _ => {
                head.is_leakproof |= token.is("leakproof") && !follows("not");
                head.is_immutable |= token.is("immutable");
            }
        }
        previous = Some(token);
    }
    head
}

/// The access method of `CREATE INDEX ... USING method (...)`.
pub(super) fn index_method(sql: &str) -> Option<String> {
    let mut tokens = words(sql).take_while(|token| !token.is_symbol('('));
    tokens.by_ref().find(|token| token.is("using"))?;
    tokens.next()?.name().filter(|name| !BUILT_IN_INDEXES.contains(&name.as_str()))
}

/// Access methods of indexes that every server has.
const BUILT_IN_INDEXES: [&str; 6] = ["btree", "hash", "gist", "gin", "spgist", "brin"];

/// The access method that an exclusion constraint uses:
/// `EXCLUDE USING method (...)`.
pub(super) fn exclusion_method(sql: &str) -> Option<String> {
    let at = words(sql).skip_while(|token| !token.is("exclude"));
    let mut tokens = at.skip(1);
    tokens.next().filter(|token| token.is("using"))?;
    tokens.next()?.name().filter(|name| !BUILT_IN_INDEXES.contains(&name.as_str()))
}

/// The wrapper of `CREATE SERVER name ... FOREIGN DATA WRAPPER wrapper`.
pub(super) fn wrapper_of_server(sql: &str) -> Option<String> {
    let tokens: Vec<Token<'_>> = words(sql).collect();
    let is_wrapper =
        |four: &&[Token<'_>]| four[0].is("foreign") && four[1].is("data") && four[2].is("wrapper");
    tokens.windows(4).find(is_wrapper)?[3].name()
}

/// The provider of `SECURITY LABEL FOR provider ON ...`.
pub(super) fn label_provider(sql: &str) -> Option<String> {
    let mut tokens = words(sql);
    tokens.find(|token| token.is("for"))?;
    let token = tokens.next()?;
    token.text().map(str::to_owned).or_else(|| token.name())
}

/// The version that `CREATE EXTENSION` asks for.
pub(super) fn extension_version(sql: &str) -> Option<String> {
    let mut tokens = words(sql);
    tokens.find(|token| token.is("version"))?;
    let token = tokens.next()?;
    token.text().map(str::to_owned).or_else(|| token.name())
}

/// The locale of `CREATE COLLATION name (provider = ..., locale = ...)`.
pub(super) fn locale(sql: &str) -> Option<Requirement> {
    let settings = settings(sql);
    let get = |name: &str| settings.iter().find(|(key, _)| key == name).map(|(_, v)| v.clone());
    let provider = get("provider").and_then(|name| Provider::from_name(&name));
    let name = get("locale").or_else(|| get("lc_collate"))?;
    let provider = provider.unwrap_or(Provider::Libc);
    let is_everywhere = provider == Provider::Libc && ["C", "POSIX"].contains(&name.as_str());
    (!is_everywhere).then_some(Requirement::Locale { provider, name })
}

/// The collations of `pg_catalog` that a definition names, without those that
/// every server has.
pub(super) fn collations(sql: &str) -> Vec<String> {
    // Nearly no definition has one.
    if !sql.contains("COLLAT") && !sql.contains("collation") {
        return Vec::new();
    }
    let tokens: Vec<Token<'_>> = words(sql).collect();
    let mut found: Vec<String> =
        (0..tokens.len()).filter_map(|at| collation(&tokens, at)).collect();
    found.sort();
    found.dedup();
    found
}

/// The collation behind `COLLATE`, or behind `collation =` in `CREATE TYPE AS
/// RANGE`, at this word.
fn collation(tokens: &[Token<'_>], at: usize) -> Option<String> {
    let schema = match tokens.get(at..)? {
        [keyword, ..] if keyword.is("collate") => at + 1,
        [keyword, equals, ..] if keyword.is("collation") && equals.is_symbol('=') => at + 2,
        _ => return None,
    };
    let [schema, dot, name] = tokens.get(schema..schema + 3)? else { return None };
    let is_in_catalog = schema.name().as_deref() == Some("pg_catalog") && dot.is_symbol('.');
    name.name().filter(|name| is_in_catalog && !EVERYWHERE.contains(&name.as_str()))
}

/// Collations that every server has (`pg_collation.dat`); the last two came
/// with 16 and 17.
const EVERYWHERE: [&str; 4] = ["C", "POSIX", "default", "ucs_basic"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_name_language_and_library() {
        let c = function_head(
            "CREATE FUNCTION public.dist(a cube, b cube DEFAULT f('language x')) RETURNS double \
             precision\n    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE\n    AS '$libdir/cube', 'dist';\n",
        );
        assert_eq!(
            (c.language.as_deref(), c.library.as_deref()),
            (Some("c"), Some("$libdir/cube"))
        );
        let body = function_head(
            "CREATE FUNCTION public.f() RETURNS TABLE(language text) LANGUAGE plpython3u LEAKPROOF\n\
             AS $_$ LANGUAGE c $_$;",
        );
        assert_eq!(body.language.as_deref(), Some("plpython3u"));
        assert!(body.is_leakproof && body.library.is_none());
        let atomic = function_head(
            "CREATE FUNCTION public.g(integer) RETURNS integer\n LANGUAGE sql\n BEGIN ATOMIC\n \
             SELECT leakproof FROM language.c;\nEND;",
        );
        assert_eq!(atomic, FunctionHead { language: Some("sql".into()), ..Default::default() });
        let old = function_head("CREATE FUNCTION f() RETURNS x AS 'SELECT 1' LANGUAGE 'sql';");
        assert_eq!(old.library, None);
    }

    #[test]
    fn indexes_name_their_method() {
        let method = |sql: &str| index_method(sql);
        assert_eq!(method("CREATE INDEX i ON public.t USING bloom (a);"), Some("bloom".into()));
        assert_eq!(method("CREATE INDEX \"using x\" ON t USING btree (a);"), None);
        assert_eq!(method("CREATE INDEX i ON t USING \"RUM\" (a);"), Some("RUM".into()));
        let exclude = "ALTER TABLE ONLY t ADD CONSTRAINT x EXCLUDE USING bloom (a WITH =);";
        assert_eq!(exclusion_method(exclude), Some("bloom".into()));
        assert_eq!(exclusion_method("ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY (a);"), None);
    }

    #[test]
    fn collations_of_the_catalog_are_found() {
        let found = collations(
            "CREATE TABLE t (a text COLLATE pg_catalog.\"de-x-icu\", b text COLLATE pg_catalog.\"C\", \
             c text COLLATE public.mine DEFAULT 'COLLATE pg_catalog.\"no\"');",
        );
        assert_eq!(found, ["de-x-icu"]);
        let range = "CREATE TYPE r AS RANGE (subtype = text, collation = pg_catalog.\"sv_SE\");";
        assert_eq!(collations(range), ["sv_SE"]);
        assert!(collations("COLLATE").is_empty());
    }

    #[test]
    fn collations_have_locales() {
        let icu = locale("CREATE COLLATION public.x (provider = icu, locale = 'de-u-co-phonebk');");
        let name = "de-u-co-phonebk".to_owned();
        assert_eq!(icu, Some(Requirement::Locale { provider: Provider::Icu, name }));
        let libc = locale("CREATE COLLATION public.x (lc_collate = 'de_DE', lc_ctype = 'de_DE');");
        let name = "de_DE".to_owned();
        assert_eq!(libc, Some(Requirement::Locale { provider: Provider::Libc, name }));
        assert_eq!(locale("CREATE COLLATION x (provider = libc, locale = 'C');"), None);
    }

    #[test]
    fn small_statements_are_read() {
        let server =
            "CREATE SERVER \"foreign\" TYPE 'x' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (a 'b');";
        assert_eq!(wrapper_of_server(server), Some("postgres_fdw".into()));
        let label = "SECURITY LABEL FOR \"pgx anon\" ON COLUMN t.a IS 'MASKED';";
        assert_eq!(label_provider(label), Some("pgx anon".into()));
        assert_eq!(
            label_provider("SECURITY LABEL FOR 'anon' ON SCHEMA s IS 'X';"),
            Some("anon".into())
        );
        let extension = "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public";
        assert_eq!(extension_version(&format!("{extension};")), None);
        assert_eq!(extension_version(&format!("{extension} VERSION '1.1';")), Some("1.1".into()));
    }
}
