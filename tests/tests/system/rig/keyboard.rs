//! A page as somebody without a mouse goes through it: by Tab, and by what the focus is on.

use fantoccini::key::Key;
use serde_json::Value;

use super::page::Page;

/// What the focus is on: its name, and what keeps a person from seeing that it is there.
const STOP: &str = "const on = document.activeElement;
    const box = on.getBoundingClientRect();
    const style = getComputedStyle(on);
    const at = document.elementFromPoint(
        Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1),
        Math.min(Math.max(box.top + Math.min(box.height / 2, 40), 0), innerHeight - 1));
    const wrong = [];
    if (on === document.body) wrong.push('the focus is on nothing');
    else {
        if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) wrong.push('no outline');
        if (box.top < 0 || box.left < 0 || box.left + box.width > innerWidth || box.top > innerHeight) wrong.push('out of sight');
        if (!on.contains(at)) wrong.push('covered by ' + at?.outerHTML.slice(0, 80));
    }
    const name = on.ariaLabel ?? on.textContent.trim();
    return [name, wrong.join(', ')]";

impl Page<'_> {
    /// Presses Tab.
    pub(crate) async fn tab(&self) {
        self.keys(&char::from(Key::Tab).to_string()).await;
    }

    /// Gives a name, without a mouse, as who comes for the first time.
    pub(crate) async fn joins(&self, name: &str) {
        self.element("#welcome-name").await;
        self.tab_to("#welcome-name").await;
        self.keys(&format!("{name}\n")).await;
        self.shows("aside .person", name).await;
    }

    /// Goes on by Tab until the focus is on an element that fits the selector.
    pub(crate) async fn tab_to(&self, selector: &str) {
        self.tab_until(selector, "return document.activeElement.matches(arguments[0])").await;
    }

    /// Goes on by Tab until the focus is on the button with these words.
    pub(crate) async fn tab_to_button(&self, words: &str) {
        let there = "const on = document.activeElement;
            return on.matches('button') && (on.ariaLabel ?? on.textContent.trim()) === arguments[0]";
        self.tab_until(words, there).await;
    }

    async fn tab_until(&self, what: &str, there: &str) {
        const MANY: usize = 60;
        // After the last element Firefox has the focus on its own buttons, from which a person goes on by Tab to the
        // page. The driver's keys come to the page all the same, but press none of its buttons, as it has no focus.
        let there = format!("if (!document.hasFocus()) window.focus(); {there}");
        for _ in 0..MANY {
            if self.script(&there, vec![what.into()]).await == true {
                return;
            }
            self.tab().await;
        }
        panic!("{what} is not reached by {MANY} times Tab");
    }

    /// The name of what the focus is on, which must be in sight and must look as if it had the focus.
    pub(crate) async fn stop(&self) -> String {
        let stop = self.script(STOP, vec![]).await;
        let text = |index: usize| stop[index].as_str().unwrap_or_default().to_owned();
        assert_eq!(text(1), "", "at {:?}", text(0));
        text(0)
    }

    /// The names of what the focus is on from here to the stop that is named so, one Tab after another.
    pub(crate) async fn stops_to(&self, last: &str) -> Vec<String> {
        const MANY: usize = 60;
        let mut stops = Vec::new();
        while stops.last().is_none_or(|stop| stop != last) {
            assert!(stops.len() < MANY, "{last} is not reached: {stops:?}");
            self.tab().await;
            stops.push(self.stop().await);
        }
        stops
    }

    /// Notes from now on what is announced to a screen reader.
    pub(crate) async fn listen(&self) {
        let body = "window.announced = [];
            const said = new Map();
            const text = (live) => live.checkVisibility() ? live.textContent.trim() : '';
            new MutationObserver(() => {
                for (const live of document.querySelectorAll('[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]')) {
                    const now = text(live);
                    if (now && now !== (said.get(live) ?? '')) window.announced.push(now);
                    said.set(live, now);
                }
            }).observe(document.body, { subtree: true, childList: true, characterData: true, attributeFilter: ['hidden'] });
            for (const live of document.querySelectorAll('[role=status], [aria-live=polite]')) said.set(live, text(live));";
        self.script(body, vec![]).await;
    }

    /// What was announced since [`listen`](Self::listen) or the last time.
    pub(crate) async fn announced(&self) -> Vec<String> {
        let said = self.script("return window.announced.splice(0)", vec![]).await;
        said.as_array().unwrap().iter().map(|text: &Value| text.as_str().unwrap().to_owned()).collect()
    }
}
