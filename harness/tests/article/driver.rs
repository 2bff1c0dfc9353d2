//! A headless Chromium, driven through `chromedriver`.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// The programs that Debian's packages `chromium` and `chromium-driver` bring.
const PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];

/// Where `scripts/setup --tests` puts axe-core.
pub(crate) fn axe() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/test-tools/axe.min.js")
}

/// Whether a browser can be driven here. Under CI it must.
pub(crate) fn can_drive() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has = |program: &&str| std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    let mut missing: Vec<String> =
        PROGRAMS.iter().filter(|program| !has(program)).map(|name| (*name).to_owned()).collect();
    if !axe().is_file() {
        missing.push("axe-core".to_owned());
    }
    if missing.is_empty() {
        return true;
    }
    let missing = missing.join(", ");
    assert!(std::env::var_os("CI").is_none(), "under CI nothing is skipped: missing {missing}");
    eprintln!("skipped: {missing} is missing; scripts/setup --tests installs it");
    false
}

/// A browser with one page.
pub(crate) struct Browser {
    pub(crate) client: Client,
    driver: Child,
}

/// A command of the driver's that is not in the standard.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    /// Starts a driver on a free port, and a browser.
    pub(crate) async fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("successfully on port ")?.1.to_owned()))
            .unwrap();
        let port = port.trim_end_matches('.').to_owned();
        // A pipe that nobody reads would stop the driver.
        std::thread::spawn(move || lines.for_each(drop));
        let mut capabilities = fantoccini::wd::Capabilities::new();
        let arguments =
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
        capabilities.insert("goog:chromeOptions".to_owned(), json!({ "args": arguments }));
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Self { client, driver }
    }

    /// A command of Chrome's `DevTools` protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.client.issue_cmd(Own { path: "goog/cdp/execute", body }).await.unwrap();
    }

    /// What the console has said since it was asked last.
    pub(crate) async fn console(&self) -> Vec<String> {
        let body = json!({ "type": "browser" });
        let said = self.client.issue_cmd(Own { path: "se/log", body }).await.unwrap();
        said.as_array().into_iter().flatten().map(ToString::to_string).collect()
    }

    /// A screen of this width, light or dark.
    pub(crate) async fn screen(&self, width: u32, scheme: &str) {
        let screen = json!({
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// The value of an expression in the page.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        self.client.execute(&format!("return {expression};"), Vec::new()).await.unwrap()
    }

    /// Ends the browser and its driver.
    pub(crate) async fn stop(mut self) {
        let _ = self.client.clone().close().await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Where a test failed, nothing else stops it.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
