//! Names and messages that try to be more than text.

use restore_core::format::Format;

use super::{Written, folder, pictures, select, support};

const NAMES: [&str; 6] = [
    "public.<script>alert(1)</script>",
    "\"quoted\" 'twice' `thrice` & &lt;b&gt;",
    "two\nlines\tand \u{1} control",
    "\u{202e}backwards\u{202c} \u{200f}",
    "<img src=x onerror=alert(2)>|*_#[a](javascript:alert(3))",
    "{{ article.answer }} {% include 'page.js' %} ]]> --> </style></svg>",
];

fn hostile() -> Written {
    let guard = tempfile::tempdir().unwrap();
    let jobs = [1, 2, 4];
    let mut rows = support::run(&folder::two_formats(&jobs, 5.0), 4, 0.03, 7);
    for (row, name) in rows.iter_mut().zip(NAMES.iter().cycle()) {
        if row.block == 4 {
            support::fail(row, name);
        }
    }
    for row in &mut rows {
        NAMES[4].clone_into(&mut row.variant);
    }
    let mut items = folder::items(12, 2, "t");
    for (item, name) in items.iter_mut().zip(NAMES.iter().cycle()) {
        (*name).clone_into(&mut item.name);
        "<b>TABLE DATA</b>".clone_into(&mut item.kind);
    }
    let run = folder::record("hostile", &[Format::Custom, Format::Directory], &jobs);
    folder::write(&guard.path().join("run"), &run, &rows, &items);
    Written::of(guard, &["run"], &[])
}

#[test]
fn hostile_names_are_text_in_the_page() {
    let written = hostile();
    let page = written.page();
    assert_eq!(page.select(&select("script")).count(), 1, "only jobtune's own");
    assert_eq!(page.select(&select("style")).count(), 1);
    assert_eq!(page.select(&select("img, iframe, object, embed")).count(), 0);
    for element in page.select(&select("*")) {
        let name = element.value().attrs().find(|(name, _)| name.starts_with("on"));
        assert_eq!(name, None, "{}", element.html());
    }
    for link in page.select(&select("a[href]")) {
        assert!(!link.attr("href").unwrap().contains("javascript"));
    }
    let text: String = page.root_element().text().collect();
    for name in [NAMES[0], NAMES[1], NAMES[4], NAMES[5]] {
        assert!(text.contains(name), "{name}");
    }
    // What turns the direction of text is kept in.
    let turned = page.select(&select("bdi")).any(|bdi| bdi.text().any(|t| t.contains('\u{202e}')));
    assert!(turned);
    pictures::check(&written);
}

#[test]
fn hostile_names_are_text_in_pictures_and_markdown() {
    let written = hostile();
    for (name, path) in written.pictures("svg") {
        let text = std::fs::read_to_string(path).unwrap();
        for forbidden in ["<script", "<img", "<b>", "\u{1}"] {
            assert!(!text.contains(forbidden), "{forbidden:?} in {name}");
        }
        // Labels are one line that reads from left to right.
        let picture = scraper::Html::parse_document(&text);
        for label in picture.select(&select("text")) {
            let words: String = label.text().collect();
            assert!(!words.contains(['\n', '\u{202e}', '\u{200f}']), "{words:?}");
        }
    }
    let markdown = written.text("report.md");
    // An escaped bracket opens nothing.
    assert!(!markdown.replace("\\<", "").contains("<img"), "{markdown}");
    assert!(markdown.contains(r"\<img src=x onerror=alert(2)\>\|\*\_\#\[a\](javascript:alert(3))"));
}
