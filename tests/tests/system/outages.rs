//! An open page while its server or its network goes away and comes back.

use crate::rig::chat::{TEXTS, chatter};
use crate::rig::server::Server;

#[tokio::test]
async fn a_page_outlives_its_server_and_what_was_typed_meanwhile_arrives_exactly_once() {
    // Kept in a folder: a log in memory begins anew, and who comes back later than another finds a gap, and is told so.
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&["--data", folder.path().to_str().unwrap()]).await;
    let url = server.url("/");
    let (ada, bob) = tokio::join!(chatter(&url, "Ada"), chatter(&url, "Bob"));
    let (ada_page, bob_page) = (ada.page(), bob.page());
    ada_page.say("Before").await;
    bob_page.hears("Before").await;

    let gone = server.kill().await;
    for page in [&ada_page, &bob_page] {
        page.connection_is("Reconnecting").await;
        page.shows(".notice", "waits here and is sent").await;
    }
    ada_page.say("While it was away, one").await;
    ada_page.say("While it was away, two").await;
    ada_page.marked("While it was away, two", "waits for the connection").await;

    let server = gone.restart().await;
    for page in [&ada_page, &bob_page] {
        page.connection_is("Connected").await;
        page.hears("While it was away, two").await;
    }
    ada_page.marked("While it was away, two", "delivered").await;
    bob_page.say("After").await;
    ada_page.hears("After").await;
    // Each message once, in the order in which it was said, on both pages.
    for page in [&ada_page, &bob_page] {
        assert_eq!(
            page.texts(TEXTS).await,
            ["Before", "While it was away, one", "While it was away, two", "After"]
        );
        page.shows_no(".notice", "waits here and is sent").await;
        page.shows("aside h2", "2 here").await;
    }
    assert_eq!(server.connections().await, 2);
}

#[tokio::test]
async fn more_than_the_server_takes_at_once_goes_out_at_its_pace_after_a_return() {
    // Bursts of thirty.
    let server = Server::start(&["--chat-rate", "5"]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let page = ada.page();
    let gone = server.kill().await;
    page.connection_is("Reconnecting").await;
    let said: Vec<String> = (1..=40).map(|number| format!("Line {number} of many")).collect();
    for text in &said {
        page.say(text).await;
    }
    page.marked(&said[39], "waits for the connection").await;
    let server = gone.restart().await;
    page.marked(&said[39], "delivered").await;
    assert_eq!(page.texts(TEXTS).await, said);
    assert_eq!(page.texts(".failed").await, [""; 0]);
    assert_eq!(server.connections().await, 1);
}

#[tokio::test]
async fn a_restarted_server_is_found_again_although_the_browser_says_that_it_is_offline() {
    let server = Server::start(&[]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let page = ada.page();
    let offline = "Object.defineProperty(navigator, 'onLine', { get: () => false });
        dispatchEvent(new Event('offline'));
        return navigator.onLine";
    assert_eq!(page.script(offline, vec![]).await, false);
    let gone = server.kill().await;
    page.connection_is("Offline").await;
    let _server = gone.restart().await;
    page.connection_is("Connected").await;
    page.say("Offline, and here").await;
    page.marked("Offline, and here", "delivered").await;
}

#[tokio::test]
async fn a_server_that_drains_says_so_and_the_page_comes_back_to_the_next() {
    let server = Server::start(&[]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let page = ada.page();
    let (status, gone) = server.terminate().await;
    assert!(status.success(), "{status}");
    page.connection_is("Reconnecting").await;
    page.click(".pill").await;
    page.shows(".time-line", "Connection lost (4100").await;
    page.click("dialog.sheet [aria-label=Close]").await;
    let _server = gone.restart().await;
    page.connection_is("Connected").await;
    page.say("Here again").await;
    page.marked("Here again", "delivered").await;
}

#[tokio::test]
async fn a_person_disconnects_and_reconnects_by_the_buttons() {
    let server = Server::start(&[]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let page = ada.page();
    page.in_connection("Disconnect").await;
    page.connection_is("Disconnected").await;
    page.shows(".notice", "You have disconnected").await;
    let count = "return fetch('/health').then(r => r.json()).then(h => h.connections === 0)";
    page.until("the server has no connection", count, &[]).await;
    page.press(".notice", "Reconnect").await;
    page.connection_is("Connected").await;
    page.shows("aside .person", "Ada").await;
    page.say("Back").await;
    page.marked("Back", "delivered").await;
    // A new connection takes the old one's place.
    page.in_connection("Reconnect").await;
    page.connection_is("Connected").await;
    page.say("And again").await;
    page.marked("And again", "delivered").await;
    let count = "return fetch('/health').then(r => r.json()).then(h => h.connections === 1)";
    page.until("the server has one connection", count, &[]).await;
    assert_eq!(page.texts(TEXTS).await, ["Back", "And again"]);
    assert_eq!(ada.errors().await, [""; 0]);
}
