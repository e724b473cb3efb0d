//! What holds on each page: the policy, and the address that leads nowhere.

use rejoin_test_support::http;

use crate::rig::browser::Browser;
use crate::rig::server::Server;

/// Each page, and what stands on it when it is there.
pub(crate) const PAGES: [(&str, &str, &str); 5] = [
    ("/", ".welcome", "What should others call you?"),
    ("/chat?room=tea", "h1", "#tea"),
    ("/speed", "h1", "Speed test"),
    ("/lab", "h1", "Connection lab"),
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
            policy.head.text.to_lowercase().contains("\r\ncontent-security-policy: default-src"),
            "{}",
            policy.head.text
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
    page.click("a[href='/chat']").await;
    page.shows(".welcome", "What should others call you?").await;
}
