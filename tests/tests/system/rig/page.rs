//! A page as a person sees it: looked at until something is there, clicked, typed into.

use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::Value;

use super::PATIENCE;
use super::browser::Browser;

/// How often a page is looked at while something is waited for.
const LOOK: Duration = Duration::from_millis(40);

/// The browser's page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'a> {
    pub(crate) client: &'a Client,
}

impl<'a> Page<'a> {
    pub(crate) fn new(browser: &'a Browser) -> Self {
        Self { client: &browser.client }
    }

    pub(crate) async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// What a script's body returns.
    pub(crate) async fn script(&self, body: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(body, arguments).await.unwrap_or_else(|error| panic!("{body}\nfailed: {error}"))
    }

    /// Waits until a script's body returns something true, and hands that back.
    pub(crate) async fn until(&self, what: &str, body: &str, arguments: &[Value]) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.script(body, arguments.to_vec()).await;
            let no = matches!(value, Value::Null | Value::Bool(false)) || value == "" || value == 0;
            if !no {
                return value;
            }
            if Instant::now() >= deadline {
                panic!("not within {PATIENCE:?}: {what}. The page says:\n{}", self.text().await);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Everything that stands on the page.
    pub(crate) async fn text(&self) -> String {
        self.script("return document.body.innerText", vec![]).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an element that fits the selector contains a text.
    pub(crate) async fn shows(&self, selector: &str, text: &str) {
        let body = "return [...document.querySelectorAll(arguments[0])].some(e => e.textContent.includes(arguments[1]))";
        self.until(&format!("{selector} shows {text:?}"), body, &[selector.into(), text.into()]).await;
    }

    /// Waits until no element that fits the selector contains a text.
    pub(crate) async fn shows_no(&self, selector: &str, text: &str) {
        let body = "return ![...document.querySelectorAll(arguments[0])].some(e => e.textContent.includes(arguments[1]))";
        self.until(&format!("{selector} no longer shows {text:?}"), body, &[selector.into(), text.into()])
            .await;
    }

    /// The texts of the elements that fit the selector.
    pub(crate) async fn texts(&self, selector: &str) -> Vec<String> {
        let body = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent.trim())";
        let found = self.script(body, vec![selector.into()]).await;
        found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    /// The first visible element that fits the selector, once there is one.
    pub(crate) async fn element(&self, selector: &str) -> Element {
        self.until(
            &format!("{selector} is there"),
            "return document.querySelector(arguments[0])?.checkVisibility()",
            &[selector.into()],
        )
        .await;
        self.client.find(Locator::Css(selector)).await.unwrap()
    }

    /// Clicks the first visible element that fits the selector.
    pub(crate) async fn click(&self, selector: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !clicked(self.element(selector).await.click().await, selector, deadline) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Clicks a button by its words, once it is there and may be clicked.
    pub(crate) async fn press(&self, within: &str, words: &str) {
        let body = "const button = [...document.querySelectorAll(arguments[0] + ' button')]
            .find(b => b.textContent.trim() === arguments[1] && !b.disabled
                && b.ariaDisabled !== 'true' && b.checkVisibility());
            if (!button) return false;
            document.querySelectorAll('[data-pressed]').forEach(b => b.removeAttribute('data-pressed'));
            button.setAttribute('data-pressed', '');
            return true;";
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.until(&format!("the button {words:?} in {within}"), body, &[within.into(), words.into()])
                .await;
            let click = match self.client.find(Locator::Css("[data-pressed]")).await {
                Ok(button) => button.click().await,
                Err(error) => Err(error),
            };
            if clicked(click, words, deadline) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Types into an element.
    pub(crate) async fn type_into(&self, selector: &str, text: &str) {
        self.element(selector).await.send_keys(&typed(text)).await.unwrap();
    }

    /// Presses keys where the focus is.
    pub(crate) async fn keys(&self, text: &str) {
        self.client.active_element().await.unwrap().send_keys(&typed(text)).await.unwrap();
    }
}

/// Whether a click was made. One that met an element that was just drawn anew, or covered by what still moves, is no
/// click yet, and a person would click again.
fn clicked(click: Result<(), CmdError>, what: &str, deadline: Instant) -> bool {
    let Err(error) = click else { return true };
    let passing = matches!(
        &error,
        CmdError::Standard(said) if matches!(
            said.error,
            ErrorStatus::ElementClickIntercepted
                | ErrorStatus::ElementNotInteractable
                | ErrorStatus::NoSuchElement
                | ErrorStatus::StaleElementReference
        )
    );
    assert!(passing && Instant::now() < deadline, "{what} can't be clicked: {error}");
    false
}

/// A line's end as the key that a person presses: drivers differ in what they make of the character.
fn typed(text: &str) -> String {
    text.replace('\n', &char::from(Key::Enter).to_string())
}
