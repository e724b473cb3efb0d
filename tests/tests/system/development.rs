//! `trunk serve` with the demo's server beside it, as a developer runs them.

use rejoin_test_support::http;

use crate::rig::browser::Browser;
use crate::rig::server::Server;
use crate::rig::trunk::{Trunk, free_address};

#[tokio::test]
async fn trunk_serves_a_page_that_says_there_is_no_server_and_connects_when_one_comes() {
    let (trunk_address, server_address) = (free_address(), free_address());
    let trunk = Trunk::start(trunk_address, server_address).await;
    let browser = Browser::open(&trunk.url("/")).await;
    let page = browser.page();
    page.type_into("#welcome-name", "Ada\n").await;
    page.shows(".notice", "The server can't be reached").await;
    page.connection_is("Reconnecting").await;
    page.say("Before there was a server").await;
    page.marked("Before there was a server", "waits for the connection").await;

    let origin = format!("http://{trunk_address}");
    let server = Server::listen(server_address, vec!["--allow-origin".to_owned(), origin]).await;
    page.connection_is("Connected").await;
    page.marked("Before there was a server", "delivered").await;
    // The WebSocket goes to the server's own port, HTTP through the proxy.
    assert_eq!(server.connections().await, 1);
    let name = "return fetch('/api/info').then(r => r.json()).then(info => info.name)";
    assert_eq!(page.script(name, vec![]).await, "rejoin demo server");
    let through = http::get(trunk_address, "/api/file").await;
    assert_eq!((through.status, through.body.len()), (200, 10_000_000));
    // Pages have addresses of their own here too.
    page.goto(&trunk.url("/speed")).await;
    page.shows("h1", "Speed test").await;
    page.connection_is("Connected").await;
}
