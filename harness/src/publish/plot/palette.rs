//! Colours, in light and in dark.
//!
//! Curves have the hues of Okabe and Ito's palette (2008), which people with
//! the common forms of colour blindness tell apart, made darker or lighter
//! until text in them has a contrast of 4.5 to 1 on its background.

use std::fmt::Write as _;

use super::scene::Ink;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white.
    Light,
    /// Light on near black.
    Dark,
}

/// A colour as red, green and blue.
pub(super) type Rgb = (u8, u8, u8);

const LIGHT: [Rgb; Ink::SERIES] = [
    (0x00, 0x5f, 0xa8),
    (0xb8, 0x4a, 0x00),
    (0x00, 0x73, 0x57),
    (0x9b, 0x3f, 0x82),
    (0x74, 0x5c, 0x00),
    (0x4a, 0x55, 0x68),
];
const DARK: [Rgb; Ink::SERIES] = [
    (0x6c, 0xb8, 0xf0),
    (0xff, 0x9d, 0x5c),
    (0x3f, 0xd0, 0xa4),
    (0xe8, 0xa0, 0xd4),
    (0xe6, 0xcb, 0x57),
    (0xb6, 0xc2, 0xd4),
];

pub(super) fn rgb(ink: Ink, theme: Theme) -> Rgb {
    match (ink, theme) {
        (Ink::Text, Theme::Light) => (0x1a, 0x1d, 0x21),
        (Ink::Text, Theme::Dark) => (0xec, 0xee, 0xf1),
        (Ink::Muted, Theme::Light) => (0x56, 0x5e, 0x6a),
        (Ink::Muted, Theme::Dark) => (0xa4, 0xac, 0xb8),
        (Ink::Grid, Theme::Light) => (0xe3, 0xe6, 0xea),
        (Ink::Grid, Theme::Dark) => (0x33, 0x39, 0x42),
        (Ink::Surface, Theme::Light) => (0xff, 0xff, 0xff),
        (Ink::Surface, Theme::Dark) => (0x16, 0x19, 0x1d),
        (Ink::Series(index), Theme::Light) => LIGHT[index % Ink::SERIES],
        (Ink::Series(index), Theme::Dark) => DARK[index % Ink::SERIES],
    }
}

fn inks() -> impl Iterator<Item = Ink> {
    [Ink::Text, Ink::Muted, Ink::Grid, Ink::Surface]
        .into_iter()
        .chain((0..Ink::SERIES).map(Ink::Series))
}

/// The name of an ink in class names and custom properties.
pub(super) fn name(ink: Ink) -> String {
    match ink {
        Ink::Text => "text".to_owned(),
        Ink::Muted => "muted".to_owned(),
        Ink::Grid => "grid".to_owned(),
        Ink::Surface => "surface".to_owned(),
        Ink::Series(index) => format!("s{index}"),
    }
}

/// The style sheet of SVG pictures: a class to fill with each ink, a class to
/// draw lines with it, light, and dark where the reader prefers it.
pub fn style_sheet() -> String {
    let mut css = String::from(".jt text{font-family:Inter,system-ui,sans-serif}");
    css.push_str(".jt .b{font-weight:600}");
    css.push_str(&rules(Theme::Light));
    let _ = write!(css, "@media(prefers-color-scheme:dark){{{}}}", rules(Theme::Dark));
    // Paper is white.
    let _ = write!(css, "@media print{{{}}}", rules(Theme::Light));
    css
}

fn rules(theme: Theme) -> String {
    inks().fold(String::new(), |mut css, ink| {
        let ((red, green, blue), name) = (rgb(ink, theme), name(ink));
        let _ = write!(
            css,
            ".jt .f-{name}{{fill:#{red:02x}{green:02x}{blue:02x}}}\
             .jt .l-{name}{{stroke:#{red:02x}{green:02x}{blue:02x};fill:none}}"
        );
        css
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2, "relative luminance".
    fn luminance((red, green, blue): Rgb) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    #[test]
    fn text_in_every_ink_can_be_read() {
        for theme in [Theme::Light, Theme::Dark] {
            let behind = luminance(rgb(Ink::Surface, theme));
            for ink in inks().filter(|ink| !matches!(ink, Ink::Grid | Ink::Surface)) {
                let own = luminance(rgb(ink, theme));
                let contrast = (own.max(behind) + 0.05) / (own.min(behind) + 0.05);
                assert!(contrast >= 4.5, "{ink:?} in {theme:?}: {contrast}");
            }
        }
    }
}
