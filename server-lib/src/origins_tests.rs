//! Which requests are let in.

use super::*;

fn headers(headers: &[(&'static str, &[u8])]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_bytes(value).unwrap());
    }
    map
}

/// The server listens on 8080.
fn check(origins: &Origins, given: &[(&'static str, &str)]) -> Result<(), OriginRefused> {
    check_at(&[8080], origins, given)
}

fn check_at(ports: &[u16], origins: &Origins, given: &[(&'static str, &str)]) -> Result<(), OriginRefused> {
    let given: Vec<_> = given.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    origins.check(&headers(&given), |port| ports.contains(&port))
}

fn is_foreign(outcome: &Result<(), OriginRefused>) -> bool {
    matches!(outcome, Err(OriginRefused::Foreign { .. }))
}

#[test]
fn the_own_origin_may_connect_whatever_its_case_and_default_port() {
    let own = Origins::own();
    for (origin, host) in [
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("https://example.org", "EXAMPLE.org"),
        ("https://example.org", "example.org:443"),
        ("http://example.org:80", "example.org"),
    ] {
        for ports in [&[8080], &[80], &[443]] {
            let outcome = check_at(ports, &own, &[("origin", origin), ("host", host)]);
            assert_eq!(outcome, Ok(()), "{origin} {host}");
        }
    }
}

#[test]
fn another_port_or_host_is_foreign_unless_it_is_listed() {
    let own = Origins::own();
    let foreign = [("origin", "http://localhost:8081"), ("host", "localhost:8080")];
    assert!(is_foreign(&check(&own, &foreign)));
    let listed = own.allow("HTTP://LocalHost:8081").unwrap();
    assert_eq!(check(&listed, &foreign), Ok(()));
    let prefix = [("origin", "http://localhost:18081"), ("host", "localhost:8080")];
    assert!(is_foreign(&check(&listed, &prefix)));
}

#[test]
fn a_host_without_a_port_is_compared_by_its_name() {
    for (origin, host) in [
        ("http://localhost:8088", "localhost"),
        ("https://example.org:8443", "Example.org"),
        ("http://[::1]:8088", "[::1]"),
        ("http://127.0.0.1:8088", "127.0.0.1"),
    ] {
        assert_eq!(check(&Origins::own(), &[("origin", origin), ("host", host)]), Ok(()), "{origin} {host}");
    }
    for (origin, host) in [
        ("http://localhost:8088", "localhost:8080"),
        ("http://localhost:8088", "localhost:80"),
        ("http://evil.example:8088", "localhost"),
        ("http://localhost.evil.example", "localhost"),
        ("http://[::2]:8088", "[::1]"),
        ("capacitor://localhost", "localhost"),
    ] {
        assert!(
            is_foreign(&check(&Origins::own(), &[("origin", origin), ("host", host)])),
            "{origin} {host}"
        );
    }
}

#[test]
fn where_the_server_has_the_default_port_a_host_without_one_has_that_port() {
    let other_port = [("origin", "http://localhost:9999"), ("host", "localhost")];
    assert!(is_foreign(&check_at(&[80], &Origins::own(), &other_port)));
    assert!(is_foreign(&check_at(&[8080, 80], &Origins::own(), &other_port)));
    // The default port of another scheme says nothing.
    assert_eq!(check_at(&[443], &Origins::own(), &other_port), Ok(()));
    let secure = [("origin", "https://localhost:9999"), ("host", "localhost")];
    assert!(is_foreign(&check_at(&[443], &Origins::own(), &secure)));
}

#[test]
fn null_and_broken_and_doubled_origins_are_refused() {
    let own = Origins::own();
    let host = ("host", "a");
    assert_eq!(check(&own, &[("origin", "null"), host]), Err(OriginRefused::Null { host: "a".into() }));
    for bad in ["", "a", "http://", "http://a/path", "http://user@a", "http://a:x", "http://a:", "1a://b"] {
        let refused = check(&own, &[("origin", bad), host]);
        assert!(matches!(refused, Err(OriginRefused::Malformed { .. })), "{bad:?}");
    }
    for second in ["http://a", "null"] {
        let doubled = [("origin", "http://a"), ("origin", second), host];
        assert!(matches!(check(&own, &doubled), Err(OriginRefused::Malformed { .. })));
    }
}

#[test]
fn null_may_connect_only_if_it_is_allowed_by_that_name() {
    let null = [("origin", "null"), ("host", "a")];
    let all = Origins::own().allow_if(|_| true);
    assert!(matches!(check(&all, &null), Err(OriginRefused::Null { .. })));
    assert_eq!(check(&Origins::own().allow("null").unwrap(), &null), Ok(()));
}

#[test]
fn apps_and_extensions_connect_if_they_are_listed() {
    for origin in
        ["capacitor://localhost", "tauri://localhost", "chrome-extension://abc", "app://.", "file://"]
    {
        let request = [("origin", origin), ("host", "localhost")];
        assert!(is_foreign(&check(&Origins::own(), &request)), "{origin}");
        assert_eq!(check(&Origins::own().allow(origin).unwrap(), &request), Ok(()), "{origin}");
    }
}

#[test]
fn patterns_and_predicates_let_in_what_fits_them_and_nothing_else() {
    let origins = Origins::own().allow("https://*.example.org").unwrap();
    let origins = origins.allow_if(|origin| origin.starts_with("moz-extension://"));
    let of = |origin| check(&origins, &[("origin", origin), ("host", "a")]);
    assert_eq!(of("https://a.b.example.org"), Ok(()));
    assert_eq!(of("MOZ-extension://1"), Ok(()));
    assert!(is_foreign(&of("https://example.org")));
    assert!(is_foreign(&of("chrome-extension://1")));
}

#[test]
fn a_missing_origin_may_connect_only_without_cookies() {
    let own = Origins::own();
    assert_eq!(check(&own, &[("host", "a")]), Ok(()));
    let with_cookie = check(&own, &[("host", "a"), ("cookie", "a=b")]);
    assert_eq!(with_cookie, Err(OriginRefused::Missing { host: "a".into() }));
}

#[test]
fn a_refusal_names_origin_and_host_without_line_ends_and_terminal_codes() {
    let refused = check(&Origins::own(), &[("origin", "http://localhost:8088"), ("host", "other")]);
    let words = refused.unwrap_err().to_string();
    for part in ["http://localhost:8088", "Host is other", "$http_host"] {
        assert!(words.contains(part), "{words}");
    }
    // What hyper lets pass of what a terminal obeys: bytes above 127, among them the start of a sequence.
    let given = headers(&[("origin", b"http://\x9b31mred"), ("host", b"\x9b2J\t"), ("host", b"b")]);
    let words = Origins::own().check(&given, |_| false).unwrap_err().to_string();
    assert!(words.is_ascii() && !words.contains(|c: char| c.is_ascii_control()), "{words:?}");
    assert!(words.contains(r"\x9b31mred") && words.contains(r"\x9b2J\t, b"), "{words}");
    let long = format!("http://{}", "a".repeat(2_000));
    let words = check(&Origins::own(), &[("origin", "x"), ("host", &long)]).unwrap_err().to_string();
    assert!(words.len() < 400, "{words}");
}

#[test]
fn a_setting_that_fits_nothing_is_explained() {
    let error = Origins::own().allow("localhost:8081").unwrap_err().to_string();
    assert!(error.contains("localhost:8081") && error.contains("http://localhost:8081"), "{error}");
}
