//! The probe: small messages to the echo and back, one at a time, on a connection of their own.

use std::cell::Cell;

use gloo_timers::future::TimeoutFuture;
use rejoin::Socket;

use super::super::report::{Direction, Report, Trouble};
use super::{link, now_ms, report};

/// How long an answer may take without load before the test counts as broken. Under load the load itself is watched.
const ANSWER_SECONDS: u32 = 20;
/// From one probe to the next under load, in milliseconds. Where the answer takes more than half of it, twice as long as the
/// answer took: probes are to take little of a slow line.
const EVERY_MS: f64 = 150.0;

/// A connection to the echo.
pub(super) struct Probe {
    socket: Socket,
    number: u32,
    /// When the probe under way was sent, and the longest time so far in this phase.
    under_way: Cell<Option<f64>>,
    longest: Cell<f64>,
}

impl Probe {
    pub(super) async fn connect(url: String) -> Result<Self, Trouble> {
        let socket = link::connect(url, None).await?;
        Ok(Self { socket, number: 0, under_way: Cell::new(None), longest: Cell::new(0.0) })
    }

    /// Measures for so long without load.
    pub(super) async fn idle(&mut self, duration_ms: f64, probes: f64) -> Result<(), Trouble> {
        let until = now_ms() + duration_ms;
        while now_ms() < until {
            link::within(ANSWER_SECONDS, self.once(None, duration_ms / probes)).await?;
        }
        Ok(())
    }

    /// Measures under load until it is dropped, or hands back why it can't.
    pub(super) async fn under_load(&mut self, direction: Direction) -> Trouble {
        self.longest.set(0.0);
        loop {
            if let Err(trouble) = self.once(Some(direction), EVERY_MS).await {
                return trouble;
            }
        }
    }

    /// The load has ended while a probe was under way: if it has waited for longer than any answer took, its wait is
    /// the best that is known of a delay which would else not be seen at all.
    pub(super) fn load_ended(&mut self, direction: Direction) {
        if let Some(sent) = self.under_way.take() {
            let ms = now_ms() - sent;
            if ms > self.longest.get() {
                report(&Report::RoundTrip { under: Some(direction), ms });
            }
        }
    }

    async fn once(&mut self, under: Option<Direction>, every_ms: f64) -> Result<(), Trouble> {
        self.number += 1;
        let probe = format!("probe {}", self.number);
        let start = now_ms();
        self.under_way.set(Some(start));
        self.socket.send(&probe).await.map_err(|_| link::ended(&self.socket))?;
        loop {
            let answer = link::next(&mut self.socket).await?;
            // Of an earlier phase there may still be an answer on its way.
            if answer.to_text().as_deref() == Some(&probe) {
                break;
            }
        }
        let ms = now_ms() - start;
        self.under_way.set(None);
        self.longest.set(self.longest.get().max(ms));
        report(&Report::RoundTrip { under, ms });
        let rest = (every_ms - ms).max(if under.is_some() { ms } else { 0.0 });
        if rest > 0.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a part of every_ms, or as long as an answer took"
            )]
            TimeoutFuture::new(rest as u32).await;
        }
        Ok(())
    }
}
