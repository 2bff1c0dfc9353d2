//! The program as a user runs it, on throw-away clusters.

#![expect(clippy::disallowed_methods, reason = "tests start what they test")]
#![expect(clippy::unwrap_used, reason = "a test fails where something is not as expected")]
#![expect(clippy::print_stderr, reason = "a test says what it saw")]

#[path = "../support/place.rs"]
mod place;

#[path = "../support/mod.rs"]
mod support;

#[path = "../../../restore-core/tests/support/launches.rs"]
mod launches;

mod action;
mod bad_input;
mod cases;
mod circles;
mod clock;
mod cluster;
mod containers;
mod control_group;
mod deploy;
mod disk;
mod encodings;
mod engines;
mod export;
mod external;
mod far;
mod faults;
mod hooks;
mod init;
mod inspect;
mod layers;
mod licences;
mod list_order;
mod live;
mod load;
mod needs;
mod options;
mod packages;
mod results;
mod runs;
mod scenarios;
mod schema;
mod sections;
mod shards;
mod survival;
mod verdicts;
mod versions;
mod workload;

use place::{Place, assert_done, bindir, can_run, has_server, stderr, stdout};
