//! Whether texts in a picture are whole and apart, by what the SVG says.

use scraper::{ElementRef, Html};

use super::select;

/// From the baseline up to the top of the letters, over the size.
const ASCENT: f64 = 0.8;
/// From the baseline down, over the size.
const DESCENT: f64 = 0.22;

#[derive(Debug, Clone)]
struct Label {
    words: String,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

fn number(element: &ElementRef<'_>, name: &str) -> f64 {
    element.attr(name).and_then(|value| value.parse().ok()).unwrap()
}

fn label(text: &ElementRef<'_>) -> Label {
    let (x, y) = (number(text, "x"), number(text, "y"));
    let (size, width) = (number(text, "font-size"), number(text, "textLength"));
    let left = match text.attr("text-anchor") {
        Some("middle") => x - width / 2.0,
        Some("end") => x - width,
        _ => x,
    };
    Label {
        words: text.text().collect(),
        left,
        right: left + width,
        top: y - ASCENT * size,
        bottom: y + DESCENT * size,
    }
}

/// What is wrong in a picture.
fn faults(name: &str, svg: &ElementRef<'_>) -> Vec<String> {
    let (width, height) = (number(svg, "width"), number(svg, "height"));
    let labels: Vec<Label> = svg.select(&select("text")).map(|text| label(&text)).collect();
    let mut faults = Vec::new();
    for (index, own) in labels.iter().enumerate() {
        let inside = own.left >= -0.5
            && own.right <= width + 0.5
            && own.top >= -0.5
            && own.bottom <= height + 0.5;
        if !inside {
            faults.push(format!("{name}: {:?} is cut at {width} by {height}: {own:?}", own.words));
        }
        for other in &labels[..index] {
            let apart = own.right <= other.left + 0.5
                || other.right <= own.left + 0.5
                || own.bottom <= other.top + 0.5
                || other.bottom <= own.top + 0.5;
            if !apart {
                faults.push(format!("{name}: {:?} covers {:?}: {own:?}", own.words, other.words));
            }
        }
    }
    faults
}

/// Every picture of a report: the files, and both sizes in the page.
pub(crate) fn check(written: &super::Written) {
    let mut all = Vec::new();
    for (name, path) in written.pictures("svg") {
        let file = Html::parse_document(&std::fs::read_to_string(path).unwrap());
        all.extend(file.select(&select("svg")).flat_map(|svg| faults(&name, &svg)));
    }
    let page = written.page();
    for svg in page.select(&select("figure svg")) {
        let name = svg.attr("aria-labelledby").unwrap().to_owned();
        all.extend(faults(&name, &svg));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
    for (name, path) in written.pictures("png") {
        let bytes = std::fs::read(path).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"), "{name} is no PNG");
        assert!(bytes.len() < 400_000, "{name} has {} bytes", bytes.len());
    }
}
