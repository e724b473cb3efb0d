//! The streamed speed test: downloads and uploads of a given duration, controlled by JSON.

use std::time::{Duration, Instant};

use demo_messages::speed::{Event, MAX_DURATION_MS, Refusal, Request, Speed};
use rejoin_server::{Connection, Message, Received, SendError, Sender, Typed, encode};
use tokio::time::{Interval, MissedTickBehavior};

use super::file::File;
use crate::undecodable;

/// Time between two reports of an upload.
const PROGRESS: Duration = Duration::from_millis(100);
/// The longest upload, in case that the page forgets to stop it.
const MAX_UPLOAD: Duration = Duration::from_millis(MAX_DURATION_MS as u64);

/// What runs on a connection.
enum Test {
    Nothing { refused: bool },
    Download { started: Instant, until: Instant, chunks: u64, bytes: u64 },
    Upload { started: Instant, bytes: u64 },
}

/// The connection is over; the reason is logged by its task.
struct Over;

impl From<SendError> for Over {
    fn from(_: SendError) -> Self {
        Self
    }
}

/// One connection of the streamed test.
struct Session<'a> {
    file: &'a File,
    sender: Sender,
    test: Test,
    progress: Interval,
}

/// Serves one connection.
pub(crate) async fn serve(file: &File, connection: Connection) {
    let mut typed = Typed::<Speed>::new(connection);
    let mut progress = tokio::time::interval(PROGRESS);
    progress.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let sender = typed.sender();
    let mut session = Session { file, sender, test: Test::Nothing { refused: false }, progress };
    while session.step(&mut typed).await.is_ok() {}
}

impl Session<'_> {
    /// Does what comes first: a request, the next piece of a download, the next report of an upload.
    async fn step(&mut self, typed: &mut Typed<Speed>) -> Result<(), Over> {
        match &mut self.test {
            Test::Nothing { .. } => {
                let received = typed.recv().await.ok_or(Over)?;
                self.take(received).await
            }
            Test::Download { until, chunks, bytes, .. } => {
                let piece = self.file.chunk(*chunks);
                let size = piece.len() as u64;
                tokio::select! {
                    received = typed.recv() => self.take(received.ok_or(Over)?).await,
                    // Room in the small send queue is the pace: the socket takes what the link carries.
                    sent = self.sender.send(piece) => {
                        sent?;
                        *chunks += 1;
                        *bytes += size;
                        if Instant::now() >= *until { self.stop().await } else { Ok(()) }
                    }
                }
            }
            Test::Upload { started, bytes } => {
                let (started, bytes) = (*started, *bytes);
                tokio::select! {
                    received = typed.recv() => self.take(received.ok_or(Over)?).await,
                    _ = self.progress.tick() => {
                        if started.elapsed() >= MAX_UPLOAD {
                            return self.stop().await;
                        }
                        self.say(&Event::Progress { bytes, micros: micros(started) }).await
                    }
                }
            }
        }
    }

    async fn take(&mut self, received: Received<Request>) -> Result<(), Over> {
        match received {
            Received::Value(Request::Ping { nonce }) => self.say(&Event::Pong { nonce }).await,
            Received::Value(Request::Stop) => self.stop().await,
            Received::Value(Request::Download { duration_ms }) => self.download(duration_ms).await,
            Received::Value(Request::Upload) => self.upload().await,
            Received::Undecodable { message: Message::Binary(load), .. } => {
                self.load(load.len() as u64).await
            }
            Received::Undecodable { error, .. } => {
                self.sender.close(undecodable::<Speed>(&error));
                Err(Over)
            }
        }
    }

    async fn download(&mut self, duration_ms: u32) -> Result<(), Over> {
        if !matches!(self.test, Test::Nothing { .. }) {
            return self.refuse(Refusal::Busy, "a test runs already on this connection").await;
        }
        if duration_ms == 0 || duration_ms > MAX_DURATION_MS {
            let reason = format!("the duration must be 1 to {MAX_DURATION_MS} milliseconds");
            return self.refuse(Refusal::BadDuration, &reason).await;
        }
        let started = Instant::now();
        let until = started + Duration::from_millis(duration_ms.into());
        self.test = Test::Download { started, until, chunks: 0, bytes: 0 };
        Ok(())
    }

    async fn upload(&mut self) -> Result<(), Over> {
        if !matches!(self.test, Test::Nothing { .. }) {
            return self.refuse(Refusal::Busy, "a test runs already on this connection").await;
        }
        self.test = Test::Upload { started: Instant::now(), bytes: 0 };
        self.progress.reset();
        Ok(())
    }

    async fn load(&mut self, size: u64) -> Result<(), Over> {
        match &mut self.test {
            Test::Upload { bytes, .. } => *bytes += size,
            // Once is enough: what follows was most likely under way already.
            Test::Nothing { refused: true } => {}
            test => {
                if let Test::Nothing { refused } = test {
                    *refused = true;
                }
                return self.refuse(Refusal::NotUploading, "no upload was announced").await;
            }
        }
        Ok(())
    }

    /// Ends what runs. A stop that comes when all is over already is no mistake of the page's.
    async fn stop(&mut self) -> Result<(), Over> {
        match std::mem::replace(&mut self.test, Test::Nothing { refused: false }) {
            Test::Nothing { .. } => Ok(()),
            Test::Download { started, bytes, .. } => {
                self.say(&Event::Downloaded { bytes, micros: micros(started) }).await
            }
            Test::Upload { started, bytes } => {
                self.say(&Event::Uploaded { bytes, micros: micros(started) }).await
            }
        }
    }

    async fn refuse(&self, code: Refusal, reason: &str) -> Result<(), Over> {
        self.say(&Event::Refused { code, reason: reason.to_owned() }).await
    }

    async fn say(&self, event: &Event) -> Result<(), Over> {
        let message = encode::<Speed>(event).map_err(|error| {
            tracing::error!("an event of the speed test can't be written: {error}");
            Over
        })?;
        Ok(self.sender.send(message).await?)
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
