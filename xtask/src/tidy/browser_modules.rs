//! The browser is touched in a few modules of the client library only; the rest could run anywhere.

use std::path::Path;

use super::{Finding, Text};

/// The library this is about.
const LIBRARY: &str = "client-lib/src";
/// Files, or folders of files, that may name `web_sys`.
const ALLOWED: [&str; 4] = ["transport", "timer", "lifecycle", "storage"];

/// Checks the library's sources.
pub(super) fn check(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in texts.iter().filter(|text| text.kind() == "rs") {
        let Ok(inside) = text.path.strip_prefix(LIBRARY) else { continue };
        if allowed(inside) {
            continue;
        }
        for (number, line) in text.lines() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains("web_sys") {
                let what = format!("only {} may use web_sys", ALLOWED.join(", "));
                findings.push(Finding::line(&text.path, number, what));
            }
        }
    }
    findings
}

fn allowed(path: &Path) -> bool {
    let first = path.components().next().map(|part| Path::new(part.as_os_str()));
    first.and_then(Path::file_stem).and_then(|stem| stem.to_str()).is_some_and(|stem| ALLOWED.contains(&stem))
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
            text("client-lib/tests/socket.rs", line),
            text("demo-app/src/main.rs", line),
            text("client-lib/src/lib.rs", "//! Instead of web_sys.\n/// Hides [`web_sys::WebSocket`].\n"),
            text("client-lib/src/socket.rs", &format!("//! A socket.\n{line}")),
        ]);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("client-lib/src/socket.rs:2:"), "{}", found[0]);
    }
}
