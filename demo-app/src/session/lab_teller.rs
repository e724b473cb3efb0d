//! Tells the lab's reducer what happened, many actions at once: a page that shows hundreds of frames a second would
//! otherwise be drawn anew for each.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::lab::LabHandle;
use crate::held::Held;
use crate::lab::state::{LabAction, LabState};

/// How long an action may wait for others, in milliseconds.
const GATHER_MS: u32 = 100;
/// So many are told without waiting longer: a hidden page's timers hardly run.
const MOST: usize = 2_000;

/// Hands actions to the lab's reducer, in their order.
#[derive(Clone)]
pub(super) struct LabTeller(Rc<Inner>);

struct Inner {
    lab: UseReducerDispatcher<Held<LabState>>,
    waiting: RefCell<Vec<LabAction>>,
    timer: RefCell<Option<Timeout>>,
}

impl LabTeller {
    /// Something of which there is much: it may wait for what follows.
    pub(super) fn tell(&self, action: LabAction) {
        let many = {
            let mut waiting = self.0.waiting.borrow_mut();
            waiting.push(action);
            waiting.len()
        };
        if many >= MOST {
            self.flush();
        } else if many == 1 {
            // The timer's own pointer must not keep the teller, and with it the timer, for ever.
            let weak = Rc::downgrade(&self.0);
            let timer = Timeout::new(GATHER_MS, move || {
                if let Some(inner) = weak.upgrade() {
                    Self(inner).flush();
                }
            });
            self.0.timer.replace(Some(timer));
        }
    }

    /// What a person did: it is seen at once, after all that went before.
    pub(super) fn tell_now(&self, action: LabAction) {
        self.0.waiting.borrow_mut().push(action);
        self.flush();
    }

    fn flush(&self) {
        self.0.timer.take();
        let actions = self.0.waiting.take();
        self.0.lab.dispatch(LabAction::All(actions));
    }
}

/// One for as long as the component lives.
#[hook]
pub(super) fn use_lab_teller(lab: &LabHandle) -> LabTeller {
    let lab = lab.dispatcher();
    let teller = use_memo((), move |()| {
        LabTeller(Rc::new(Inner { lab, waiting: RefCell::default(), timer: RefCell::default() }))
    });
    LabTeller::clone(&teller)
}
