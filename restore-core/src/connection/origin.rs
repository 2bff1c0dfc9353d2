//! Which layer of the merge a parameter's text comes from.

use std::fmt;

/// Who set a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The conninfo itself.
    Conninfo,
    /// A section of a service file.
    Service,
    /// This environment variable.
    Variable(&'static str),
    /// Nobody.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conninfo => f.write_str("in the conninfo"),
            Self::Service => f.write_str("in the service file"),
            Self::Variable(name) => write!(f, "in the environment variable {name}"),
            Self::Default => f.write_str("by default"),
        }
    }
}
