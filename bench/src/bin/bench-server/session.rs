//! The other end of sessions: sends so many messages, remembers numbers, or sends back.

use std::error::Error;
use std::sync::{Mutex, PoisonError};

use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use rejoin_server::hub::{
    Application, AuthError, Body, Credentials, Hub, Identity, SessionHandle, SessionMessage,
};
use rejoin_server::log::MemoryLog;
use rejoin_server::{Connections, Origins, Upgrade, UpgradeError};
use serde::Deserialize;

/// Answers what the pages say.
#[derive(Default)]
pub(crate) struct Answers {
    got: Mutex<Vec<u32>>,
}

impl Application for Answers {
    type Context = ();

    async fn authenticate(&self, _: Credentials<'_>) -> Result<Identity<()>, AuthError> {
        Ok(Identity::anonymous(()))
    }

    async fn message(&self, session: &SessionHandle<Self>, message: SessionMessage) {
        let text = String::from_utf8_lossy(&message.body).into_owned();
        let words: Vec<&str> = text.split(' ').collect();
        let sizes = |count: &str, size: &str| Some((count.parse::<u64>().ok()?, size.parse::<usize>().ok()?));
        if let ["send", "me", count, size] = words[..]
            && let Some((count, size)) = sizes(count, size)
        {
            let payload = Body::from(vec![7; size]);
            for _ in 0..count {
                if session.send(SessionMessage::binary(payload.clone())).await.is_err() {
                    return;
                }
            }
        } else if let Ok(number) = text.parse() {
            self.got.lock().unwrap_or_else(PoisonError::into_inner).push(number);
        } else {
            // A page that is gone needs no answer.
            let _gone = session.send(message).await;
        }
    }
}

/// Numbers, from one to before the other.
#[derive(Deserialize)]
struct Numbers {
    from: u32,
    to: u32,
}

/// `/session`, and beside it what a page of this origin asks for: that numbers be sent to it, and which have come.
pub(crate) fn routes(origin: &str) -> Result<Router, Box<dyn Error>> {
    let origins = Origins::own().allow(origin)?;
    let hub = Hub::builder(Answers::default(), MemoryLog::default())
        .origins(origins)
        .build(&Connections::default())?;
    let routes = Router::new().route("/session", get(upgrade));
    Ok(routes.route("/session/down", get(down)).route("/session/got", get(got)).with_state(hub))
}

async fn upgrade(State(hub): State<Hub<Answers>>, upgrade: Upgrade) -> Result<Response, UpgradeError> {
    hub.accept(upgrade)
}

async fn down(State(hub): State<Hub<Answers>>, Query(Numbers { from, to }): Query<Numbers>) {
    for session in hub.sessions() {
        for number in from..to {
            // A session that is over has a page that reports so.
            let _over = session.try_send(SessionMessage::text(&number.to_string()));
        }
    }
}

async fn got(State(hub): State<Hub<Answers>>) -> Json<Vec<u32>> {
    Json(hub.application().got.lock().unwrap_or_else(PoisonError::into_inner).clone())
}
