//! A log over another one that fails, stalls or answers late on command.

use std::future::ready;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rejoin_protocol::wire::{Answer, Position, SessionId, Since};
use rejoin_server::log::{Append, Entry, Log, LogError, Piece, Start};
use tokio::sync::watch;

/// The calls of a log that can meet a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are named as the log's methods are")]
pub enum LogCall {
    Append,
    Locate,
    Read,
    ReadBack,
    Channels,
    Tail,
    Knows,
    Touch,
    Trim,
}

const CALLS: usize = LogCall::Trim as usize + 1;

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogFault {
    /// It does nothing and is answered with this error at once.
    Fail(LogError),
    /// It does nothing until [`FaultLog::resume`]; then it is done and answered.
    Stall,
    /// It is done at once and answered after [`FaultLog::resume`].
    Hold,
}

/// A log that does what the one below it does, but for the calls that meet a fault.
#[derive(Debug)]
pub struct FaultLog<L> {
    log: L,
    /// For each call the fault that the next ones meet, and how many of them.
    faults: watch::Sender<[Option<(LogFault, usize)>; CALLS]>,
    /// How often the faults were ended.
    resumed: watch::Sender<u64>,
}

impl<L: Default> Default for FaultLog<L> {
    fn default() -> Self {
        Self::over(L::default())
    }
}

impl<L> FaultLog<L> {
    /// A log without faults so far.
    pub fn over(log: L) -> Self {
        Self { log, faults: watch::Sender::default(), resumed: watch::Sender::default() }
    }

    /// The log below, on which no fault has an effect.
    pub fn log(&self) -> &L {
        &self.log
    }

    /// From now on so many calls of a kind meet this fault, `usize::MAX` for all.
    pub fn strike(&self, call: LogCall, fault: LogFault, times: usize) {
        self.faults.send_modify(|faults| faults[call as usize] = (times > 0).then_some((fault, times)));
    }

    /// Waits until as many calls of a kind as may have met their fault.
    pub async fn met(&self, call: LogCall) {
        // The sender is here, so that there is no end but this.
        let mut faults = self.faults.subscribe();
        let _met = faults.wait_for(|faults| faults[call as usize].is_none()).await;
    }

    /// Ends all faults: no call meets one any more, and those that wait go on.
    pub fn resume(&self) {
        self.faults.send_replace(Default::default());
        self.resumed.send_modify(|resumed| *resumed += 1);
    }

    fn take(&self, call: LogCall) -> Option<LogFault> {
        let mut taken = None;
        self.faults.send_if_modified(|faults| {
            let Some((fault, times)) = &mut faults[call as usize] else { return false };
            taken = Some(fault.clone());
            *times -= 1;
            if *times == 0 {
                faults[call as usize] = None;
            }
            true
        });
        taken
    }

    fn call<'a, T: Send + 'a>(
        &'a self,
        call: LogCall,
        act: impl FnOnce() -> BoxFuture<'a, Result<T, LogError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, LogError>> {
        let mut resumed = self.resumed.subscribe();
        let resume = async move {
            // The sender is borrowed, so that there is no end but this.
            let _resumed = resumed.changed().await;
        };
        match self.take(call) {
            None => act(),
            Some(LogFault::Fail(error)) => Box::pin(ready(Err(error))),
            Some(LogFault::Stall) => Box::pin(async move {
                resume.await;
                act().await
            }),
            Some(LogFault::Hold) => {
                let answer = act();
                Box::pin(async move {
                    resume.await;
                    answer.await
                })
            }
        }
    }
}

impl<L: Log> Log for FaultLog<L> {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Answer, LogError>> {
        self.call(LogCall::Append, || self.log.append(append))
    }

    fn locate(&self, channel: &str, since: Since) -> BoxFuture<'_, Result<Start, LogError>> {
        let channel = channel.to_owned();
        self.call(LogCall::Locate, move || self.log.locate(&channel, since))
    }

    fn read(&self, channel: &str, behind: Position, max: usize) -> BoxFuture<'_, Result<Piece, LogError>> {
        let channel = channel.to_owned();
        self.call(LogCall::Read, move || self.log.read(&channel, behind, max))
    }

    fn read_back(
        &self,
        channel: &str,
        before: u64,
        count: usize,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, LogError>> {
        let channel = channel.to_owned();
        self.call(LogCall::ReadBack, move || self.log.read_back(&channel, before, count, max_bytes))
    }

    fn channels(&self, behind: &str, most: usize) -> BoxFuture<'_, Result<Vec<String>, LogError>> {
        let behind = behind.to_owned();
        self.call(LogCall::Channels, move || self.log.channels(&behind, most))
    }

    fn tail(&self, channel: &str) -> BoxFuture<'_, Result<watch::Receiver<Position>, LogError>> {
        let channel = channel.to_owned();
        self.call(LogCall::Tail, move || self.log.tail(&channel))
    }

    fn publisher_life(&self) -> Duration {
        self.log.publisher_life()
    }

    fn knows(&self, publisher: SessionId) -> BoxFuture<'_, Result<bool, LogError>> {
        self.call(LogCall::Knows, move || self.log.knows(publisher))
    }

    fn touch(&self, publisher: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        self.call(LogCall::Touch, move || self.log.touch(publisher))
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), LogError>> {
        self.call(LogCall::Trim, || self.log.trim())
    }
}
