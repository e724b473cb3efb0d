//! Tells the others in the room when the person types; it may be lost.

use std::rc::Rc;

use demo_messages::room::Whisper;
use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::ChatHandle;
use super::feed::Present;
use crate::chat::state::Presence;
use crate::local_time::now_ms;

/// So long after the last keystroke the person counts as no longer typing, in milliseconds.
const ENDS_MS: u32 = 5_000;
/// While the person types it is said again so often, in milliseconds, for those who came later or missed it.
const AGAIN_MS: u64 = 3_000;

/// What becomes of the text that the person writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typing {
    GoesOn,
    /// The field is empty.
    Ended,
    /// It was sent, which ends the typing for the others as well.
    Sent,
}

/// Tells the room when the person begins and ends typing.
#[hook]
pub(super) fn use_typing(present: &Present, chat: &ChatHandle) -> Callback<Typing> {
    let timer = use_mut_ref(|| None::<Timeout>);
    // When it was told last that the person types.
    let told = use_mut_ref(|| None::<u64>);
    let there = chat.presence == Presence::There;
    {
        let told = Rc::clone(&told);
        // Another room, or another connection, knows nothing of it.
        use_effect_with((there, chat.feed), move |_| {
            told.take();
        });
    }
    use_callback((there, present.clone()), move |typing: Typing, (there, present)| {
        let ended = {
            let (told, present) = (Rc::clone(&told), present.clone());
            move || {
                if told.take().is_some() {
                    present.whisper(Whisper::Typing { typing: false });
                }
            }
        };
        timer.take();
        match typing {
            Typing::Sent => {
                told.take();
            }
            Typing::Ended => ended(),
            Typing::GoesOn if *there => {
                let now = now_ms();
                if told.borrow().is_none_or(|told| now.saturating_sub(told) >= AGAIN_MS) {
                    told.replace(Some(now));
                    present.whisper(Whisper::Typing { typing: true });
                }
                timer.replace(Some(Timeout::new(ENDS_MS, ended)));
            }
            Typing::GoesOn => {}
        }
    })
}
