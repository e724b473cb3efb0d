//! The app by the keyboard alone: what is reached, in which order, and that no key leaves the person nowhere.

use crate::fates::SPOIL;
use crate::rig::browser::Browser;
use crate::rig::chat::{TEXTS, chatter};
use crate::rig::page::Page;
use crate::rig::server::Server;
use crate::speed::{FILE_ASKED_FOR, speed_page};

const ENTER: &str = "\n";
const SPACE: &str = " ";

impl Page<'_> {
    /// Goes to a button by Tab and presses it by a key.
    async fn press_by(&self, button: &str, key: &str) {
        self.tab_to_button(button).await;
        self.keys(key).await;
    }

    /// Waits until the newest lines of the connection's past begin so, newest first.
    async fn time_line_begins(&self, lines: &[&str]) {
        let body =
            "const lines = [...document.querySelectorAll('.panel .time-line span')].map(s => s.textContent);
            return arguments[0].every((line, at) => lines[at]?.startsWith(line))";
        self.until(&format!("the time line begins with {lines:?}"), body, &[lines.into()]).await;
    }

    /// Breaks the connection by a button of the lab, and waits for the one after it and for what its past says.
    async fn breaks_with(&self, button: &str, key: &str, lines: &[&str]) {
        let welcomes = self.figure("Welcomes").await;
        self.press_by(button, key).await;
        self.figure_reaches("Welcomes", welcomes + 1).await;
        self.connection_is("Connected").await;
        self.time_line_begins(lines).await;
        assert_eq!(self.stop().await, button);
    }

    /// Waits until the focus is on what is named so.
    async fn focus_comes_to(&self, name: &str) {
        let body = "return (document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()) === arguments[0]";
        self.until(&format!("the focus is on {name}"), body, &[name.into()]).await;
        assert_eq!(self.stop().await, name);
    }
}

/// Somebody who has come to the lab without a mouse.
async fn in_lab(server: &Server) -> Browser {
    let browser = Browser::open(&server.url("/")).await;
    let page = browser.page();
    page.joins("Ada").await;
    page.tab_to("a[href='/lab']").await;
    page.keys(ENTER).await;
    page.shows("h1", "Connection lab").await;
    page.time_line_begins(&["Connected: a new session"]).await;
    page.figure_reaches("Welcomes", 1).await;
    browser
}

#[tokio::test]
async fn the_lab_is_gone_through_in_the_order_in_which_it_is_read() {
    let server = Server::start(&[]).await;
    let browser = in_lab(&server).await;
    let page = browser.page();
    let expected = [
        "Connection lab",
        "Cut the connection",
        "Freeze the server for 15 s",
        "Make the server forget",
        "Go offline",
        "Send 1,000 messages",
        "Reconnect",
        "Disconnect",
    ];
    assert_eq!(page.stops_to("Disconnect").await, expected);
    // What a fault does is said with its button.
    let unsaid = "return [...document.querySelectorAll('.faults button')]
        .filter(b => !document.getElementById(b.getAttribute('aria-describedby'))?.textContent).length";
    assert_eq!(page.script(unsaid, vec![]).await, 0);
    // What lies further down, the frames among it, comes into sight by the keys that scroll.
    page.tab_to("[aria-label='Connection lab']").await;
    page.keys("\u{e010}").await; // End
    let end = "const all = document.querySelector('.lab');
        return all.scrollHeight > all.clientHeight && all.scrollTop + all.clientHeight > all.scrollHeight - 40";
    page.until("the lab is scrolled to its end", end, &[]).await;
    assert_eq!(browser.errors().await, [""; 0]);
}

#[tokio::test]
async fn the_lab_is_worked_by_the_keyboard_alone() {
    const RESUMED: [&str; 3] =
        ["Connected: the session goes on where it was", "Connecting", "Connection lost"];
    const KEPT: &str = "Connected: the server has forgotten the session, and goes on with its identity";
    let server = Server::start(&[]).await;
    let browser = in_lab(&server).await;
    let page = browser.page();
    page.listen().await;
    page.breaks_with("Cut the connection", ENTER, &RESUMED).await;
    page.breaks_with("Freeze the server for 15 s", SPACE, &RESUMED).await;
    page.breaks_with("Make the server forget", ENTER, &[KEPT]).await;
    page.breaks_with("Reconnect", SPACE, &RESUMED[..1]).await;

    page.press_by("Go offline", SPACE).await;
    page.connection_is("Reconnecting").await;
    page.focus_comes_to("Come back online").await;
    page.tab_to_button("Cut the connection").await;
    assert_eq!(page.stop().await, "Cut the connection", "what can't be pressed is found all the same");
    page.keys(ENTER).await;
    page.press_by("Come back online", ENTER).await;
    page.connection_is("Connected").await;
    page.focus_comes_to("Go offline").await;
    // Five times the connection went and came back, and each is said once: no figure, no frame.
    let each = ["The connection is gone. Trying again.", "Connected to the server."];
    let announced = page.announced().await;
    assert!(announced.iter().all(|said| each.contains(&said.as_str())), "{announced:?}");
    assert!((2..=10).contains(&announced.len()), "{announced:?}");

    page.press_by("Send 1,000 messages", ENTER).await;
    page.figure_reaches("Came back", 1_000).await;
    assert_eq!(page.stop().await, "Send 1,000 messages");
    let verdict = ["All 1\u{202f}000 came back, each once and in order."];
    page.until("the end is announced", "return window.announced.length > 0", &[]).await;
    assert_eq!(page.announced().await, verdict);
}

#[tokio::test]
async fn the_connection_is_ended_and_begun_by_the_keyboard_alone() {
    let server = Server::start(&[]).await;
    let browser = in_lab(&server).await;
    let page = browser.page();
    page.press_by("Disconnect", SPACE).await;
    page.connection_is("Disconnected").await;
    page.time_line_begins(&["Disconnected"]).await;
    page.focus_comes_to("Disconnect").await;
    page.press_by("Reconnect", ENTER).await;
    page.connection_is("Connected").await;
    page.focus_comes_to("Reconnect").await;

    // The button beside the pill is gone once it has been pressed; the pill stays.
    let gone = server.kill().await;
    page.connection_is("Reconnecting").await;
    page.tab_to(".pill-group > .button").await;
    let _server = gone.restart().await;
    // It presses itself, if it is still there: the page may have come back meanwhile, and a key would meet the pill.
    let press = "const on = document.activeElement; if (on.matches('.pill-group > .button')) on.click();";
    page.script(press, vec![]).await;
    page.connection_is("Connected").await;
    page.until("the focus is on the pill", "return document.activeElement.matches('.pill')", &[]).await;
    page.stop().await;

    // Closed by its button or by Escape, the sheet gives the focus back.
    for close in [ENTER, "\u{e00c}"] {
        page.keys(ENTER).await;
        page.focus_comes_to("Close").await;
        page.keys(close).await;
        page.until("the focus is back", "return document.activeElement.matches('.pill')", &[]).await;
    }
    let gone = "return !document.querySelector('dialog')";
    page.until("the sheet has closed", gone, &[]).await;
}

#[tokio::test]
async fn a_message_is_tried_again_and_discarded_by_the_keyboard_alone() {
    let server = Server::start(&[]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let page = ada.page();
    page.script(SPOIL, vec![]).await;
    for text in ["Spoilt, one", "Spoilt, two"] {
        page.say(text).await;
        page.until(
            "it has failed",
            "return document.querySelectorAll('.failed').length === arguments[0]",
            &[if text == "Spoilt, one" { 1 } else { 2 }.into()],
        )
        .await;
    }
    page.script("window.unspoil()", vec![]).await;
    // What comes meanwhile takes nothing away.
    page.tab_to_button("Try again").await;
    let bob = chatter(&server.url("/"), "Bob").await;
    bob.page().say("Meanwhile").await;
    page.hears("Meanwhile").await;
    assert_eq!(page.stop().await, "Try again");
    page.keys(ENTER).await;
    page.marked("Spoilt, one", "delivered").await;
    page.focus_comes_to("Messages").await;
    // From there the next one is near, and so is the field to write in.
    page.press_by("Discard", SPACE).await;
    page.shows_no(TEXTS, "Spoilt, two").await;
    page.focus_comes_to("Messages").await;
    page.tab_to("#composer").await;
    page.keys("Then").await;
    page.submit().await;
    page.marked("Then", "delivered").await;
    assert_eq!(page.texts(TEXTS).await, ["Meanwhile", "Spoilt, one", "Then"]);
}

#[tokio::test]
async fn older_messages_are_asked_for_by_the_keyboard_alone() {
    let server = Server::start(&["--chat-rate", "100"]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let said: Vec<String> = (1..=120).map(|number| format!("Line {number}")).collect();
    ada.page().say_all(&said).await;
    ada.page().marked("Line 120", "delivered").await;
    let bob = chatter(&server.url("/"), "Bob").await;
    let page = bob.page();
    page.hears("Line 120").await;
    let shown = page.texts(TEXTS).await.len();
    assert!(shown < 120, "all {shown} lines are shown at once");

    // Coming to the button asks for nothing yet, so that there is a way past it.
    page.tab_to_button("Show older messages").await;
    page.stop().await;
    page.tab_to("#composer").await;
    assert_eq!(page.texts(TEXTS).await.len(), shown);
    while page.texts(TEXTS).await.len() < 120 {
        let before = page.texts(TEXTS).await.len();
        page.press_by("Show older messages", ENTER).await;
        let more = "return document.querySelectorAll('.log .said-text').length > arguments[0]";
        page.until("older messages have come", more, &[before.into()]).await;
        page.focus_comes_to("Messages").await;
    }
    assert_eq!(page.texts(TEXTS).await, said);
    // The list is scrolled by keys, and the button that leads to its end leads there.
    page.keys("\u{e011}").await; // Home
    page.shows(".to-newest", "To the newest").await;
    page.until("the list stands at its top", "return document.querySelector('.log').scrollTop === 0", &[])
        .await;
    page.tab_to(".to-newest button").await;
    page.stop().await;
    page.keys(SPACE).await;
    page.shows_no(".to-newest", "").await;
    page.focus_comes_to("Messages").await;
}

#[tokio::test]
async fn both_speed_tests_are_begun_and_stopped_by_the_keyboard_alone() {
    let server = Server::start(&[]).await;
    let files = speed_page(&server, "Ten files").await;
    let page = files.page();
    // While it runs the button keeps the focus, and pressing it does nothing. Nor does Enter that is held down.
    page.script(
        "const start = document.getElementById('start');
         new MutationObserver((_, observer) => {
             if (start.ariaDisabled !== 'true') return;
             observer.disconnect();
             start.click();
             const held = new KeyboardEvent('keydown', { key: 'Enter', repeat: true, bubbles: true, cancelable: true });
             window.pressed = !start.dispatchEvent(held);
         }).observe(start, { attributes: true });",
        vec![],
    )
    .await;
    page.press_by("Start", ENTER).await;
    page.shows(".test-log p", "Finished.").await;
    assert_eq!(page.stop().await, "Start");
    assert_eq!(page.script("return window.pressed", vec![]).await, true);
    assert_eq!(server.log().count(FILE_ASKED_FOR), 10);
    // Ten files may have come before a key does, so that the page itself goes to the button and presses it.
    page.script(
        "const cancel = () => [...document.querySelectorAll('.test button')].find(b => b.textContent.trim() === 'Cancel');
         new MutationObserver((_, observer) => {
             cancel()?.focus();
             if (!cancel() || document.querySelectorAll('.test-log p').length < 3) return;
             observer.disconnect();
             cancel().click();
         }).observe(document.body, { subtree: true, childList: true });",
        vec![],
    )
    .await;
    page.keys(SPACE).await;
    page.shows(".test", "What was measured until then is kept below").await;
    page.focus_comes_to("Start").await;

    page.press_by("Clear", ENTER).await;
    page.focus_comes_to("History").await;
    assert_eq!(files.errors().await, [""; 0]);

    let streamed = speed_page(&server, "Download and upload").await;
    let page = streamed.page();
    page.press_by("Start", SPACE).await;
    page.focus_comes_to("Stop").await;
    page.keys(SPACE).await;
    page.focus_comes_to("Start").await;
    page.shows(".test", "What was measured until then is kept below").await;
    assert_eq!(streamed.errors().await, [""; 0]);
}
