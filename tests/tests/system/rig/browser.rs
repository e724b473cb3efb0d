//! A browser with a profile and a driver of its own.

use std::net::SocketAddr;
use std::process::Command as Process;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::command::Command;
use super::http;
use super::page::Page;
use super::program::Program;
use super::settings::{self, Kind};
use super::webkit;

/// Headless, and kept from doing anything on the network by itself.
const CHROMIUM: [&str; 10] = [
    "headless",
    // Chromium's sandbox can't be had as root, nor in most containers.
    "no-sandbox",
    "disable-gpu",
    "disable-dev-shm-usage",
    "disable-background-networking",
    "no-first-run",
    "disable-component-update",
    "disable-sync",
    "window-size=1280,800",
    "lang=en-GB",
];

/// A browser with one page. Dropping it ends both it and its driver.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) client: Client,
    driver_address: SocketAddr,
    session: String,
    // Dropped after the session has been ended, and before the folder goes.
    _driver: Program,
    _display: Option<webkit::Display>,
    _profile: TempDir,
}

impl Browser {
    pub(crate) async fn start() -> Self {
        Self::start_with(&Value::Null).await
    }

    /// Starts one whose user has blocked cookies and site data.
    pub(crate) async fn start_without_storage() -> Self {
        Self::start_with(&match settings::kind() {
            Kind::Chromium => json!({ "profile.default_content_setting_values.cookies": 2 }),
            Kind::Firefox => json!({ "network.cookie.cookieBehavior": 2 }),
            Kind::WebKit => panic!("WebKit's driver has no setting that blocks site data"),
        })
        .await
    }

    async fn start_with(preferences: &Value) -> Self {
        let profile = TempDir::with_prefix("rejoin-browser-").unwrap();
        let display = match settings::kind() {
            Kind::WebKit => Some(webkit::Display::start().await),
            Kind::Chromium | Kind::Firefox => None,
        };
        let (driver, driver_address) = driver(display.as_ref()).await;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&profile, preferences))
            .connect(&format!("http://{driver_address}"))
            .await
            .unwrap_or_else(|error| panic!("the browser does not start: {error}\n{}", driver.stderr.text()));
        let session = client.session_id().await.unwrap().expect("a session");
        Self { client, driver_address, session, _driver: driver, _display: display, _profile: profile }
    }

    /// Starts a browser and opens an address in it.
    pub(crate) async fn open(url: &str) -> Self {
        let browser = Self::start().await;
        browser.page().goto(url).await;
        browser
    }

    pub(crate) fn page(&self) -> Page<'_> {
        Page::new(self)
    }

    /// Chromium's own commands.
    pub(crate) async fn command(&self, command: Command) -> Value {
        self.client.issue_cmd(command).await.unwrap()
    }

    /// What was said in the console as an error since the last time. A browser asks by itself for an icon that
    /// pages without one don't have; that is no error of theirs. Only Chromium's driver gives access to its console.
    pub(crate) async fn errors(&self) -> Vec<String> {
        if settings::kind() != Kind::Chromium {
            return Vec::new();
        }
        let entries = self.command(Command::console()).await;
        let text = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        let severe = |entry: &&Value| entry["level"] == "SEVERE" && !text(entry).contains("/favicon.ico - ");
        entries.as_array().unwrap().iter().filter(severe).map(text).collect()
    }

    /// Sets the size of what is seen of the page, and its colours.
    pub(crate) async fn show_as(&self, width: u32, dark: bool) {
        let size = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.command(Command::devtools("Emulation.setDeviceMetricsOverride", &size)).await;
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.command(Command::devtools("Emulation.setEmulatedMedia", &media)).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser with the session; killed, it would leave it behind.
        if let Err(error) = http::delete(self.driver_address, &format!("/session/{}", self.session)) {
            println!("a browser's session could not be ended: {error}");
        }
    }
}

async fn driver(display: Option<&webkit::Display>) -> (Program, SocketAddr) {
    let mut command = Process::new(settings::driver());
    if let Some(display) = display {
        command.env("DISPLAY", &display.name);
    }
    match settings::kind() {
        Kind::Chromium => {
            command.arg("--port=0");
            // It takes a free port of IPv6, and ends if that of IPv4 is not free too.
            let mut tries = 1;
            let (driver, port) = loop {
                let driver = Program::start(&mut command);
                match driver.stdout.after_or_ended("successfully on port ").await {
                    Some(port) => break (driver, port),
                    None if tries < 5 => tries += 1,
                    None => panic!("ChromeDriver does not start:\n{}", driver.stdout.text()),
                }
            };
            let address = format!("127.0.0.1:{}", port.trim_end_matches('.')).parse().unwrap();
            (driver, address)
        }
        Kind::Firefox => {
            let driver = Program::start(command.args(["--port", "0"]));
            let address = driver.stdout.after("Listening on ").await.parse().unwrap();
            (driver, address)
        }
        Kind::WebKit => webkit::driver(&mut command).await,
    }
}

fn capabilities(profile: &TempDir, preferences: &Value) -> Capabilities {
    let mut all = Capabilities::new();
    match settings::kind() {
        Kind::Chromium => {
            let own = [format!("user-data-dir={}", profile.path().display())];
            let arguments: Vec<&str> = CHROMIUM.into_iter().chain(own.iter().map(String::as_str)).collect();
            let mut options = json!({ "args": arguments });
            if preferences.is_object() {
                options["prefs"] = preferences.clone();
            }
            if let Some(program) = settings::browser() {
                options["binary"] = json!(program);
            }
            all.insert("goog:chromeOptions".to_owned(), options);
            all.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        }
        Kind::Firefox => {
            let mut options = json!({ "args": ["-headless", "-profile", profile.path()] });
            if preferences.is_object() {
                options["prefs"] = preferences.clone();
            }
            if let Some(program) = settings::browser() {
                options["binary"] = json!(program);
            }
            all.insert("moz:firefoxOptions".to_owned(), options);
        }
        // It keeps nothing under automation, and so needs no profile. Its scripts count as no click of a person's,
        // without which a page may open no window.
        Kind::WebKit => {
            let windows = "--javascript-can-open-windows-automatically=true";
            let mut options = json!({ "args": ["--automation", windows] });
            if let Some(program) = settings::browser() {
                options["binary"] = json!(program);
            }
            all.insert("webkitgtk:browserOptions".to_owned(), options);
        }
    }
    all
}
