//! Texts that may hold names from archives, scenarios and servers.

/// Marks that change the direction of what follows them (Unicode, UAX 9): a
/// name with one would turn the rest of its line around.
const DIRECTION: [char; 9] = [
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}',
];

/// `text` on one line: line feeds and other control characters, which would
/// steer a terminal or end a row, become spaces.
pub(super) fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if is_unsafe(c) { ' ' } else { c }).collect()
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}')
        || DIRECTION.contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_a_terminal() {
        assert_eq!(on_one_line("a\nb\r\u{1b}[31mc\u{202e}d"), "a b  [31mc d");
    }
}
