//! The smallest client of a session: publishes JSON in a channel and answers messages, for the size of it.
#![cfg_attr(target_arch = "wasm32", no_main)]

#[cfg(target_arch = "wasm32")]
mod client {
    use rejoin::Json;
    use rejoin::session::{Channel, FeedItem, Nothing, Session, Since};
    use wasm_bindgen::prelude::*;

    struct Room;

    impl Channel for Room {
        type Entry = String;
        type Volatile = Nothing;
        type Presence = Nothing;
        type Codec = Json;

        fn name(&self) -> String {
            "room".into()
        }
    }

    /// Connects, follows a channel, publishes what it reads there once more if it is not its own, and echoes messages.
    #[wasm_bindgen(start)]
    pub(crate) fn start() -> Result<(), JsValue> {
        let session = Session::open("/ws/session").map_err(|_| JsValue::NULL)?;
        let weak = session.downgrade();
        session.set_on_message(Some(Box::new(move |message| {
            if let Some(session) = weak.upgrade() {
                // A refused echo is nobody's loss here.
                let _ = session.try_send(message);
            }
        })));
        let room = session.channel(&Room);
        wasm_bindgen_futures::spawn_local(async move {
            let Ok(mut feed) = room.subscribe(Since::Now) else { return };
            while let Some(item) = futures::StreamExt::next(&mut feed).await {
                if let FeedItem::Entry(entry) = item
                    && !entry.own
                    && let Ok(text) = entry.payload
                    && let Ok(receipt) = room.publish(&text).await
                {
                    drop(receipt.await);
                }
            }
        });
        std::mem::forget(session);
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
