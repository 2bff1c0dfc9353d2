//! `jobtune`: measures which `-j` a parallel PostgreSQL restore should have.

use std::process::ExitCode;

use clap::FromArgMatches as _;
use harness::cli::{self, Cli};
use harness::commands;
use harness::printer::Printer;
use tracing_subscriber::EnvFilter;

/// Exit status for errors; clap uses the same for the command line's.
const ERROR: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let matches = cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    trace(cli.verbose);
    let printer = Printer::new(cli.quiet);
    match commands::run(cli, &printer).await {
        Ok(status) => ExitCode::from(status.code()),
        Err(error) => {
            printer.error(&error);
            ExitCode::from(ERROR)
        }
    }
}

/// What `--verbose` shows: programs that are started, statements as they are
/// prepared or sent, decisions, and files that are written. `JOBTUNE_LOG` takes
/// other directives of tracing-subscriber's `EnvFilter`.
const VERBOSE: &str = "harness=debug,restore_core=debug,tokio_postgres::prepare=debug,tokio_postgres::simple_query=debug";

fn trace(verbose: bool) {
    let level = if verbose { VERBOSE } else { "off" };
    let filter = EnvFilter::try_from_env("JOBTUNE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
