//! Where the list of messages stands: at its end while the person is there, else where the person put it, whatever is
//! added above or below.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

use super::state::ChatState;
use crate::browser;

/// So near to the end, in pixels, counts as at the end.
const NEAR_END: i32 = 40;
/// So near to the top, in pixels, the person is about to look back further.
const NEAR_TOP: i32 = 240;
/// Where in the list's height, as parts of it, messages are looked at to keep their place.
const MARKS: [f64; 5] = [0.5, 0.4, 0.6, 0.75, 0.9];
/// The ids of messages begin so, and stay while their turns grow at both ends.
pub(super) const MESSAGE_ID: &str = "message-";

/// The list's standing, shared by all that moves it.
#[derive(Default)]
struct Standing {
    /// Whether it goes along with what comes.
    stuck: Cell<bool>,
    /// Where it stood last: only a person moves it up.
    stood: Cell<i32>,
    /// Messages in sight by their ids, and how far below the list's upper edge each was.
    marks: RefCell<Vec<(String, f64)>>,
}

impl Standing {
    fn to_end(&self, list: &Element) {
        self.stuck.set(true);
        list.set_scroll_top(list.scroll_height());
        self.stood.set(list.scroll_top());
    }

    /// Remembers which messages are where.
    fn mark(&self, list: &Element) {
        let edge = list.get_bounding_client_rect();
        let document = browser::document();
        let at = |part: f64| {
            let (x, y) = (edge.left() + edge.width() / 2.0, edge.top() + edge.height() * part);
            #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
            let found = document.element_from_point(x as f32, y as f32)?;
            let message = found.closest(&format!("[id^={MESSAGE_ID}]")).ok().flatten()?;
            let top = message.get_bounding_client_rect().top() - edge.top();
            Some((message.id(), top))
        };
        self.marks.replace(MARKS.into_iter().filter_map(at).collect());
    }

    /// Moves the list so that what was in sight stays where it was.
    fn restore(&self, list: &Element) {
        let edge = list.get_bounding_client_rect().top();
        let document = browser::document();
        let marks = self.marks.borrow();
        let found = marks.iter().find_map(|(id, was)| Some((document.get_element_by_id(id)?, was)));
        let Some((message, was)) = found else { return };
        let moved = message.get_bounding_client_rect().top() - edge - was;
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a list")]
        let moved = moved.round() as i32;
        if moved != 0 {
            list.set_scroll_top(list.scroll_top() + moved);
            self.stood.set(list.scroll_top());
        }
    }
}

/// What the list tells and can be told.
#[derive(Clone, PartialEq)]
pub(super) struct Place {
    /// Whether the person sees the newest.
    pub(super) at_end: bool,
    pub(super) to_end: Callback<()>,
}

/// Keeps the list in its place. `sent` grows with each message that the person sends; `attention` is told whether the
/// newest is in sight, `near_top` when the person has come near the oldest.
#[hook]
pub(super) fn use_place(
    list: &NodeRef,
    chat: &Rc<ChatState>,
    sent: u32,
    attention: &Callback<bool>,
    near_top: &Callback<()>,
) -> Place {
    let at_end = use_state_eq(|| true);
    let standing = use_memo((), |()| Standing { stuck: Cell::new(true), ..Standing::default() });
    let to_end = {
        let (list, standing, at_end) = (list.clone(), Rc::clone(&standing), at_end.setter());
        use_callback((), move |(), ()| {
            at_end.set(true);
            if let Some(list) = list.cast::<Element>() {
                standing.to_end(&list);
            }
        })
    };
    {
        let to_end = to_end.clone();
        use_effect_with(sent, move |_| to_end.emit(()));
    }
    {
        let (to_end, standing, list) = (to_end.clone(), Rc::clone(&standing), list.clone());
        use_effect_with(Rc::clone(chat), move |_| {
            if standing.stuck.get() {
                to_end.emit(());
            } else if let Some(list) = list.cast::<Element>() {
                standing.restore(&list);
                standing.mark(&list);
            }
        });
    }
    {
        // A room's list begins at its end.
        let to_end = to_end.clone();
        use_effect_with(chat.room.clone(), move |_| to_end.emit(()));
    }
    use_watch(list, &standing, at_end.setter(), attention, near_top, &to_end);
    {
        let attention = attention.clone();
        use_effect_with(*at_end, move |at_end| attention.emit(*at_end && browser::is_visible()));
    }
    Place { at_end: *at_end, to_end }
}

/// Follows what moves the list: the person, the size of the window, the page's coming and going.
#[hook]
fn use_watch(
    list: &NodeRef,
    standing: &Rc<Standing>,
    at_end: UseStateSetter<bool>,
    attention: &Callback<bool>,
    near_top: &Callback<()>,
    to_end: &Callback<()>,
) {
    let (list, standing, to_end) = (list.clone(), Rc::clone(standing), to_end.clone());
    let attention = attention.clone();
    let near_top = use_latest(near_top);
    use_effect_with((), move |()| {
        let attend = {
            let (standing, attention) = (Rc::clone(&standing), attention.clone());
            move || attention.emit(standing.stuck.get() && browser::is_visible())
        };
        attend();
        let seen = attend.clone();
        let visibility = EventListener::new(&browser::document(), "visibilitychange", move |_| seen());
        // The list shrinks for a keyboard on the screen and for what the composer says.
        let still = Rc::clone(&standing);
        let resized = Closure::<dyn FnMut()>::new(move || {
            if still.stuck.get() {
                to_end.emit(());
            }
        });
        let observer = list.cast::<Element>().and_then(|list| observe(&resized, &list));
        let scroll = list.cast::<Element>().map(|list| {
            let at = list.clone();
            EventListener::new(&list, "scroll", move |_| {
                let top = at.scroll_top();
                let moved_up = top < standing.stood.replace(top);
                // Much may have come since the list was moved to its end, before this event says so.
                let near = at.scroll_height() - top - at.client_height() < NEAR_END
                    || (standing.stuck.get() && !moved_up);
                if standing.stuck.replace(near) != near {
                    at_end.set(near);
                    attend();
                }
                if !near {
                    standing.mark(&at);
                    if moved_up && top < NEAR_TOP {
                        near_top.borrow().emit(());
                    }
                }
            })
        });
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop((visibility, resized, scroll));
            attention.emit(false);
        }
    });
}

/// A callback as of the latest rendering.
#[hook]
fn use_latest(callback: &Callback<()>) -> Rc<RefCell<Callback<()>>> {
    let latest = use_mut_ref(Callback::noop);
    latest.borrow_mut().clone_from(callback);
    latest
}

fn observe(resized: &Closure<dyn FnMut()>, list: &Element) -> Option<ResizeObserver> {
    let observer = ResizeObserver::new(resized.as_ref().unchecked_ref());
    match observer {
        Ok(observer) => {
            observer.observe(list);
            Some(observer)
        }
        Err(error) => {
            browser::warn("the list's size is not watched", &error);
            None
        }
    }
}
