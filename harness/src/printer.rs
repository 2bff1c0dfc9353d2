//! The only door to the terminal.
//!
//! Standard output carries the answer, standard error everything else: notes
//! and progress. Colours and bars appear only where standard error is a
//! terminal, and colours not at all under `NO_COLOR`.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Prints for a person or a program.
#[derive(Debug, Clone)]
pub struct Printer {
    quiet: bool,
    bar: Option<ProgressBar>,
}

impl Printer {
    /// Notes and progress on standard error, unless `quiet`.
    pub fn new(quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(hidden_bar);
        Self { quiet, bar }
    }

    /// Prints the answer on standard output. A reader who has gone away, as
    /// `head` does, is no error.
    pub fn answer(&self, text: &str) {
        let mut out = anstream::stdout().lock();
        let _ = out
            .write_all(text.as_bytes())
            .and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
        let _ = out.flush();
    }

    /// Prints an answer that need not be UTF-8, as it is.
    pub fn answer_bytes(&self, bytes: &[u8]) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(bytes).and_then(|()| out.flush());
    }

    /// Says on standard error what goes on.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.line(text.as_ref());
        }
    }

    /// Says on standard error what a person should know, even when quiet.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.line(&format!("warning: {}", text.as_ref()));
    }

    /// Writes lines for another program on standard error, even when quiet.
    pub fn plain(&self, text: &str) {
        self.line(text);
    }

    /// Says on standard error why nothing came of it: the error first, what
    /// led to it below.
    pub fn error(&self, error: &anyhow::Error) {
        self.line(&format!("error: {error}"));
        let mut said = error.to_string();
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            // Some errors quote their cause already.
            if !said.contains(&cause) {
                self.line(&format!("  because: {}", cause.replace('\n', "\n  ")));
            }
            said = cause;
        }
    }

    /// Columns for the answer: those of the terminal, at most 100.
    pub fn width(&self) -> usize {
        let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        match columns.filter(|_| std::io::stdout().is_terminal()) {
            Some(columns) => columns.clamp(60, 100),
            None => 80,
        }
    }

    fn line(&self, text: &str) {
        let print = || {
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        };
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Whether there is a bar to be seen.
    pub fn has_bar(&self) -> bool {
        self.bar.is_some()
    }

    /// Shows `done` of `total` with a text beside it, where there is a bar.
    pub fn show(&self, done: u64, total: u64, text: String) {
        if let Some(bar) = &self.bar {
            if bar.is_hidden() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(Duration::from_millis(250));
            }
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(text);
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.disable_steady_tick();
            bar.finish_and_clear();
            bar.set_draw_target(ProgressDrawTarget::hidden());
            bar.reset();
        }
    }
}

fn hidden_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
    // The template is a constant; if it were wrong, the default bar would do.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:24} {msg}") {
        bar.set_style(style);
    }
    bar
}
