//! Browsers without a feature, or with one that never answers: every page works, and says what it goes without.

use crate::pages::PAGES;
use crate::rig::browser::Browser;
use crate::rig::changed_app::ChangedApp;
use crate::rig::page::Page;
use crate::rig::server::Server;

/// Says something and waits until it has been delivered.
async fn chats(page: &Page<'_>, text: &str) {
    page.say(text).await;
    page.marked(text, "delivered").await;
}

/// The room, empty until now, with somebody new in it.
async fn enters(page: &Page<'_>, url: &str) {
    page.goto(url).await;
    page.join_as("Ada").await;
}

#[tokio::test]
async fn every_page_works_with_cookies_and_site_data_blocked_and_says_what_is_not_kept() {
    let server = Server::start(&[]).await;
    let browser = Browser::start_without_storage().await;
    let page = browser.page();
    for (path, selector, text) in [PAGES[0], PAGES[1], PAGES[2], PAGES[3]] {
        page.goto(&server.url(path)).await;
        page.shows(selector, text).await;
        page.shows(".below-top", "lets this page store nothing").await;
        if path == "/speed" {
            page.shows(".history .hint", "this browser does not keep them").await;
        }
    }
    let is_blocked = "try { return !localStorage } catch { return true }";
    assert_eq!(page.script(is_blocked, vec![]).await, true, "the browser lets the page store something");
    enters(&page, &server.url("/")).await;
    chats(&page, "Said without storage").await;
    page.press(".below-top", "Dismiss").await;
    page.shows_no(".below-top", "").await;
    // Within the page the name stays, and what was read stays away.
    for (path, selector, text) in
        [("/lab", "h1", "Connection lab"), ("/chat", ".mine", "Said without storage")]
    {
        page.click(&format!(".rail a[href='{path}'], .rail a[href^='{path}?']")).await;
        page.shows(selector, text).await;
        page.shows_no(".below-top", "").await;
    }
    assert_eq!(browser.errors().await, [""; 0]);
}

/// Takes a feature away before the app begins: each as browsers do it, by a value that is missing or by an exception.
const BREAK: &str = "const refuse = () => { throw new DOMException('refused', 'SecurityError'); };
    const put = (of, name, how) => Object.defineProperty(of, name, { configurable: true, ...how });
    const gone = { value: undefined }, throws = { get: refuse }, fails = { value: refuse };
    ({
        sessionStorage: () => put(window, 'sessionStorage', throws),
        localStorage: () => put(window, 'localStorage', throws),
        fullStorage: () => put(Storage.prototype, 'setItem', fails),
        indexedDB: () => put(window, 'indexedDB', gone),
        blockedDB: () => put(window, 'indexedDB', throws),
        locks: () => put(Navigator.prototype, 'locks', gone),
        refusedLocks: () => put(LockManager.prototype, 'request', { value: () => Promise.reject(new DOMException('refused', 'SecurityError')) }),
        Worker: () => put(window, 'Worker', gone),
        ResizeObserver: () => put(window, 'ResizeObserver', gone),
        history: () => { put(History.prototype, 'pushState', fails); put(History.prototype, 'replaceState', fails); },
        clipboard: () => put(Navigator.prototype, 'clipboard', gone),
    })[new URLSearchParams(location.search).get('without')]?.();";

#[tokio::test]
async fn a_browser_feature_that_is_missing_or_refused_stops_no_page() {
    let app = ChangedApp::with_script(BREAK);
    let server = Server::start(&["--app", app.path()]).await;
    for (feature, notice) in [
        ("sessionStorage", "lets this page store nothing"),
        ("localStorage", ""),
        ("fullStorage", "does not keep messages"),
        ("indexedDB", "does not keep messages"),
        ("blockedDB", "does not keep messages"),
        ("locks", "does not keep messages"),
        ("refusedLocks", "does not keep messages"),
        ("Worker", ""),
        ("ResizeObserver", ""),
        ("history", ""),
        ("clipboard", ""),
    ] {
        let browser = Browser::start().await;
        let page = browser.page();
        let room = feature.to_lowercase();
        enters(&page, &server.url(&format!("/chat?room={room}&without={feature}"))).await;
        chats(&page, feature).await;
        if notice.is_empty() {
            page.shows_no(".below-top", "").await;
        } else {
            page.shows(".below-top", notice).await;
        }
        for (path, title) in [("/speed", "Speed test"), ("/lab", "Connection lab")] {
            page.click(&format!(".rail a[href='{path}']")).await;
            page.shows("h1", title).await;
            if path == "/speed" {
                let none = feature == "localStorage";
                let says = if none { "this browser does not keep them" } else { "are kept here" };
                page.shows(".history .hint", says).await;
            }
        }
        let stopped = page.script("return !document.querySelector('#stopped').hidden", vec![]).await;
        assert_eq!(stopped, false, "without {feature}: {:?}", browser.errors().await);
    }
}

#[tokio::test]
async fn a_database_or_a_lock_that_never_answers_keeps_no_page_waiting() {
    let app = ChangedApp::with_script(
        "const never = { open: [IDBFactory, () => ({})], getAll: [IDBObjectStore, () => ({})], request: [LockManager, () => new Promise(() => {})] };
         const name = new URLSearchParams(location.search).get('silent');
         if (name) never[name][0].prototype[name] = never[name][1];",
    );
    let server = Server::start(&["--app", app.path()]).await;
    for silent in ["open", "getAll", "request"] {
        let browser = Browser::start().await;
        let page = browser.page();
        enters(&page, &server.url(&format!("/chat?room={}&silent={silent}", silent.to_lowercase()))).await;
        chats(&page, silent).await;
        page.shows(".below-top", "does not keep messages").await;
        page.connection_is("Connected").await;
    }
}

#[tokio::test]
async fn a_clipboard_that_never_answers_or_refuses_leaves_the_text_to_be_copied_by_hand() {
    let server = Server::start(&[]).await;
    let browser = Browser::open(&server.url("/speed")).await;
    let page = browser.page();
    let history = "localStorage.setItem('rejoin-speed-history', '[{\"at_ms\":1,\"mode\":\"classic\",\"megabytes\":50}]')";
    page.script(history, vec![]).await;
    for answer in ["new Promise(() => {})", "Promise.reject(new DOMException('no', 'NotAllowedError'))"] {
        page.goto(&server.url("/speed")).await;
        page.shows(".history td", "50").await;
        let silent = format!("navigator.clipboard.constructor.prototype.writeText = () => {answer}");
        page.script(&silent, vec![]).await;
        page.press(".history", "Copy as text").await;
        page.shows("dialog.sheet", "copy it yourself").await;
        let text = "return document.querySelector('.copy-text')?.value.includes('50')";
        page.until("the text is there", text, &[]).await;
    }
}

#[tokio::test]
async fn counters_of_a_server_that_never_answers_or_refuses_are_said_to_be_missing() {
    let server = Server::start(&[]).await;
    let browser = Browser::open(&server.url("/")).await;
    let page = browser.page();
    let missing = "does not answer how many repeats";
    let fetch = "window.usual ??= window.fetch;
        const answer = arguments[0];
        window.fetch = (path, ...rest) => !answer || path !== '/api/sessions' ? window.usual(path, ...rest)
            : answer === 'never' ? new Promise(() => {}) : Promise.reject(new TypeError('refused'));";
    page.join_as("Ada").await;
    for answer in ["never", "refused"] {
        page.script(fetch, vec![answer.into()]).await;
        page.click(".rail a[href='/lab']").await;
        page.shows(".lab-part .hint", missing).await;
        page.script(fetch, vec!["".into()]).await;
        page.shows(".lab-figure", "Repeats refused by the server").await;
        page.shows_no(".lab-part .hint", missing).await;
        page.click(".rail a[href='/speed']").await;
    }
}

#[tokio::test]
async fn an_app_that_can_t_be_loaded_or_stops_leaves_a_sentence() {
    let browser = Browser::start().await;
    let page = browser.page();
    let app = ChangedApp::without(|name| name.ends_with(".wasm"));
    let server = Server::start(&["--app", app.path()]).await;
    page.goto(&server.url("/")).await;
    page.shows("#boot-trouble:not([hidden])", "could not start").await;

    let app = ChangedApp::without(|name| name.starts_with("demo-app") && name.ends_with(".js"));
    let server = Server::start(&["--app", app.path()]).await;
    page.goto(&server.url("/")).await;
    page.shows("#boot-missing:not([hidden])", "could not be loaded").await;

    let server = Server::start(&[]).await;
    page.goto(&server.url("/")).await;
    page.shows(".welcome", "What should others call you?").await;
    page.script("Document.prototype.createElement = () => { throw new Error('for the test') }", vec![]).await;
    page.click(".rail a[href='/lab']").await;
    page.shows("#stopped:not([hidden])", "Load it again").await;
}
