//! What a room keeps: over a crash of its server, and further back than is shown at first.

use crate::rig::chat::{TEXTS, chatter};
use crate::rig::server::Server;

#[tokio::test]
async fn a_room_kept_in_a_folder_outlives_a_crash_and_nothing_is_lost_or_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&["--data", folder.path().to_str().unwrap()]).await;
    let url = server.url("/");
    let ada = chatter(&url, "Ada").await;
    let ada_page = ada.page();
    ada_page.say("Before the crash").await;
    ada_page.marked("Before the crash", "delivered").await;
    // Some of these are on their way when the server dies.
    let said: Vec<String> = (1..=30).map(|number| format!("Line {number}")).collect();
    ada_page.say_all(&said).await;

    let gone = server.kill().await;
    ada_page.connection_is("Reconnecting").await;
    ada_page.say("While it was down").await;
    let _server = gone.restart().await;
    ada_page.connection_is("Connected").await;
    ada_page.marked("While it was down", "delivered").await;

    let bob = chatter(&url, "Bob").await;
    bob.page().hears("While it was down").await;
    let mut all = vec!["Before the crash".to_owned()];
    all.extend(said);
    all.push("While it was down".to_owned());
    for page in [&ada_page, &bob.page()] {
        assert_eq!(page.texts(TEXTS).await, all);
        assert_eq!(page.texts(".failed").await, [""; 0]);
    }
    assert_eq!(ada.errors().await.iter().filter(|error| !error.contains("ERR_")).count(), 0);
}

#[tokio::test]
async fn who_scrolls_up_is_shown_older_messages_and_keeps_the_place() {
    let server = Server::start(&["--chat-rate", "100"]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let said: Vec<String> = (1..=170).map(|number| format!("Line {number}")).collect();
    ada.page().say_all(&said).await;
    ada.page().marked("Line 170", "delivered").await;

    let bob = chatter(&server.url("/"), "Bob").await;
    let page = bob.page();
    page.hears("Line 170").await;
    assert_eq!(page.texts(TEXTS).await, said[120..]);
    // Where a message in sight stands, as the list is scrolled to its top.
    let top =
        "const line = [...document.querySelectorAll('.said-text')].find(s => s.textContent === 'Line 130');
        return line.getBoundingClientRect().top";
    let scroll = format!("document.querySelector('.log').scrollTop = 0; {top}");
    let before = page.script(&scroll, vec![]).await.as_f64().unwrap();
    page.hears("Line 21").await;
    page.until("the page has settled", "return !document.querySelector('.log[aria-busy]')", &[]).await;
    let after = page.script(top, vec![]).await.as_f64().unwrap();
    assert!((before - after).abs() < 3.0, "a message in sight moved from {before} to {after}");
    assert_eq!(page.texts(TEXTS).await, said[20..]);

    page.script("document.querySelector('.log').scrollTop = 0", vec![]).await;
    page.shows(".above", "This is where #general begins").await;
    assert_eq!(page.texts(TEXTS).await, said);
    // What comes meanwhile is counted and does not move the list either.
    ada.page().say("Down here").await;
    page.shows(".to-newest", "1 new message").await;
    page.press(".to-newest", "1 new message").await;
    page.shows_no(".to-newest", "").await;
    assert_eq!(page.heard("Down here").await, 1);
}
