//! The speed test while the page lives: its state, its worker, its history in the browser.

use std::rc::Rc;

use demo_messages::speed::Speed;
use rejoin::Endpoint;
use yew::prelude::*;

use super::classic;
use super::record::History;
use super::report::{Order, Report, Trouble};
use super::state::{SpeedAction, SpeedState};
use super::worker_handle::WorkerHandle;
use crate::held::Held;
use crate::local_time::now_ms;
use crate::server_address;
use crate::storage::{StorageError, Store};
use crate::words;

const HISTORY: &str = "rejoin-speed-history";
/// The path of the server's echo.
const ECHO_PATH: &str = "/ws/echo";
/// How long the idle latency is measured, in milliseconds.
const IDLE_MS: u32 = 2_000;

/// What the person can do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SpeedDeeds {
    /// Loads what the tests need, so that a test on a slow line does not begin with waiting for it.
    pub(crate) prepare: Callback<()>,
    /// Starts the coursework's test.
    pub(crate) classic: Callback<()>,
    /// Starts the streamed test with so many seconds for each direction.
    pub(crate) streamed: Callback<u32>,
    pub(crate) stop: Callback<()>,
    pub(crate) clear: Callback<()>,
}

/// Everything that the speed page knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SpeedSession {
    pub(crate) state: Rc<SpeedState>,
    /// What is wrong with the browser's store, in words.
    pub(crate) storage_trouble: Option<String>,
    pub(crate) deeds: SpeedDeeds,
}

type SpeedHandle = UseReducerHandle<Held<SpeedState>>;

/// The speed test, for as long as the component lives.
#[hook]
pub(crate) fn use_speed() -> SpeedSession {
    let speed = use_reducer(|| Held::new(SpeedState::default()));
    let (storage_trouble, clear) = use_history(&speed);
    let order = use_worker(&speed);
    let base = use_memo((), |()| server_address::of_this_page());
    let deeds = use_memo((), move |()| {
        let (classic_order, streamed_order, base_too) = (order.clone(), order.clone(), Rc::clone(&base));
        SpeedDeeds {
            classic: Callback::from(move |()| {
                let url = format!("{base}{}", Speed::PATH);
                classic_order.emit(Some(Order::Classic { url, runs: classic::RUNS }));
            }),
            streamed: Callback::from(move |seconds: u32| {
                let base = &base_too;
                streamed_order.emit(Some(Order::Streamed {
                    url: format!("{base}{}", Speed::PATH),
                    echo_url: format!("{base}{ECHO_PATH}"),
                    idle_ms: IDLE_MS,
                    load_ms: seconds * 1_000,
                }));
            }),
            stop: order.reform(|()| Some(Order::Stop)),
            prepare: order.reform(|()| None),
            clear,
        }
    });
    SpeedSession { state: speed.shared(), storage_trouble, deeds: SpeedDeeds::clone(&deeds) }
}

/// The worker, started with the first order, or without one.
#[hook]
fn use_worker(speed: &SpeedHandle) -> Callback<Option<Order>> {
    let worker = use_mut_ref(|| None::<WorkerHandle>);
    // A worker that failed is replaced by the next order.
    let broken = use_mut_ref(|| false);
    let speed = speed.dispatcher();
    use_callback((), move |order: Option<Order>, ()| {
        let heard = {
            let (speed, broken) = (speed.clone(), Rc::clone(&broken));
            move |report: Report| {
                if matches!(report, Report::Failed(Trouble::Worker(_))) {
                    broken.replace(true);
                }
                speed.dispatch(SpeedAction::Reported { report, at_ms: now_ms() });
            }
        };
        if let Some(order) = &order {
            speed.dispatch(SpeedAction::Started(order.clone()));
        }
        let mut worker = worker.borrow_mut();
        if broken.replace(false) {
            worker.take();
        }
        if worker.is_none() {
            match WorkerHandle::start(heard.clone()) {
                Ok(started) => *worker = Some(started),
                // Nothing was asked of it yet: the first test says so.
                Err(_) if order.is_none() => {}
                Err(words) => heard(Report::Failed(Trouble::Worker(words))),
            }
        }
        if let (Some(worker), Some(order)) = (worker.as_ref(), order) {
            worker.order(order, &heard);
        }
    })
}

/// Reads the history when the component appears and keeps it from then on. A history that can't be read is left
/// alone until the person clears it.
#[hook]
fn use_history(speed: &SpeedHandle) -> (Option<String>, Callback<()>) {
    let trouble = use_state_eq(|| None::<String>);
    let may_write = use_mut_ref(|| false);
    {
        let (speed, trouble, may_write) = (speed.dispatcher(), trouble.setter(), may_write.clone());
        use_effect_with((), move |()| match Store::Browser.get::<History>(HISTORY) {
            Ok(history) => {
                *may_write.borrow_mut() = true;
                speed.dispatch(SpeedAction::Loaded(history));
            }
            Err(StorageError::Missing) => *may_write.borrow_mut() = true,
            Err(error) => trouble.set(Some(words::history_unreadable(&error.to_string()))),
        });
    }
    {
        let (trouble, may_write) = (trouble.setter(), may_write.clone());
        use_effect_with(speed.history.clone(), move |history| {
            if *may_write.borrow()
                && !history.records().is_empty()
                && let Err(error) = Store::Browser.set(HISTORY, history)
            {
                trouble.set(Some(words::history_not_kept(&error.to_string())));
            }
        });
    }
    let clear = {
        let (speed, setter) = (speed.dispatcher(), trouble.setter());
        use_callback((), move |(), ()| {
            Store::Browser.delete(HISTORY);
            *may_write.borrow_mut() = true;
            setter.set(None);
            speed.dispatch(SpeedAction::ClearHistory);
        })
    };
    ((*trouble).clone(), clear)
}
