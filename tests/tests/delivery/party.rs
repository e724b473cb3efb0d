//! Those who take part in a run: clients of this process, and pages.

use std::net::SocketAddr;

use participant::{Order, Participant, Progress, Seen};

use crate::rig::browser::Browser;
use crate::run::PATIENCE;

/// What a script calls the page's participant by.
const ORDER: &str = "return window.participant(arguments[0])";

/// Somebody who takes part.
pub(crate) enum Party {
    Native(Participant),
    Page(Box<Browser>),
}

impl Party {
    /// A client of this process.
    pub(crate) fn native(address: SocketAddr) -> Self {
        let url = format!("ws://{address}{}", demo_messages::room::SESSION_PATH);
        let spawn = |task| drop(tokio::task::spawn_local(task));
        Self::Native(Participant::start(&url, spawn).unwrap())
    }

    /// Opens the page of a participant, and waits until it has begun.
    pub(crate) async fn page(url: &str) -> Self {
        let browser = Browser::start().await;
        // This server gives up soon on who says nothing, also on a browser that is slow to send its request.
        let loaded = async {
            while let Err(error) = browser.client.goto(url).await {
                assert!(error.to_string().to_lowercase().contains("reset"), "{error}");
            }
        };
        tokio::time::timeout(PATIENCE, loaded).await.expect("the page does not load");
        browser.page().until("the participant is there", "return !!window.participant", &[]).await;
        Self::Page(Box::new(browser))
    }

    pub(crate) async fn send(&self, messages: Vec<String>) {
        match self {
            Self::Native(native) => native.send(messages),
            Self::Page(browser) => drop(order(browser, Order::Send(messages)).await),
        }
    }

    pub(crate) async fn publish(&self, room: usize, payloads: Vec<String>) {
        match self {
            Self::Native(native) => native.publish(room, payloads),
            Self::Page(browser) => drop(order(browser, Order::Publish(room, payloads)).await),
        }
    }

    pub(crate) async fn progress(&self) -> Progress {
        match self {
            Self::Native(native) => native.progress(),
            Self::Page(browser) => serde_json::from_str(&order(browser, Order::Progress).await).unwrap(),
        }
    }

    pub(crate) async fn seen(&self) -> Seen {
        match self {
            Self::Native(native) => native.seen(),
            Self::Page(browser) => serde_json::from_str(&order(browser, Order::Seen).await).unwrap(),
        }
    }
}

async fn order(browser: &Browser, order: Order) -> String {
    let order = serde_json::to_string(&order).unwrap();
    let answer = browser.page().script(ORDER, vec![order.into()]).await;
    answer.as_str().unwrap().to_owned()
}
