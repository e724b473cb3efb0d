//! The browser is touched in a few modules of the client library only; the rest could run anywhere.

use std::path::Path;

use super::{Finding, Text};

/// The library this is about.
const LIBRARY: &str = "client-lib/src";
/// Files, or folders of files, that call the browser.
const CALLING: [&str; 5] = ["transport", "timer", "lifecycle", "storage", "global"];
/// Files that name types of the browser, because payloads stay the browser's, but may call no function of `web_sys`.
const NAMING: [&str; 3] = ["incoming", "lib", "message"];

/// Checks the library's sources.
pub(super) fn check(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in texts.iter().filter(|text| text.kind() == "rs") {
        let Ok(inside) = text.path.strip_prefix(LIBRARY) else { continue };
        let module = module(inside);
        if CALLING.contains(&module) {
            continue;
        }
        for (number, line) in text.lines() {
            let code = line.split("//").next().unwrap_or_default();
            if !code.contains("web_sys") || (NAMING.contains(&module) && !names_function(code)) {
                continue;
            }
            let what = format!(
                "only {} may use web_sys, and {} its types (listed in xtask/src/tidy/browser_modules.rs)",
                CALLING.join(", "),
                NAMING.join(", ")
            );
            findings.push(Finding::line(&text.path, number, what));
        }
    }
    findings
}

/// The first part of the path, without its ending.
fn module(path: &Path) -> &str {
    let first = path.components().next().map(|part| Path::new(part.as_os_str()));
    first.and_then(Path::file_stem).and_then(|stem| stem.to_str()).unwrap_or_default()
}

/// Whether what follows `web_sys::` is a function: types begin with a capital letter.
fn names_function(code: &str) -> bool {
    code.match_indices("web_sys::").any(|(at, path)| {
        let names = code[at + path.len()..].trim_start_matches('{').split([',', '}', ';']);
        names.take(1).any(|name| name.trim_start().starts_with(|c: char| c.is_ascii_lowercase() || c == '*'))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::text;
    use super::*;

    #[test]
    fn only_the_named_modules_may_touch_the_browser() {
        let line = "use web_sys::WebSocket;\n";
        let found = check(&[
            text("client-lib/src/transport.rs", line),
            text("client-lib/src/timer/window.rs", line),
            text("client-lib/src/message.rs", "use web_sys::{Blob, WebSocket};\n"),
            text("client-lib/tests/socket.rs", line),
            text("demo-app/src/main.rs", line),
            text("client-lib/src/lib.rs", "//! Instead of web_sys.\n/// Hides [`web_sys::WebSocket`].\n"),
            text("client-lib/src/message.rs", "let window = web_sys::window();\n"),
            text("client-lib/src/incoming.rs", "use web_sys::*;\n"),
            text("client-lib/src/socket.rs", &format!("//! A socket.\n{line}")),
        ]);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), 3, "{shown:?}");
        for (found, start) in shown.iter().zip(["message.rs:1:", "incoming.rs:1:", "socket.rs:2:"]) {
            assert!(found.starts_with(&format!("client-lib/src/{start}")), "{found}");
        }
    }
}
