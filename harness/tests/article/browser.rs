//! The page in a real browser: with and without script, on a wide and on a
//! narrow screen, light and dark.

use std::path::Path;

use serde_json::Value;

use super::driver::{self, Browser};
use super::numbers::production;
use super::{Written, folder};

const SCREENS: [(u32, &str); 4] = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")];

fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn usual() -> Written {
    let guard = tempfile::tempdir().unwrap();
    folder::usual(&guard.path().join("run"));
    Written::of(guard, &["run"], &[])
}

/// A few nights, of which the last ones were slower.
fn nights() -> Written {
    let guard = tempfile::tempdir().unwrap();
    let names = folder::nights(guard.path(), 6, 3);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Written::of(guard, &names, &[])
}

/// The pages that are looked at: those made here, and those that are committed.
fn pages(made: &[Written]) -> Vec<std::path::PathBuf> {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results").canonicalize().unwrap();
    let committed = std::fs::read_dir(results).unwrap().flatten();
    let committed = committed.map(|run| run.path().join("report/index.html"));
    let made = made.iter().map(|written| written.path("index.html"));
    committed.filter(|page| page.is_file()).chain(made).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_quiet_fit_and_accessible() {
    if !driver::can_drive() {
        return;
    }
    let axe = std::fs::read_to_string(driver::axe()).unwrap();
    let made = [usual(), production(), nights()];
    let browser = Browser::start().await;
    for page in pages(&made) {
        for (width, scheme) in SCREENS {
            let place = format!("{} at {width}, {scheme}", page.display());
            browser.screen(width, scheme).await;
            browser.client.goto(&url(&page)).await.unwrap();
            let resources = "performance.getEntriesByType('resource').map((r) => r.name)\
                             .filter((name) => !name.startsWith('data:'))";
            assert_eq!(browser.value(resources).await, Value::Array(vec![]), "{place}");
            // Everything that can be opened is, and must fit too.
            let open = "document.querySelectorAll('details').forEach((d) => { d.open = true; })";
            browser.client.execute(open, Vec::new()).await.unwrap();
            let overflow = "document.documentElement.scrollWidth - window.innerWidth";
            assert!(browser.value(overflow).await.as_i64().unwrap() <= 0, "{place} overflows");
            let dark = "getComputedStyle(document.body).backgroundColor === 'rgb(22, 25, 29)'";
            assert_eq!(browser.value(dark).await, Value::Bool(scheme == "dark"), "{place}");
            violations(&browser, &axe, &place).await;
            let said = browser.console().await;
            assert!(said.is_empty(), "{place}: {said:?}");
        }
    }
    browser.stop().await;
}

/// Fails on what axe-core calls serious or critical.
async fn violations(browser: &Browser, axe: &str, place: &str) {
    browser.client.execute(axe, Vec::new()).await.unwrap();
    let audit = "const done = arguments[arguments.length - 1];\
                 axe.run(document, { resultTypes: ['violations'] })\
                 .then((r) => done(r.violations), (error) => done([{ id: String(error), \
                 impact: 'critical', nodes: [] }]));";
    let found = browser.client.execute_async(audit, Vec::new()).await.unwrap();
    let serious: Vec<String> = found
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| ["serious", "critical"].contains(&one["impact"].as_str().unwrap_or("")))
        .map(|one| format!("{}: {}", one["id"], one["nodes"]))
        .collect();
    assert!(serious.is_empty(), "{place}: {}", serious.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn values_show_and_tables_sort() {
    if !driver::can_drive() {
        return;
    }
    let written = usual();
    let browser = Browser::start().await;
    browser.screen(1280, "light").await;
    browser.client.goto(&url(&written.path("index.html"))).await.unwrap();
    let point = "(() => { const points = [...document.querySelectorAll('svg.wide [data-tip]')];\
                 const point = points.find((p) => p.dataset.tip.includes('n = '));\
                 point.scrollIntoView({ block: 'center' });\
                 const box = point.getBoundingClientRect();\
                 return [box.x + box.width / 2, box.y + box.height / 2, point.dataset.tip]; })()";
    let point = browser.value(point).await;
    let (x, y) = (point[0].as_f64().unwrap(), point[1].as_f64().unwrap());
    let moved = serde_json::json!({ "type": "mouseMoved", "x": x, "y": y });
    browser.devtools("Input.dispatchMouseEvent", moved).await;
    let shown =
        "[document.getElementById('tip').hidden, document.getElementById('tip').textContent]";
    let shown = browser.value(shown).await;
    assert_eq!(shown[0], false);
    assert_eq!(shown[1], point[2]);
    assert!(shown[1].as_str().unwrap().contains("-j "), "{shown}");

    let times = "[...document.querySelectorAll('.curve table.sortable tbody')[0].rows]\
                 .map((row) => Number(row.cells[2].querySelector('data').value))";
    let press = "document.querySelectorAll('.curve table.sortable')[0].tHead.rows[0].cells[2]\
                 .querySelector('button').click()";
    let numbers = |value: Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    browser.client.execute(press, Vec::new()).await.unwrap();
    let rising = numbers(browser.value(times).await);
    assert!(rising.len() == 4 && rising.is_sorted(), "{rising:?}");
    browser.client.execute(press, Vec::new()).await.unwrap();
    let mut falling = numbers(browser.value(times).await);
    falling.reverse();
    assert_eq!(falling, rising);
    browser.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_script_everything_is_there() {
    if !driver::can_drive() {
        return;
    }
    let written = usual();
    let browser = Browser::start().await;
    browser.screen(1280, "light").await;
    let off = serde_json::json!({ "value": true });
    browser.devtools("Emulation.setScriptExecutionDisabled", off).await;
    browser.client.goto(&url(&written.path("index.html"))).await.unwrap();
    // The driver can still read what the page's own script cannot change.
    let source = browser.client.source().await.unwrap();
    let page = scraper::Html::parse_document(&source);
    let on_disk = written.page();
    for kind in ["tbody tr", "figure svg.wide", "figure svg title", "h1", "h2", "[data-at]", "a"] {
        let count = |page: &scraper::Html| page.select(&super::select(kind)).count();
        assert_eq!(count(&page), count(&on_disk), "{kind}");
        assert!(count(&page) > 0, "{kind}");
    }
    assert_eq!(page.select(&super::select("th button")).count(), 0, "the script did not run");
    browser.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_well_formed() {
    if !driver::can_drive() {
        return;
    }
    let written = usual();
    let browser = Browser::start().await;
    for (name, path) in written.pictures("svg") {
        browser.client.goto(&url(&path)).await.unwrap();
        let root = browser.value("document.documentElement.nodeName").await;
        assert_eq!(root, "svg", "{name}");
        assert_eq!(browser.value("document.querySelector('parsererror')").await, Value::Null);
    }
    browser.stop().await;
}
