//! Commands that are no part of the WebDriver standard: Chromium's own.

use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A request below the session's address.
#[derive(Debug)]
pub(crate) struct Command {
    path: &'static str,
    body: Value,
}

impl Command {
    /// A method of the DevTools protocol.
    pub(crate) fn devtools(method: &str, params: &Value) -> Self {
        Self { path: "goog/cdp/execute", body: json!({ "cmd": method, "params": params }) }
    }

    /// Takes the network away from the browser, or gives it back.
    pub(crate) fn network(offline: bool) -> Self {
        let conditions =
            json!({ "offline": offline, "latency": 0, "download_throughput": -1, "upload_throughput": -1 });
        Self { path: "chromium/network_conditions", body: json!({ "network_conditions": conditions }) }
    }

    /// What the browser's console was told since the last time.
    pub(crate) fn console() -> Self {
        Self { path: "se/log", body: json!({ "type": "browser" }) }
    }
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
