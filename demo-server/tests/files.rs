//! The files over HTTP: routes, compressed variants, caching, the policy, and what is not there.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use std::fs;

use common::Demo;
use demo_server::{Classic, Config};
use tempfile::TempDir;

const INDEX: &str =
    "<!doctype html><html><head><script type=\"module\">alert('Hello, world.');</script></head></html>";

/// A server of the folder `app` in a folder of its own, with a file beside it that is not to be served.
async fn demo() -> (Demo, TempDir) {
    let dir = TempDir::new().unwrap();
    let app = dir.path().join("app");
    fs::create_dir(&app).unwrap();
    let write = |name: &str, content: &str| fs::write(app.join(name), content).unwrap();
    write("index.html", INDEX);
    write("demo-app-0123456789abcdef_bg.wasm", "plain wasm");
    write("demo-app-0123456789abcdef_bg.wasm.br", "brotli wasm");
    write("demo-app-0123456789abcdef_bg.wasm.gz", "gzip wasm");
    write("style-0123456789abcdef.css", "b{}");
    write("robots.txt", "User-agent: *");
    write("../outside.txt", "outside");
    let config = Config { app, ..Config::default() };
    (Demo::start(config).await, dir)
}

#[tokio::test]
async fn the_apps_routes_are_its_index_which_is_checked_anew_each_time() {
    let (demo, _dir) = demo().await;
    for path in ["/", "/chat", "/speed", "/lab", "/index.html", "/chat?room=a"] {
        let answer = demo.get(path).await;
        assert_eq!((answer.status, answer.text()), (200, INDEX), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    }
}

#[tokio::test]
async fn every_page_has_the_policy_by_whatever_path_it_is_reached() {
    let (demo, _dir) = demo().await;
    let expected = demo.get("/").await.header("content-security-policy").unwrap().to_owned();
    let mut pages = 0;
    for path in [
        "/%69ndex.html",
        "/./index.html",
        "//index.html",
        "/chat/../index.html",
        "/index.htm%6c",
        "/.//index.html",
    ] {
        let answer = demo.get(path).await;
        let is_page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        if answer.status == 200 && is_page {
            pages += 1;
            assert_eq!(answer.header("content-security-policy"), Some(&*expected), "{path}");
        }
    }
    assert!(pages >= 3, "{pages}");
}

#[tokio::test]
async fn the_policy_names_the_hash_of_the_indexs_script_and_follows_a_new_build() {
    let (demo, dir) = demo().await;
    let policy = demo.get("/").await.header("content-security-policy").unwrap().to_owned();
    let hash = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='";
    assert!(policy.contains(&format!("script-src 'self' 'wasm-unsafe-eval' {hash};")), "{policy}");
    for part in ["frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'", "worker-src 'self' blob:"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(policy.contains(&format!("connect-src 'self' ws://{}", demo.address)), "{policy}");
    assert!(!policy.contains("unsafe-inline"));
    fs::write(dir.path().join("app/index.html"), "<script>a new build</script>").unwrap();
    let renewed = demo.get("/").await.header("content-security-policy").unwrap().to_owned();
    assert!(!renewed.contains(hash) && renewed.contains("sha256-"), "{renewed}");
}

#[tokio::test]
async fn compressed_variants_are_served_to_those_who_take_them() {
    let (demo, _dir) = demo().await;
    let path = "/demo-app-0123456789abcdef_bg.wasm";
    for (accept, encoding, body) in [
        ("Accept-Encoding: gzip, br\r\n", Some("br"), "brotli wasm"),
        ("Accept-Encoding: gzip\r\n", Some("gzip"), "gzip wasm"),
        ("Accept-Encoding: identity\r\n", None, "plain wasm"),
        ("", None, "plain wasm"),
    ] {
        let answer = demo.request(path, accept).await;
        assert_eq!((answer.status, answer.text()), (200, body), "{accept}");
        assert_eq!(answer.header("content-encoding"), encoding);
        assert_eq!(answer.header("content-type"), Some("application/wasm"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert!(answer.header("vary").is_some_and(|vary| vary.eq_ignore_ascii_case("accept-encoding")));
    }
}

#[tokio::test]
async fn names_without_a_hash_are_checked_anew_and_not_sent_again_when_nothing_changed() {
    let (demo, _dir) = demo().await;
    let answer = demo.get("/robots.txt").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("public, no-cache")));
    let since = format!("If-Modified-Since: {}\r\n", answer.header("last-modified").unwrap());
    assert_eq!(demo.request("/robots.txt", &since).await.status, 304);
}

#[tokio::test]
async fn what_is_not_there_is_a_page_with_404_and_paths_stay_within_the_folder() {
    let (demo, _dir) = demo().await;
    for path in [
        "/nothing",
        "/chat/deeper",
        "/missing-0123456789abcdef.js",
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
    ] {
        let answer = demo.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("There is nothing at this address"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.header("content-security-policy").unwrap().contains("style-src 'self' 'sha256-"));
    }
    let api = demo.get("/api/nothing").await;
    assert_eq!(api.status, 404);
    assert!(api.json()["error"].as_str().unwrap().contains("/api/nothing"));
}

#[tokio::test]
async fn every_answer_has_the_headers_of_a_careful_server() {
    let (demo, _dir) = demo().await;
    for path in ["/", "/robots.txt", "/nothing", "/health", "/ws/echo"] {
        let answer = demo.get(path).await;
        for header in ["x-content-type-options", "referrer-policy", "x-frame-options"] {
            assert!(answer.header(header).is_some(), "{path} {header}");
        }
    }
}

#[tokio::test]
async fn a_missing_app_is_explained_and_found_when_it_is_built() {
    let dir = TempDir::new().unwrap();
    let app = dir.path().join("dist");
    let demo = Demo::start(Config { app: app.clone(), ..Config::default() }).await;
    let answer = demo.get("/").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("cargo xtask run"));
    fs::create_dir(&app).unwrap();
    fs::write(app.join("index.html"), INDEX).unwrap();
    assert_eq!(demo.get("/").await.status, 200);
}

#[tokio::test]
async fn health_and_info_tell_how_it_is_and_what_is_where() {
    let (demo, _dir) = demo().await;
    let _client = demo.open("/ws/echo", None).await;
    let health = demo.get("/health").await.json();
    assert_eq!((health["status"].as_str(), health["connections"].as_u64()), (Some("ok"), Some(1)));
    assert!(health["uptime_seconds"].is_u64());
    let info = demo.get("/api/info").await.json();
    assert_eq!(info["sockets"]["chat"]["path"], "/ws/chat");
    assert_eq!(info["sockets"]["session"]["subprotocol"], "rejoin.v1");
    assert_eq!(info["sockets"]["speed"]["subprotocol"], "speed.rejoin.v1");
    assert!(info["limits"]["connections"].as_u64().unwrap() > 0);
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn the_classic_chats_page_has_the_address_of_the_app() {
    let demo = Demo::start(Config { classic: Some(Classic::Chat), ..Config::default() }).await;
    let page = demo.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Classic chat"));
    assert!(
        demo.get("/classic-chat.js").await.header("content-type").unwrap().starts_with("text/javascript")
    );
    let mut client = demo.open("/ws", None).await;
    client.send_text("hello").await;
    assert_eq!(client.text().await, "hello");
}
