//! The chat's page and its people.

use crate::rig::browser::Browser;
use crate::rig::chat::{TEXTS, chatter};
use crate::rig::server::Server;

#[tokio::test]
async fn two_browsers_chat_and_see_who_is_there_and_who_types() {
    let server = Server::start(&[]).await;
    let url = server.url("/");
    let ada = chatter(&url, "Ada").await;
    let (ada_page, text) = (ada.page(), "Said before Bob came");
    ada_page.say(text).await;
    ada_page.marked(text, "delivered").await;

    let bob = chatter(&url, "Bob").await;
    let bob_page = bob.page();
    bob_page.hears(text).await;
    bob_page.shows(".turn-name", "Ada").await;
    for page in [&ada_page, &bob_page] {
        page.shows("aside h2", "2 here").await;
        page.shows("aside .person", "Ada").await;
        page.shows("aside .person", "Bob").await;
    }

    bob_page.type_into("#composer", "Hello, Ada").await;
    ada_page.shows(".composer-typing", "Bob is typing").await;
    bob_page.keys("\n").await;
    bob_page.marked("Hello, Ada", "delivered").await;
    ada_page.hears("Hello, Ada").await;
    ada_page.shows_no(".composer-typing", "Bob is typing").await;
    assert_eq!(ada_page.texts(TEXTS).await, [text, "Hello, Ada"]);
    assert_eq!(bob_page.texts(TEXTS).await, [text, "Hello, Ada"]);

    drop(bob);
    ada_page.shows("aside h2", "1 here").await;
    ada_page.shows_no("aside .person", "Bob").await;
    assert_eq!(ada.errors().await, [""; 0]);
}

#[tokio::test]
async fn what_is_said_stays_text_whatever_it_looks_like() {
    let server = Server::start(&[]).await;
    let name = "<b>Mallory</b>";
    let browser = chatter(&server.url("/"), name).await;
    let page = browser.page();
    let said = [
        "<img src=x onerror=\"document.title='taken'\">",
        "<script>document.title='taken'</script>",
        "javascript:alert(1) &lt;b&gt; {{ 7*7 }}",
    ];
    for text in said {
        page.say(text).await;
        page.marked(text, "delivered").await;
    }
    // What comes from the server when a page is loaded anew is treated alike.
    browser.client.refresh().await.unwrap();
    page.hears(said[2]).await;
    assert_eq!(page.texts(TEXTS).await, said);
    page.shows("aside .person bdi", name).await;
    let elements = "return document.querySelectorAll('.log img, .log script, .log b, aside b').length";
    assert_eq!(page.script(elements, vec![]).await, 0);
    assert!(!page.script("return document.title", vec![]).await.as_str().unwrap().contains("taken"));
    assert_eq!(browser.errors().await, [""; 0]);
}

#[tokio::test]
async fn rooms_keep_what_is_said_apart_and_the_address_names_them() {
    let server = Server::start(&[]).await;
    let browser = chatter(&server.url("/chat?room=tea"), "Ada").await;
    let page = browser.page();
    page.shows("h1", "#tea").await;
    page.say("Earl Grey").await;
    page.marked("Earl Grey", "delivered").await;
    page.type_into("#side-room", "coffee\n").await;
    page.shows("h1", "#coffee").await;
    page.shows(".log", "Nothing has been said here yet").await;
    page.say("Espresso").await;
    page.marked("Espresso", "delivered").await;
    assert_eq!(page.texts(TEXTS).await, ["Espresso"]);
    assert!(browser.client.current_url().await.unwrap().as_str().ends_with("/chat?room=coffee"));
    browser.client.back().await.unwrap();
    page.hears("Earl Grey").await;
    assert_eq!(page.texts(TEXTS).await, ["Earl Grey"]);
    assert_eq!(browser.errors().await, [""; 0]);
}

#[tokio::test]
async fn a_person_without_a_mouse_joins_speaks_and_changes_pages() {
    let server = Server::start(&[]).await;
    let browser = Browser::open(&server.url("/")).await;
    let page = browser.page();
    page.joins("Ada").await;
    page.tab_to("#composer").await;
    page.keys("No mouse").await;
    page.submit().await;
    page.marked("No mouse", "delivered").await;
    page.tab_to("a[href='/speed']").await;
    page.keys("\n").await;
    page.shows("h1", "Speed test").await;
    page.tab_to(".pill").await;
    page.keys("\n").await;
    page.shows("dialog.sheet h2", "Connection").await;
    page.keys("\u{e00c}").await;
    page.until("Escape closes the sheet", "return !document.querySelector('dialog.sheet')", &[]).await;
    page.tab_to("a[href='/chat']").await;
    page.keys("\n").await;
    page.hears("No mouse").await;
}
