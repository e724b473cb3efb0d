//! Where the page's WebSockets are.

/// The port of `trunk serve`, whose proxy can't pass WebSockets with a subprotocol on.
const TRUNK_PORT: &str = "8081";
/// The demo server's own port beside it.
const SERVER_PORT: &str = "8080";

/// The parts of the page's address that matter here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// `http:` or `https:`.
    pub(crate) scheme: &'a str,
    pub(crate) hostname: &'a str,
    /// Empty for the scheme's own port.
    pub(crate) port: &'a str,
}

/// The base of every WebSocket address, without a slash at its end. `told` is the content of
/// `<meta name="rejoin-server">`: a full `ws:` or `wss:` address, or `host:port`; empty for the page's own host.
pub(crate) fn base(told: &str, page: Origin<'_>) -> String {
    let told = told.trim().trim_end_matches('/');
    let scheme = if page.scheme == "https:" { "wss" } else { "ws" };
    if told.starts_with("ws://") || told.starts_with("wss://") {
        told.to_owned()
    } else if !told.is_empty() {
        format!("{scheme}://{told}")
    } else {
        let port = if page.port == TRUNK_PORT { SERVER_PORT } else { page.port };
        let colon = if port.is_empty() { "" } else { ":" };
        format!("{scheme}://{}{colon}{port}", page.hostname)
    }
}

/// The base for the page that runs now.
pub(crate) fn of_this_page() -> String {
    let location = crate::browser::window().location();
    let part = |value: Result<String, wasm_bindgen::JsValue>| value.unwrap_or_default();
    let told = crate::browser::document()
        .query_selector("meta[name=rejoin-server]")
        .ok()
        .flatten()
        .and_then(|meta| meta.get_attribute("content"))
        .unwrap_or_default();
    let (scheme, hostname, port) =
        (part(location.protocol()), part(location.hostname()), part(location.port()));
    base(&told, Origin { scheme: &scheme, hostname: &hostname, port: &port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page<'a>(scheme: &'a str, hostname: &'a str, port: &'a str) -> Origin<'a> {
        Origin { scheme, hostname, port }
    }

    #[test]
    fn the_page_s_own_host_is_the_server() {
        assert_eq!(base("", page("http:", "127.0.0.1", "8080")), "ws://127.0.0.1:8080");
        assert_eq!(base("", page("https:", "chat.example", "")), "wss://chat.example");
        assert_eq!(base("", page("http:", "[::1]", "9000")), "ws://[::1]:9000");
    }

    #[test]
    fn under_trunk_the_server_has_its_own_port() {
        assert_eq!(base("", page("http:", "localhost", "8081")), "ws://localhost:8080");
    }

    #[test]
    fn the_meta_element_has_the_last_word() {
        assert_eq!(base(" host:9 ", page("https:", "a", "8081")), "wss://host:9");
        assert_eq!(base("ws://host/", page("https:", "a", "")), "ws://host");
    }
}
