//! Bars that measured runs have to meet, and what came of them.

use std::process::ExitCode;

/// A bar, and whether it is met.
pub(crate) struct Bar {
    text: String,
    state: State,
}

/// The gravest is the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Met,
    TooFew,
    Missed,
}

impl Bar {
    /// `holds` as far as was measured; `is_enough` if what was measured is as
    /// much as the bar asks for.
    pub(crate) fn new(text: String, holds: bool, is_enough: bool) -> Self {
        let state = match (holds, is_enough) {
            (false, _) => State::Missed,
            (true, false) => State::TooFew,
            (true, true) => State::Met,
        };
        Self { text, state }
    }
}

/// Says of each bar whether it is met. Exit status: 0 all are, 1 one is missed,
/// 3 too little was measured.
pub(crate) fn judge(bars: &[Bar]) -> ExitCode {
    for bar in bars {
        println!("{}: {}", bar.state.in_words(), bar.text);
    }
    bars.iter().map(|bar| bar.state).max().map_or(ExitCode::SUCCESS, State::exit)
}

impl State {
    fn in_words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::TooFew => "too few runs",
            Self::Missed => "MISSED",
        }
    }

    fn exit(self) -> ExitCode {
        match self {
            Self::Met => ExitCode::SUCCESS,
            Self::Missed => ExitCode::FAILURE,
            Self::TooFew => ExitCode::from(3),
        }
    }
}
