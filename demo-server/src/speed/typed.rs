//! The streamed speed test: downloads and uploads of a given duration, controlled by JSON.

use std::time::{Duration, Instant};

use demo_messages::flow::{ACKNOWLEDGE_MS, Flow, acknowledges};
use demo_messages::speed::{Event, FILE_REPORT_MS, MAX_DURATION_MS, Refusal, Request, Speed};
use rejoin_server::{Connection, Message, Received, SendError, Sender, Typed, encode};
use tokio::time::{Interval, MissedTickBehavior, sleep_until};

use super::file::File;
use super::transfers::{Sent, Transfers};
use crate::undecodable;

/// The longest time between two reports of an upload in which something came.
const PROGRESS: Duration = Duration::from_millis(ACKNOWLEDGE_MS as u64);
/// Time between two reports of a file.
const FILE_REPORT: Duration = Duration::from_millis(FILE_REPORT_MS as u64);
/// The longest upload, in case that the page forgets to stop it: what was sent within the allowed time may still be under
/// way for a while.
const MAX_UPLOAD: Duration = Duration::from_millis(MAX_DURATION_MS as u64 + 10_000);

/// What runs on a connection.
enum Test {
    Nothing { refused: bool },
    Download { started: Instant, until: Instant, flow: Flow },
    Upload { started: Instant, bytes: u64, last: Instant, reported: u64 },
    Watch { tag: u32, reported: Option<Sent> },
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
    transfers: &'a Transfers,
    sender: Sender,
    test: Test,
    reports: Interval,
}

/// Serves one connection.
pub(crate) async fn serve(file: &File, transfers: &Transfers, connection: Connection) {
    let mut typed = Typed::<Speed>::new(connection);
    let sender = typed.sender();
    let (test, reports) = (Test::Nothing { refused: false }, interval(PROGRESS));
    let mut session = Session { file, transfers, sender, test, reports };
    while session.step(&mut typed).await.is_ok() {}
}

fn interval(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval.reset();
    interval
}

impl Session<'_> {
    /// Does what comes first: a request, the next piece of a download, the next report.
    async fn step(&mut self, typed: &mut Typed<Speed>) -> Result<(), Over> {
        match &mut self.test {
            Test::Nothing { .. } => {
                let received = typed.recv().await.ok_or(Over)?;
                self.take(received).await
            }
            Test::Download { started, until, flow } => {
                let next = flow.next();
                let piece = self.file.piece(flow.sent_bytes(), next.unwrap_or_default());
                tokio::select! {
                    received = typed.recv() => self.take(received.ok_or(Over)?).await,
                    sent = self.sender.send(piece), if next.is_some() => {
                        sent?;
                        flow.sent(started.elapsed());
                        Ok(())
                    }
                    () = sleep_until((*until).into()) => self.stop().await,
                }
            }
            Test::Upload { started, .. } => {
                let started = *started;
                tokio::select! {
                    received = typed.recv() => self.take(received.ok_or(Over)?).await,
                    _ = self.reports.tick() => {
                        if started.elapsed() >= MAX_UPLOAD { self.stop().await } else { self.progress().await }
                    }
                }
            }
            Test::Watch { .. } => {
                tokio::select! {
                    received = typed.recv() => self.take(received.ok_or(Over)?).await,
                    _ = self.reports.tick() => self.file_report().await,
                }
            }
        }
    }

    async fn take(&mut self, received: Received<Request>) -> Result<(), Over> {
        match received {
            Received::Value(Request::Ping { nonce }) => self.say(&Event::Pong { nonce }).await,
            Received::Value(Request::Stop) => self.stop().await,
            Received::Value(Request::Download { duration_ms }) => self.download(duration_ms).await,
            Received::Value(Request::Received { bytes }) => {
                // A count that comes after the end of its download is no mistake of the page's.
                if let Test::Download { started, flow, .. } = &mut self.test {
                    flow.acknowledge(started.elapsed(), bytes);
                }
                Ok(())
            }
            Received::Value(Request::Upload) => self.upload().await,
            Received::Value(Request::Watch { tag }) => {
                if !self.is_idle() {
                    return self.busy().await;
                }
                self.test = Test::Watch { tag, reported: None };
                self.reports = interval(FILE_REPORT);
                Ok(())
            }
            Received::Undecodable { message: Message::Binary(load), .. } => {
                self.load(load.len() as u64).await
            }
            Received::Undecodable { error, .. } => {
                self.sender.close(undecodable::<Speed>(&error));
                Err(Over)
            }
        }
    }

    fn is_idle(&self) -> bool {
        matches!(self.test, Test::Nothing { .. })
    }

    async fn busy(&self) -> Result<(), Over> {
        self.refuse(Refusal::Busy, "a test runs already on this connection").await
    }

    async fn download(&mut self, duration_ms: u32) -> Result<(), Over> {
        if !self.is_idle() {
            return self.busy().await;
        }
        if duration_ms == 0 || duration_ms > MAX_DURATION_MS {
            let reason = format!("the duration must be 1 to {MAX_DURATION_MS} milliseconds");
            return self.refuse(Refusal::BadDuration, &reason).await;
        }
        let started = Instant::now();
        let until = started + Duration::from_millis(duration_ms.into());
        self.test = Test::Download { started, until, flow: Flow::new() };
        Ok(())
    }

    async fn upload(&mut self) -> Result<(), Over> {
        if !self.is_idle() {
            return self.busy().await;
        }
        let started = Instant::now();
        self.test = Test::Upload { started, bytes: 0, last: started, reported: 0 };
        self.reports = interval(PROGRESS);
        Ok(())
    }

    async fn load(&mut self, size: u64) -> Result<(), Over> {
        match &mut self.test {
            Test::Upload { bytes, last, reported, .. } => {
                *bytes += size;
                *last = Instant::now();
                if acknowledges(*reported, *bytes) {
                    return self.progress().await;
                }
            }
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

    /// Reports an upload if more has come since the last report.
    async fn progress(&mut self) -> Result<(), Over> {
        let Test::Upload { started, bytes, last, reported } = &mut self.test else { return Ok(()) };
        if *bytes == *reported {
            return Ok(());
        }
        *reported = *bytes;
        let progress = Event::Progress { bytes: *bytes, micros: micros(*last - *started) };
        self.say(&progress).await
    }

    /// Reports a file if more has been sent since the last report.
    async fn file_report(&mut self) -> Result<(), Over> {
        let Test::Watch { tag, reported } = &mut self.test else { return Ok(()) };
        let sent = self.transfers.sent(*tag);
        if sent == *reported {
            return Ok(());
        }
        *reported = sent;
        match sent {
            Some(Sent { number, bytes }) => self.say(&Event::File { number, bytes }).await,
            None => Ok(()),
        }
    }

    /// Ends what runs. A stop that comes when all is over already is no mistake of the page's.
    async fn stop(&mut self) -> Result<(), Over> {
        match std::mem::replace(&mut self.test, Test::Nothing { refused: false }) {
            Test::Nothing { .. } | Test::Watch { .. } => Ok(()),
            Test::Download { started, flow, .. } => {
                let (bytes, micros) = (flow.sent_bytes(), micros(started.elapsed()));
                self.say(&Event::Downloaded { bytes, micros }).await
            }
            Test::Upload { started, bytes, last, .. } => {
                self.say(&Event::Uploaded { bytes, micros: micros(last - started) }).await
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

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
