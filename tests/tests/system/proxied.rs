//! The server behind nginx, which has a port of its own and passes on a `Host` with it or without.

use std::net::SocketAddr;

use rejoin_test_support::raw::Raw;

use crate::rig::chat::chatter;
use crate::rig::nginx::Nginx;
use crate::rig::server::Server;

/// Asks for a WebSocket as a page of this origin would; the status, and the answer as text.
async fn upgrade(address: SocketAddr, origin: &str) -> (u16, String) {
    let mut raw = Raw::connect(address).await;
    raw.write(raw.good_request_for("/ws/echo", &format!("Origin: {origin}\r\n")).as_bytes()).await;
    let answer = raw.answer().await;
    (answer.status, [&answer.head.text, answer.text()].concat())
}

/// The origin of another port of this address.
fn other_port(address: SocketAddr) -> String {
    format!("http://{}:{}", address.ip(), address.port() ^ 1)
}

#[tokio::test]
async fn a_page_behind_nginx_that_drops_the_port_of_the_host_connects() {
    let server = Server::start(&[]).await;
    let nginx = Nginx::before(server.address, "$host").await;
    let ada = chatter(&nginx.url("/"), "Ada").await;
    let page = ada.page();
    page.say("Through nginx").await;
    page.marked("Through nginx", "delivered").await;
    page.connection_is("Connected").await;
    // The name is compared, and it is all that there is to compare.
    assert_eq!(upgrade(nginx.address, &other_port(nginx.address)).await.0, 101);
}

#[tokio::test]
async fn a_refusal_says_what_to_set_and_the_log_names_origin_and_host() {
    let server = Server::start(&[]).await;
    let nginx = Nginx::before(server.address, "$host").await;
    for origin in ["http://evil.example", "http://127.0.0.1.evil.example:8088", "capacitor://localhost"] {
        let (status, answer) = upgrade(nginx.address, origin).await;
        assert_eq!(status, 403, "{origin}");
        for words in [origin, "Host is 127.0.0.1:", "allow this origin", "proxy_set_header Host $http_host"] {
            assert!(answer.contains(words), "{words}: {answer}");
        }
        let line = server.log().after(&format!("pages of {origin} may not connect")).await;
        assert!(line.contains("Host is 127.0.0.1:"), "{line}");
    }
    let (status, answer) = upgrade(nginx.address, "null").await;
    assert!(status == 403 && answer.contains("origin null"), "{answer}");
}

#[tokio::test]
async fn a_host_with_a_port_is_compared_with_it() {
    let server = Server::start(&[]).await;
    let nginx = Nginx::before(server.address, "$http_host").await;
    assert_eq!(upgrade(nginx.address, &format!("http://{}", nginx.address)).await.0, 101);
    assert_eq!(upgrade(nginx.address, &other_port(nginx.address)).await.0, 403);
    // Directly, too.
    assert_eq!(upgrade(server.address, &other_port(server.address)).await.0, 403);
    // As is the name that a proxy has replaced by that of the server.
    let nginx = Nginx::before(server.address, "$proxy_host").await;
    let own = format!("http://{}", nginx.address);
    assert_eq!(upgrade(nginx.address, &own).await.0, 403);
    let server = Server::start(&["--allow-origin", &own]).await;
    let own_page = format!("http://{}", server.address);
    assert_eq!(upgrade(server.address, &own).await.0, 101);
    assert_eq!(upgrade(server.address, &own_page).await.0, 101);
}

#[tokio::test]
async fn listed_apps_and_sub_domains_connect() {
    let arguments = ["--allow-origin", "capacitor://localhost,https://*.example.org"];
    let server = Server::start(&arguments).await;
    for (origin, status) in [
        ("capacitor://localhost", 101),
        ("https://a.b.example.org", 101),
        ("https://example.org", 403),
        ("http://a.example.org", 403),
        ("tauri://localhost", 403),
    ] {
        assert_eq!(upgrade(server.address, origin).await.0, status, "{origin}");
    }
}
