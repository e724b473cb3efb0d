//! What takes commands that only Chromium's driver has: its network, its colours, the size of its screen.

use serde_json::{Value, json};

use crate::pages::PAGES;
use crate::rig::chat::chatter;
use crate::rig::command::Command;
use crate::rig::server::Server;
use crate::rig::settings;

#[tokio::test]
async fn a_page_without_network_says_so_and_comes_back_with_it() {
    let server = Server::start(&[]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let page = ada.page();
    ada.command(Command::network(true)).await;
    page.until("the browser is offline", "return !navigator.onLine", &[]).await;
    // Whether a browser cuts open connections when its network goes is its own affair; the server's end does.
    let gone = server.kill().await;
    page.connection_is("Offline").await;
    page.shows(".notice", "This device has no network").await;
    page.say("Said offline").await;
    page.marked("Said offline", "waits for the connection").await;
    let server = gone.restart().await;
    page.connection_is("Offline").await;
    assert_eq!(server.connections().await, 0);

    ada.command(Command::network(false)).await;
    page.connection_is("Connected").await;
    page.marked("Said offline", "delivered").await;
    assert_eq!(page.heard("Said offline").await, 1);
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_page_in_light_and_dark_narrow_and_wide() {
    let axe = std::fs::read_to_string(settings::axe()).unwrap();
    let server = Server::start(&[]).await;
    let browser = chatter(&server.url("/"), "Ada").await;
    let page = browser.page();
    page.say("Hello").await;
    page.marked("Hello", "delivered").await;
    let mut found = Vec::new();
    let pages = [("/", ".mine", "Hello"), PAGES[2], PAGES[3], PAGES[4]];
    for (path, selector, text) in pages {
        page.goto(&server.url(path)).await;
        page.shows(selector, text).await;
        // By the driver and not as an element of the page, whose policy would refuse it.
        page.script(&axe, vec![]).await;
        for (width, dark) in [(390, false), (390, true), (1_280, false), (1_280, true)] {
            browser.show_as(width, dark).await;
            // Colours that still change would be measured halfway.
            let media = "return innerWidth === arguments[0] && matchMedia('(prefers-color-scheme: dark)').matches === arguments[1]
                && !document.getAnimations().some(a => a instanceof CSSTransition && a.playState !== 'finished')";
            page.until("the page is shown so", media, &[width.into(), dark.into()]).await;
            let violations = page.script(AXE, vec![]).await;
            for violation in violations.as_array().unwrap() {
                found.push(json!({ "page": path, "width": width, "dark": dark, "violation": violation }));
            }
        }
    }
    let all: Vec<String> = found.iter().map(Value::to_string).collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// What axe holds for serious or critical: the rule, and the elements with the reason.
const AXE: &str = "return axe.run().then(result => result.violations
    .filter(v => ['serious', 'critical'].includes(v.impact))
    .map(v => ({ rule: v.id, nodes: v.nodes.map(n => n.html.slice(0, 120) + ': ' + n.failureSummary) })))";

#[tokio::test]
async fn nothing_is_cut_off_at_the_side_on_a_narrow_screen() {
    let server = Server::start(&[]).await;
    let browser = chatter(&server.url("/"), "Ada").await;
    let page = browser.page();
    browser.show_as(390, false).await;
    page.say(&"Longwordwithoutend".repeat(20)).await;
    page.hears("Longwordwithoutend").await;
    for (path, selector, text) in [("/", ".mine", "Longword"), PAGES[2], PAGES[3], PAGES[4]] {
        page.goto(&server.url(path)).await;
        page.shows(selector, text).await;
        let over = page.script("return document.documentElement.scrollWidth - innerWidth", vec![]).await;
        assert!(over.as_i64().unwrap() <= 0, "{path} is {over} pixels too wide");
    }
}

#[tokio::test]
async fn the_servers_address_is_broken_between_its_parts() {
    let server = Server::start(&[]).await;
    let browser = chatter(&server.url("/"), "Ada").await;
    let page = browser.page();
    // The parts, and on how many lines each stands.
    let parts = "const parts = [...document.querySelector('dialog .facts dd').childNodes].filter(n => n.nodeType === 3);
        const lines = part => {
            const range = document.createRange();
            range.selectNodeContents(part);
            return new Set([...range.getClientRects()].map(r => r.top)).size;
        };
        return parts.map(part => [part.textContent, lines(part)])";
    for width in [320, 390, 1_280] {
        browser.show_as(width, false).await;
        page.click(".pill").await;
        page.shows("dialog .facts", "ws://").await;
        let port = format!(":{}", server.address.port());
        let expected = json!([["ws://", 1], ["127.0.0.1", 1], [port, 1], ["/ws", 1], ["/session", 1]]);
        assert_eq!(page.script(parts, vec![]).await, expected, "{width} pixels wide");
        page.click("dialog [aria-label=Close]").await;
        page.until("the sheet has closed", "return !document.querySelector('dialog')", &[]).await;
    }
}
