//! Every option of `pg_restore`, once.
//!
//! `pg_restore.c` (`cmdopts`, and what is done with each) of PostgreSQL 12 to
//! 18, and the manual's page of `pg_restore`.

use crate::units::PgMajor;

/// What an option is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// One value; the last one counts.
    Value,
    /// A value each time that it is given.
    Values,
}

/// What an option means to a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It decides which items are restored.
    Selects,
    /// It decides how they are restored.
    Changes,
    /// A sweep always gives it: it is accepted and adds nothing.
    Given,
    /// A sweep cannot take it, for this reason.
    Refused(&'static str),
}

/// A row of the table.
struct Row {
    long: &'static str,
    short: Option<char>,
    takes: Takes,
    /// The first major version that has it, as far as that is above 9.
    since: u32,
    meaning: Meaning,
}

const SERVER: &str = "the server is the sweep's: give --conninfo, or [server] in the scenario";

macro_rules! options {
    ($($(#[$meta:meta])* $variant:ident = $long:literal $short:expr, $takes:ident, $since:literal, $meaning:expr;)*) => {
        /// An option of `pg_restore`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Opt {
            $(
                #[doc = concat!("`--", $long, "`")]
                $(#[$meta])*
                $variant,
            )*
        }

        impl Opt {
            /// Every option, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn row(self) -> &'static Row {
                match self {
                    $(Self::$variant => &Row {
                        long: $long,
                        short: $short,
                        takes: Takes::$takes,
                        since: $since,
                        meaning: $meaning,
                    },)*
                }
            }
        }
    };
}

use Meaning::{Changes, Given, Refused, Selects};

options! {
    DataOnly = "data-only" Some('a'), Nothing, 0, Selects;
    Clean = "clean" Some('c'), Nothing, 0, Changes;
    Create = "create" Some('C'), Nothing, 0,
        Refused("every trial restores into a fresh database that the sweep has made");
    Dbname = "dbname" Some('d'), Value, 0,
        Refused("every trial restores into a fresh database that the sweep has made");
    ExitOnError = "exit-on-error" Some('e'), Nothing, 0, Changes;
    File = "file" Some('f'), Value, 0,
        Refused("a sweep restores into a database, not into a script");
    Filter = "filter" None, Value, 17, Selects;
    Format = "format" Some('F'), Value, 0, Refused("the archive itself tells its format");
    Index = "index" Some('I'), Values, 0, Selects;
    Jobs = "jobs" Some('j'), Value, 0,
        Refused("the number of jobs is what a sweep varies: give --jobs before the --");
    List = "list" Some('l'), Nothing, 0,
        Refused("it restores nothing: use `jobtune inspect --list`");
    UseList = "use-list" Some('L'), Value, 0, Selects;
    Schema = "schema" Some('n'), Values, 0, Selects;
    ExcludeSchema = "exclude-schema" Some('N'), Values, 10, Selects;
    NoOwner = "no-owner" Some('O'), Nothing, 0, Changes;
    Function = "function" Some('P'), Values, 0, Selects;
    NoReconnect = "no-reconnect" Some('R'), Nothing, 0, Given;
    SchemaOnly = "schema-only" Some('s'), Nothing, 0, Selects;
    Superuser = "superuser" Some('S'), Value, 0, Changes;
    Table = "table" Some('t'), Values, 0, Selects;
    Trigger = "trigger" Some('T'), Values, 0, Selects;
    Verbose = "verbose" Some('v'), Nothing, 0, Given;
    NoPrivileges = "no-privileges" Some('x'), Nothing, 0, Selects;
    /// Another name of `--no-privileges`: see [`Opt::canonical`].
    NoAcl = "no-acl" None, Nothing, 0, Selects;
    SingleTransaction = "single-transaction" Some('1'), Nothing, 0,
        Refused("pg_restore takes a single transaction with one job alone, so that there is no -j \
                 to find; --transaction-size=N (PostgreSQL 17) commits after every N items");
    DisableTriggers = "disable-triggers" None, Nothing, 0, Changes;
    EnableRowSecurity = "enable-row-security" None, Nothing, 0, Changes;
    IfExists = "if-exists" None, Nothing, 0, Changes;
    NoComments = "no-comments" None, Nothing, 11, Selects;
    NoData = "no-data" None, Nothing, 18, Selects;
    NoDataForFailedTables = "no-data-for-failed-tables" None, Nothing, 0, Changes;
    NoPolicies = "no-policies" None, Nothing, 18, Selects;
    NoPublications = "no-publications" None, Nothing, 10, Selects;
    NoSchema = "no-schema" None, Nothing, 18, Selects;
    NoSecurityLabels = "no-security-labels" None, Nothing, 0, Selects;
    NoStatistics = "no-statistics" None, Nothing, 18, Selects;
    NoSubscriptions = "no-subscriptions" None, Nothing, 10, Selects;
    NoTableAccessMethod = "no-table-access-method" None, Nothing, 15, Changes;
    NoTablespaces = "no-tablespaces" None, Nothing, 0, Changes;
    RestrictKey = "restrict-key" None, Value, 0,
        Refused("pg_restore itself takes it only where it writes a script");
    Section = "section" None, Values, 0, Selects;
    Statistics = "statistics" None, Nothing, 18, Selects;
    StatisticsOnly = "statistics-only" None, Nothing, 18, Selects;
    StrictNames = "strict-names" None, Nothing, 0, Changes;
    TransactionSize = "transaction-size" None, Value, 17, Changes;
    UseSetSessionAuthorization = "use-set-session-authorization" None, Nothing, 0, Changes;
    Role = "role" None, Value, 0, Changes;
    Host = "host" Some('h'), Value, 0, Refused(SERVER);
    Port = "port" Some('p'), Value, 0, Refused(SERVER);
    Username = "username" Some('U'), Value, 0, Refused(SERVER);
    NoPassword = "no-password" Some('w'), Nothing, 0, Given;
    Password = "password" Some('W'), Nothing, 0,
        Refused("nobody is there to answer the prompt: use PGPASSWORD in the environment of \
                 the sweep, or a password file");
    Help = "help" Some('?'), Nothing, 0, Refused("it restores nothing");
    Version = "version" Some('V'), Nothing, 0, Refused("it restores nothing");
}

impl Opt {
    /// Its long name, without the dashes.
    pub fn long(self) -> &'static str {
        self.row().long
    }

    /// Its letter, where it has one.
    pub fn short(self) -> Option<char> {
        self.row().short
    }

    /// What it is given.
    pub fn takes(self) -> Takes {
        self.row().takes
    }

    /// What it means to a sweep.
    pub fn meaning(self) -> Meaning {
        self.row().meaning
    }

    /// The first major version whose `pg_restore` has it; 0 for every one
    /// that can be met.
    pub fn since(self) -> PgMajor {
        PgMajor(self.row().since)
    }

    /// Whether its value is a file that `pg_restore` reads.
    pub fn names_a_file(self) -> bool {
        matches!(self, Self::UseList | Self::Filter)
    }

    /// The option that does the same, where this is another name of it.
    #[must_use]
    pub fn canonical(self) -> Self {
        if self == Self::NoAcl { Self::NoPrivileges } else { self }
    }

    /// The option of exactly this long name; underscores may stand for
    /// dashes, as the keys of a scenario are written with them.
    pub fn by_name(name: &str) -> Option<Self> {
        let same = |opt: &Self| {
            let dashed = name.bytes().map(|byte| if byte == b'_' { b'-' } else { byte });
            dashed.eq(opt.long().bytes())
        };
        Self::ALL.iter().copied().find(same).map(Self::canonical)
    }

    pub(super) fn by_letter(letter: char) -> Option<Self> {
        Self::ALL.iter().copied().find(|opt| opt.short() == Some(letter))
    }

    /// The options whose long name begins so; one alone where the name is
    /// whole (`getopt_long`).
    pub(super) fn by_prefix(prefix: &str) -> Vec<Self> {
        let begins = |opt: &Self| opt.long().starts_with(prefix);
        let found: Vec<_> = Self::ALL.iter().copied().filter(begins).collect();
        let whole = found.iter().copied().find(|opt| opt.long() == prefix);
        whole.map_or(found, |opt| vec![opt])
    }
}

impl std::fmt::Display for Opt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--{}", self.long())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_letters_are_given_once() {
        let mut names: Vec<_> = Opt::ALL.iter().map(|opt| opt.long().to_owned()).collect();
        names.extend(Opt::ALL.iter().filter_map(|opt| opt.short()).map(String::from));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn prefixes_are_those_of_getopt() {
        assert_eq!(Opt::by_prefix("no-data"), [Opt::NoData]);
        assert_eq!(Opt::by_prefix("no-data-"), [Opt::NoDataForFailedTables]);
        assert_eq!(Opt::by_prefix("no-table"), [Opt::NoTableAccessMethod, Opt::NoTablespaces]);
        assert_eq!(Opt::by_prefix("unheard-of"), []);
        assert_eq!(Opt::by_name("no_acl"), Some(Opt::NoPrivileges));
    }
}
