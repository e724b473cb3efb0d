//! A page that is loaded anew, and a tab that is duplicated.

use crate::rig::chat::{TEXTS, chatter};
use crate::rig::page::Page;
use crate::rig::server::Server;

/// Lets nothing of what the page says out any more, and remembers that this was among it.
const SWALLOW: &str = "WebSocket.prototype.send = data => {
    if (new TextDecoder('latin1').decode(data).includes('Three')) window.swallowed = true;
}";

impl Page<'_> {
    /// Says "One", "Two" and "Three", of which nothing leaves the page.
    async fn says_three_to_nobody(&self) {
        self.script(SWALLOW, vec![]).await;
        self.say_all(&["One", "Two", "Three"].map(str::to_owned)).await;
        self.until("the page has said it to nobody", "return window.swallowed === true", &[]).await;
    }
}

#[tokio::test]
async fn loading_the_page_anew_loses_and_repeats_nothing() {
    let server = Server::start(&[]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let page = ada.page();
    page.say("Before").await;
    page.marked("Before", "delivered").await;
    page.says_three_to_nobody().await;
    page.marked("Three", "sending").await;

    ada.client.refresh().await.unwrap();
    page.marked("Three", "delivered").await;
    let bob = chatter(&server.url("/"), "Bob").await;
    bob.page().hears("Three").await;
    for page in [page, bob.page()] {
        assert_eq!(page.texts(TEXTS).await, ["Before", "One", "Two", "Three"]);
        page.shows("aside h2", "2 here").await;
    }
    // It is the same person, to whom all of it belongs.
    page.marked("Before", "delivered").await;
    ada.client.refresh().await.unwrap();
    page.marked("Three", "delivered").await;
    assert_eq!(page.texts(TEXTS).await, ["Before", "One", "Two", "Three"]);
}

#[tokio::test]
async fn a_duplicated_tab_is_somebody_of_its_own_and_both_go_on() {
    let server = Server::start(&[]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let page = ada.page();
    page.say("From the first").await;
    page.marked("From the first", "delivered").await;
    let first = ada.client.window().await.unwrap();
    // A window that a page opens has a copy of its storage, as a duplicated tab has.
    page.script("window.open(location.href)", vec![]).await;
    let windows = ada.client.windows().await.unwrap();
    let second = windows.into_iter().find(|window| *window != first).unwrap();

    ada.client.switch_to_window(second).await.unwrap();
    page.shows("aside h2", "2 here").await;
    page.say("From the second").await;
    page.marked("From the second", "delivered").await;
    ada.client.switch_to_window(first).await.unwrap();
    page.hears("From the second").await;
    page.say("From the first again").await;
    page.marked("From the first again", "delivered").await;
    page.connection_is("Connected").await;
    let all = ["From the first", "From the second", "From the first again"];
    assert_eq!(page.texts(TEXTS).await, all);
    assert_eq!(server.connections().await, 2);
}

#[tokio::test]
async fn what_a_tab_had_not_said_yet_is_not_said_by_its_duplicate_too() {
    let server = Server::start(&[]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let page = ada.page();
    page.say("Before").await;
    page.marked("Before", "delivered").await;
    page.says_three_to_nobody().await;
    let first = ada.client.window().await.unwrap();
    page.script("window.open(location.href)", vec![]).await;
    let windows = ada.client.windows().await.unwrap();
    let second = windows.into_iter().find(|window| *window != first).unwrap();
    ada.client.switch_to_window(second).await.unwrap();
    page.say("From the second").await;
    page.marked("From the second", "delivered").await;

    let all = ["Before", "From the second", "One", "Two", "Three"];
    ada.client.switch_to_window(first).await.unwrap();
    page.marked("Three", "sending").await;
    ada.client.refresh().await.unwrap();
    page.marked("Three", "delivered").await;
    assert_eq!(page.texts(TEXTS).await, all);
    let bob = chatter(&server.url("/"), "Bob").await;
    bob.page().hears("Three").await;
    assert_eq!(bob.page().texts(TEXTS).await, all);
}
