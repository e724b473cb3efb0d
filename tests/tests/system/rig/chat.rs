//! The chat's page, in the words of somebody who chats.

use serde_json::Value;

use super::browser::Browser;
use super::page::Page;

/// The texts of the messages, without their marks.
pub(crate) const TEXTS: &str = ".log .said-text";

impl Page<'_> {
    /// Gives a name to a new tab and waits until the room is entered.
    pub(crate) async fn join_as(&self, name: &str) {
        self.type_into("#welcome-name", name).await;
        self.press(".welcome", "Join the chat").await;
        self.shows("aside .person", name).await;
    }

    /// Writes a message and sends it with Enter.
    pub(crate) async fn say(&self, text: &str) {
        self.type_into("#composer", text).await;
        self.submit().await;
    }

    /// Says many things at once, by the field and its form as a person would use them.
    pub(crate) async fn say_all(&self, texts: &[String]) {
        let body = "const field = document.querySelector('#composer');
            for (const text of arguments[0]) { field.value = text; field.form.requestSubmit(); }";
        self.script(body, vec![texts.into()]).await;
    }

    /// Presses Enter where the focus is, once what was typed may be sent: Firefox's driver types faster than a
    /// page is drawn.
    pub(crate) async fn submit(&self) {
        let may_be_sent = "return !document.querySelector('.composer button.main').disabled";
        self.until("the message may be sent", may_be_sent, &[]).await;
        self.keys("\n").await;
    }

    /// Waits until a message stands in the list.
    pub(crate) async fn hears(&self, text: &str) {
        self.shows(TEXTS, text).await;
    }

    /// Waits until the own message with this text has this mark.
    pub(crate) async fn marked(&self, text: &str, mark: &str) {
        let body = "return [...document.querySelectorAll('.mine .said')]
            .some(s => s.querySelector('.said-text').textContent === arguments[0]
                && (s.querySelector('.mark')?.textContent ?? '').includes(arguments[1]))";
        self.until(&format!("{text:?} is marked {mark:?}"), body, &[text.into(), mark.into()]).await;
    }

    /// How often a text stands in the list.
    pub(crate) async fn heard(&self, text: &str) -> usize {
        self.texts(TEXTS).await.iter().filter(|said| *said == text).count()
    }

    /// Waits until the connection is called so.
    pub(crate) async fn connection_is(&self, word: &str) {
        self.shows(".pill", word).await;
    }

    /// Opens the sheet about the connection and presses a button in it, then closes the sheet.
    pub(crate) async fn in_connection(&self, button: &str) {
        self.click(".pill").await;
        self.press("dialog.sheet", button).await;
        self.click("dialog.sheet [aria-label=Close]").await;
        let gone = "return !document.querySelector('dialog.sheet')";
        self.until("the sheet has closed", gone, &[] as &[Value]).await;
    }
}

/// A browser with somebody in the chat.
pub(crate) async fn chatter(url: &str, name: &str) -> Browser {
    let browser = Browser::open(url).await;
    browser.page().join_as(name).await;
    browser
}
