//! The Content-Security-Policy: computed from a document, so that exactly its own inline scripts and styles
//! run.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use sha2::{Digest, Sha256};

/// The policy of one document, all but the hosts of its WebSockets.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    directives: String,
}

impl Policy {
    /// The policy of a document: scripts and styles of this server and those written in the document, wasm,
    /// workers; no frames around it, no plug-ins, no other base.
    pub(crate) fn of(html: &str) -> Self {
        let scripts = hashes(html, "script");
        let styles = hashes(html, "style");
        let directives = format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'{styles}; \
             img-src 'self' data:; font-src 'self'; manifest-src 'self'; worker-src 'self' blob:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
        );
        Self { directives }
    }

    /// The header for a request to this host. Browsers of two years ago do not take `'self'` for WebSockets,
    /// so they are named.
    pub(crate) fn header(&self, host: Option<&str>) -> Option<HeaderValue> {
        let sockets = host
            .filter(|host| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b)))
            .map(|host| format!(" ws://{host} wss://{host}"))
            .unwrap_or_default();
        HeaderValue::try_from(format!("{}; connect-src 'self'{sockets}", self.directives)).ok()
    }
}

/// The hashes of the contents of a document's inline elements of a kind, each with a space before.
fn hashes(html: &str, element: &str) -> String {
    inline(html, element)
        .into_iter()
        .map(|content| {
            // A parser of HTML turns each kind of line end into one.
            let content = content.replace("\r\n", "\n").replace('\r', "\n");
            format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(content)))
        })
        .collect()
}

/// What stands between the tags of each such element without a `src`.
fn inline<'a>(html: &'a str, element: &str) -> Vec<&'a str> {
    let lower = html.to_ascii_lowercase();
    let (open, close) = (format!("<{element}"), format!("</{element}"));
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = lower[at..].find(&open).map(|i| at + i) {
        let tag = start + open.len();
        // "<scripture" is another element.
        if lower[tag..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-') {
            at = tag;
            continue;
        }
        let Some(content) = end_of_tag(&lower, tag) else { break };
        let Some(end) = lower[content..].find(&close).map(|i| content + i) else { break };
        let is_external = lower[tag..content].split_ascii_whitespace().any(|word| word.starts_with("src="));
        if !is_external {
            found.push(&html[content..end]);
        }
        at = end;
    }
    found
}

/// The place behind a tag's `>`, which may also stand in an attribute's value.
fn end_of_tag(html: &str, from: usize) -> Option<usize> {
    let mut quote = None;
    for (i, b) in html.bytes().enumerate().skip(from) {
        match (quote, b) {
            (None, b'"' | b'\'') => quote = Some(b),
            (Some(open), b) if open == b => quote = None,
            (None, b'>') => return Some(i + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_inline_script_and_only_of_it() {
        let html = "<html><head><script type=\"module\">alert('Hello, world.');</script>\
                    <script src=\"a.js\"></script><style>b{}</style></head>";
        let header = Policy::of(html).header(Some("127.0.0.1:8080")).unwrap();
        let policy = header.to_str().unwrap();
        // The example of the standard's own documentation.
        let hash = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='";
        assert!(policy.contains(&format!("script-src 'self' 'wasm-unsafe-eval' {hash};")), "{policy}");
        assert_eq!(policy.matches("sha256-").count(), 2);
        assert!(policy.ends_with("connect-src 'self' ws://127.0.0.1:8080 wss://127.0.0.1:8080"), "{policy}");
    }

    #[test]
    fn line_ends_quotes_and_similar_names_do_not_confuse_it() {
        assert_eq!(inline("<SCRIPT data-x='>'>one</SCRIPT ><scripture>no</scripture>", "script"), ["one"]);
        assert_eq!(hashes("<script>a\r\nb</script>", "script"), hashes("<script>a\nb</script>", "script"));
        assert!(inline("<script>never ended", "script").is_empty());
        assert!(inline("<script src='a'", "script").is_empty());
    }

    #[test]
    fn a_host_that_would_break_the_policy_is_left_out() {
        for host in ["a; script-src *", "a b", "a\u{e4}"] {
            let header = Policy::of("").header(Some(host)).unwrap();
            assert!(header.to_str().unwrap().ends_with("connect-src 'self'"));
        }
    }
}
