//! The font of pictures: Inter, bundled, so that pictures look the same on a
//! machine that has no font at all, and so that text can be measured before
//! it is placed.

use std::sync::LazyLock;

use ab_glyph::{Font as _, FontRef};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    /// For what is to be seen first.
    SemiBold,
}

/// Inter, regular. See `fonts/OFL.txt` for its licence.
pub(super) const REGULAR: &[u8] = include_bytes!("fonts/Inter-Regular.otf");
/// Inter, semi-bold.
pub(super) const SEMIBOLD: &[u8] = include_bytes!("fonts/Inter-SemiBold.otf");

/// Height of capitals over the size of the font: what centres a line of text.
pub(super) const CAP_HEIGHT: f64 = 0.73;

/// Width of a character that the font lacks, over the size: viewers take it
/// from another font, and the widest scripts are as wide as they are high.
const MISSING: f64 = 1.0;

const ELLIPSIS: char = '…';

static FONTS: LazyLock<[FontRef<'static>; 2]> = LazyLock::new(|| {
    [REGULAR, SEMIBOLD]
        .map(|bytes| FontRef::try_from_slice(bytes).expect("the bundled fonts are read by a test"))
});

fn font(weight: Weight) -> &'static FontRef<'static> {
    match weight {
        Weight::Regular => &FONTS[0],
        Weight::SemiBold => &FONTS[1],
    }
}

/// Width in pixels of the widest of `texts`.
pub(super) fn widest<'a>(texts: impl Iterator<Item = &'a str>, size: f64, weight: Weight) -> f64 {
    texts.map(|text| width(text, size, weight)).fold(0.0, f64::max)
}

/// Width of `text` in pixels at `size` pixels per em.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let font = font(weight);
    let per_em = f64::from(font.units_per_em().unwrap_or(1000.0));
    let of = |character| {
        let glyph = font.glyph_id(character);
        if glyph.0 == 0 { MISSING } else { f64::from(font.h_advance_unscaled(glyph)) / per_em }
    };
    text.chars().map(of).sum::<f64>() * size
}

/// What `size` pixels per em are called by rasterisers that count the height
/// of a line instead.
pub(super) fn line_height(size: f64, weight: Weight) -> f64 {
    let font = font(weight);
    let per_em = f64::from(font.units_per_em().unwrap_or(1000.0));
    f64::from(font.height_unscaled()) / per_em * size
}

/// `text`, or as much of its beginning and end as fits into `most` pixels.
/// The end stays because names differ there: `orders_2024_01`.
pub(super) fn elide(text: &str, size: f64, weight: Weight, most: f64) -> String {
    if width(text, size, weight) <= most {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let fits = |kept: &usize| width(&shortened(&characters, *kept), size, weight) <= most;
    let kept = (0..characters.len()).rev().find(fits).unwrap_or(0);
    shortened(&characters, kept)
}

/// The first and the last characters, `kept` in all, around an ellipsis.
fn shortened(characters: &[char], kept: usize) -> String {
    let tail = kept / 3;
    let head = kept - tail;
    let last = &characters[characters.len() - tail..];
    characters[..head].iter().chain([&ELLIPSIS]).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_add_up_and_bold_is_wider() {
        let regular = width("restore", 13.0, Weight::Regular);
        assert!((35.0..60.0).contains(&regular), "{regular}");
        assert!(width("restore", 13.0, Weight::SemiBold) > regular);
        assert!((width("restore", 26.0, Weight::Regular) - 2.0 * regular).abs() < 1e-9);
        assert!((width("漢字", 10.0, Weight::Regular) - 20.0).abs() < 1e-9);
    }

    #[test]
    fn long_names_keep_both_ends() {
        let name = "public.orders_of_the_year_2024_partition_01";
        let short = elide(name, 12.0, Weight::Regular, 120.0);
        assert!(width(&short, 12.0, Weight::Regular) <= 120.0, "{short}");
        assert!(short.starts_with("public.") && short.ends_with("01"), "{short}");
        assert_eq!(elide("short", 12.0, Weight::Regular, 120.0), "short");
        assert_eq!(elide("漢字漢字", 12.0, Weight::Regular, 1.0), "…");
    }

    #[test]
    fn every_sign_that_pictures_use_is_in_the_font() {
        for sign in ['…', '·', '–', '▲', '↑', '↓', '×', 'µ'] {
            assert_ne!(font(Weight::Regular).glyph_id(sign).0, 0, "{sign}");
            assert_ne!(font(Weight::SemiBold).glyph_id(sign).0, 0, "{sign}");
        }
    }
}
