//! The roles that statements name.

use crate::sql::{Token, words};

/// Roles of grants: of `GRANT ... TO`, `REVOKE ... FROM`, `GRANTED BY`, and the
/// role in whose name the statements are executed.
///
/// An item holds several statements, each at its own line's end, and `pg_dump`
/// writes `SET SESSION AUTHORIZATION grantor; ...; RESET SESSION
/// AUTHORIZATION;` around those of a grantor who is not the owner
/// (`dumputils.c`, `buildACLCommands`).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Grants {
    /// Every role once, in the order of their names.
    pub(super) roles: Vec<String>,
    /// Whether some of the statements are executed as another role, which
    /// needs a superuser.
    pub(super) acts_as_others: bool,
}

/// The roles of `GRANT` and `REVOKE`, and of `ALTER DEFAULT PRIVILEGES`.
pub(super) fn of_grants(sql: &str) -> Grants {
    let mut grants = Grants::default();
    for statement in statements(sql) {
        let statement = &statement[..];
        if let [set, session, authorization, role] = statement
            && set.is("set")
            && session.is("session")
            && authorization.is("authorization")
            && !role.is("default")
        {
            grants.acts_as_others = true;
            grants.roles.extend(role.text().map(str::to_owned).or_else(|| role.name()));
            continue;
        }
        grants.roles.extend(after(statement, |token| token.is("to") || token.is("from")));
        grants.roles.extend(after_two(statement, "granted", &["by"]));
        if statement.iter().take(3).any(|token| token.is("default")) {
            grants.roles.extend(after_two(statement, "for", &["role", "user"]));
        }
    }
    grants.roles.sort();
    grants.roles.dedup();
    grants
}

/// The roles of `CREATE POLICY name ON table ... TO role, ... USING (...)`.
pub(super) fn of_policy(sql: &str) -> Vec<String> {
    statements(sql).iter().flat_map(|statement| after(statement, |token| token.is("to"))).collect()
}

/// The role of `CREATE USER MAPPING FOR role SERVER server OPTIONS (...)`.
pub(super) fn of_user_mapping(sql: &str) -> Vec<String> {
    statements(sql).iter().flat_map(|statement| after(statement, |token| token.is("for"))).collect()
}

/// The words of each statement that are in no parentheses: argument types of
/// functions, columns and expressions are in some.
fn statements(sql: &str) -> Vec<Vec<Token<'_>>> {
    let mut all = vec![Vec::new()];
    let mut depth = 0_usize;
    for token in words(sql) {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => depth = depth.saturating_sub(1),
            Token::Symbol(';') if depth == 0 => all.push(Vec::new()),
            _ if depth == 0 => all.last_mut().into_iter().for_each(|last| last.push(token.clone())),
            _ => {}
        }
    }
    all
}

/// The roles behind the first word that `starts`. TO, FROM and FOR are reserved,
/// so that a name that is one of them stands in quotes.
fn after(statement: &[Token<'_>], starts: impl Fn(&Token<'_>) -> bool) -> Vec<String> {
    match statement.iter().position(starts) {
        Some(at) => list(&statement[at + 1..]),
        None => Vec::new(),
    }
}

/// The roles behind two words.
fn after_two(statement: &[Token<'_>], first: &str, second: &[&str]) -> Vec<String> {
    let is_pair =
        |pair: &[Token<'_>]| pair[0].is(first) && second.iter().any(|second| pair[1].is(second));
    match statement.windows(2).position(is_pair) {
        Some(at) => list(&statement[at + 2..]),
        None => Vec::new(),
    }
}

/// The roles of a list with commas. `PUBLIC` is all roles and no role, in
/// quotes too; before PostgreSQL 9.5 `pg_dump` wrote `GROUP name`.
fn list(tokens: &[Token<'_>]) -> Vec<String> {
    let mut roles = Vec::new();
    let mut rest = tokens;
    loop {
        if let [group, Token::Word(_) | Token::Quoted(_), ..] = rest
            && group.is("group")
        {
            rest = &rest[1..];
        }
        let Some((first, following)) = rest.split_first() else { return roles };
        let Some(name) = first.name() else { return roles };
        if name != "public" && !is_session_role(first) {
            roles.push(name);
        }
        match following.split_first() {
            Some((comma, more)) if comma.is_symbol(',') => rest = more,
            _ => return roles,
        }
    }
}

/// Words that stand for the role of the session.
fn is_session_role(token: &Token<'_>) -> bool {
    ["current_user", "current_role", "session_user", "user"].iter().any(|word| token.is(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(sql: &str) -> Vec<String> {
        of_grants(sql).roles
    }

    #[test]
    fn grants_name_their_roles() {
        assert_eq!(
            grants("GRANT SELECT ON TABLE public.t TO app, \"Web App\" WITH GRANT OPTION;"),
            ["Web App", "app"]
        );
        assert_eq!(grants("REVOKE ALL ON SCHEMA public FROM PUBLIC;"), Vec::<String>::new());
        assert_eq!(grants("GRANT ALL ON TABLE public.\"to\" TO \"from\";"), ["from"]);
        assert_eq!(grants("GRANT SELECT(a,\"to\"),INSERT(b) ON TABLE public.t TO r;"), ["r"]);
        assert_eq!(
            grants("GRANT ALL ON FUNCTION public.f(a integer, \"to\" text) TO GROUP \"staff\";"),
            ["staff"]
        );
        assert_eq!(grants("GRANT ALL ON TABLE t TO \"group\", \"group\";"), ["group"]);
        assert_eq!(grants("REVOKE GRANT OPTION FOR ALL ON TABLE t FROM x CASCADE;"), ["x"]);
        assert_eq!(grants("GRANT SELECT ON LARGE OBJECT 16401 TO app_user;"), ["app_user"]);
        assert_eq!(grants("GRANT a ON TABLE t TO b GRANTED BY c;"), ["b", "c"]);
        assert_eq!(grants("GRANT USAGE ON TYPE public.\"x;y\" TO z;"), ["z"]);
    }

    #[test]
    fn grants_of_others_name_them() {
        let sql = "SET SESSION AUTHORIZATION \"Grant or\";\nGRANT SELECT ON TABLE public.t TO reader;\n\
                   RESET SESSION AUTHORIZATION;\n\n\n";
        let grants = of_grants(sql);
        assert_eq!(grants.roles, ["Grant or", "reader"]);
        assert!(grants.acts_as_others);
        assert!(of_grants("SET SESSION AUTHORIZATION 'o';").roles == ["o"]);
        assert!(!of_grants("SET SESSION AUTHORIZATION DEFAULT;").acts_as_others);
    }

    #[test]
    fn default_privileges_name_grantor_and_grantee() {
        let sql = "ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA \"to\" \
                   REVOKE ALL ON TABLES FROM supabase_admin;\n\
                   ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA \"to\" \
                   GRANT SELECT ON TABLES TO anon;\n";
        assert_eq!(grants(sql), ["anon", "supabase_admin"]);
    }

    #[test]
    fn policies_name_their_roles() {
        let sql = "CREATE POLICY \"to\" ON public.t AS RESTRICTIVE FOR UPDATE TO anon, \
                   \"service role\" USING ((who = ( SELECT 'a' AS \"to\"))) WITH CHECK (true);\n";
        assert_eq!(of_policy(sql), ["anon", "service role"]);
        assert!(of_policy("CREATE POLICY p ON t USING (true);").is_empty());
        assert!(of_policy("CREATE POLICY p ON t TO PUBLIC USING (true);").is_empty());
        assert!(of_policy("CREATE POLICY p ON t TO CURRENT_USER USING (true);").is_empty());
    }

    #[test]
    fn user_mappings_name_their_role() {
        let sql =
            "CREATE USER MAPPING FOR \"Report\" SERVER far OPTIONS (\n    \"user\" 'for x'\n);\n";
        assert_eq!(of_user_mapping(sql), ["Report"]);
        assert!(of_user_mapping("CREATE USER MAPPING FOR PUBLIC SERVER far;\n").is_empty());
    }
}
