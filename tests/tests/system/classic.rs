//! The coursework's pages, which use the browser's own WebSocket.

use crate::rig::browser::Browser;
use crate::rig::server::Server;

#[tokio::test]
async fn the_classic_chat_tells_everyone_and_cuts_at_fifty_characters() {
    let server = Server::start(&["--classic", "chat"]).await;
    let url = server.url("/");
    let (one, other) = tokio::join!(Browser::open(&url), Browser::open(&url));
    for browser in [&one, &other] {
        browser.page().shows("#state", "Connected.").await;
    }
    let long = "ä".repeat(60);
    one.page().type_into("#text", &format!("{long}\n")).await;
    for browser in [&one, &other] {
        browser.page().shows("#log p", "ä").await;
        assert_eq!(browser.page().texts("#log p").await, ["ä".repeat(50)]);
        assert_eq!(browser.errors().await, [""; 0]);
    }
}

#[tokio::test]
async fn the_classic_speed_test_completes_ten_times_by_the_server_s_count_too() {
    let server = Server::start(&["--classic", "speed"]).await;
    let browser = Browser::open(&server.url("/")).await;
    let page = browser.page();
    page.shows("#state", "Connected.").await;
    page.press("body", "Start").await;
    page.shows("#log p", "Finished.").await;
    let log = page.texts("#log p").await;
    assert_eq!(log.len(), 12, "{log:?}");
    assert!(log[10].starts_with("Completed Test: 10/10. Took "), "{log:?}");
    assert_eq!(server.log().count("classic speed test: file asked for"), 10);
    assert_eq!(browser.errors().await, [""; 0]);
}
