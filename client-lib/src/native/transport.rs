//! One socket on tokio: opening, sending, closing. A task of its own serves it.

use std::rc::{Rc, Weak};

use rejoin_protocol::{Close, Generation, ReadyState};

use super::line::Line;
use super::place::Place;
use super::{pump, spawn};
use crate::driver::Driver;
use crate::message::Payload;

/// What stands for a browser's socket here.
pub(crate) use super::line::Line as WebSocket;

/// How binary messages are received: here there is one way.
#[derive(Clone, Copy)]
pub(crate) enum BinaryType {
    Arraybuffer,
}

pub(crate) struct Transport {
    line: Rc<Line>,
}

impl Transport {
    /// Begins to connect.
    ///
    /// # Errors
    /// Why there is nothing to try, in words.
    pub(crate) fn open(
        driver: Weak<Driver>,
        generation: Generation,
        url: &str,
        protocols: &[String],
        _: BinaryType,
    ) -> Result<Self, String> {
        let place = Place::new(url, protocols)?;
        let limit = driver.upgrade().map_or(0, |driver| driver.options.receive.bytes);
        let line = Rc::new(Line::new(driver, generation, place.url.clone()));
        spawn::spawn_local(pump::serve(line.clone(), place, limit));
        Ok(Self { line })
    }

    pub(crate) fn generation(&self) -> Generation {
        self.line.generation
    }

    pub(crate) fn socket(&self) -> &WebSocket {
        &self.line
    }

    pub(crate) fn ready_state(&self) -> ReadyState {
        self.line.state()
    }

    pub(crate) fn buffered(&self) -> u64 {
        self.line.buffered()
    }

    pub(crate) fn send(&self, message: &impl Payload) -> Result<(), String> {
        message.transmit(&self.line)
    }

    /// Begins the close handshake. Harmless when it has begun already.
    pub(crate) fn close(&self, close: &Close) {
        self.line.close(close);
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        // The task still sends what it has, and the close frame behind it.
        self.line.leave();
    }
}
