//! What holds on each page: the policy, the address that leads nowhere, and whether everyone can use it.

use serde_json::{Value, json};

use crate::rig::browser::Browser;
use crate::rig::chat::chatter;
use crate::rig::server::Server;
use crate::rig::{http, settings};

/// Each page, and what stands on it when it is there.
const PAGES: [(&str, &str, &str); 4] = [
    ("/", ".welcome", "What should others call you?"),
    ("/chat?room=tea", "h1", "#tea"),
    ("/speed", "h1", "Speed test"),
    ("/no/such/page", "h1", "There is nothing at this address"),
];

#[tokio::test]
async fn no_page_violates_its_content_security_policy() {
    let server = Server::start(&[]).await;
    let browser = Browser::start().await;
    let page = browser.page();
    for (path, selector, text) in PAGES {
        let policy = http::get(server.address, path).await;
        assert!(
            policy.head.to_lowercase().contains("\r\ncontent-security-policy: default-src"),
            "{}",
            policy.head
        );
        page.goto(&server.url(path)).await;
        page.shows(selector, text).await;
        // The answer with status 404 is itself told to the console.
        let errors: Vec<String> =
            browser.errors().await.into_iter().filter(|e| !e.contains("/no/such/page - ")).collect();
        assert_eq!(errors, [""; 0], "on {path}");
    }
}

#[tokio::test]
async fn an_address_that_leads_nowhere_says_so_and_leads_back() {
    let server = Server::start(&[]).await;
    assert_eq!(http::get(server.address, "/no/such/page").await.status, 404);
    let browser = Browser::open(&server.url("/no/such/page")).await;
    let page = browser.page();
    page.shows("h1", "There is nothing at this address").await;
    page.element("a[href='/chat']").await.click().await.unwrap();
    page.shows(".welcome", "What should others call you?").await;
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_page_in_light_and_dark_narrow_and_wide() {
    let axe = std::fs::read_to_string(settings::axe()).unwrap();
    let server = Server::start(&[]).await;
    let browser = chatter(&server.url("/"), "Ada").await;
    let page = browser.page();
    page.say("Hello").await;
    page.marked("Hello", "sent").await;
    let mut found = Vec::new();
    let pages = [("/", ".mine", "Hello"), PAGES[2], PAGES[3]];
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
    for (path, selector, text) in [("/", ".mine", "Longword"), PAGES[2], PAGES[3]] {
        page.goto(&server.url(path)).await;
        page.shows(selector, text).await;
        let over = page.script("return document.documentElement.scrollWidth - innerWidth", vec![]).await;
        assert!(over.as_i64().unwrap() <= 0, "{path} is {over} pixels too wide");
    }
}
