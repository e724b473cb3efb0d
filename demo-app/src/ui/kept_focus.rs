//! The focus, where what had it is taken away: a button that is gone once it has been pressed.

use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use crate::browser;

/// Gives the focus to `to` when a rendering of the component takes away what had it within `within`. Else Tab, and who
/// listens to the page, would begin at the top again.
#[hook]
pub(crate) fn use_kept_focus(within: &NodeRef, to: &NodeRef) {
    // Asked while the page is still as it was before this rendering.
    let had = focused().is_some_and(|on| within.get().is_some_and(|within| within.contains(Some(&on))));
    let to = to.clone();
    use_effect(move || {
        if had
            && focused().is_none()
            && let Some(to) = to.cast::<HtmlElement>()
        {
            browser::focus_on(&to);
        }
    });
}

/// What has the focus, if anything has: else the browser names the body.
fn focused() -> Option<Element> {
    let document = browser::document();
    let body = document.body().map(Element::from);
    document.active_element().filter(|on| Some(on) != body.as_ref())
}
