//! What comes in.

use super::super::publications::{Agreed, Consequence};
use super::super::{SubscriptionId, Violation, code};
use super::{ClientEvent, ClientSession, Lost, LostReason, Pair, Phase};
use crate::Time;
use crate::wire::{Answer, Frame, Outcome, Target, Welcome};

impl ClientSession {
    /// A frame came over the present connection. On a violation nothing more of the connection is to be handed over, and
    /// it is to be closed with the violation's code; [`ended`](Self::ended) says what follows.
    ///
    /// # Errors
    /// The server's: it broke the protocol.
    pub fn handle(&mut self, now: Time, frame: Frame) -> Result<(), Violation> {
        if let Frame::Bye(bye) = frame {
            self.heard = Some(bye);
            return Ok(());
        }
        match self.phase {
            Phase::Greeting { sent: true, .. } => match frame {
                Frame::Welcome(welcome) => self.welcome(now, &welcome),
                _ => Err(Violation::bad_frame("the first frame of a server is WELCOME")),
            },
            Phase::Live { .. } => {
                let unreleased = self.numbered.outbox.unreleased().0;
                self.live_frame(now, frame)?;
                self.proved |= self.numbered.outbox.unreleased().0 < unreleased;
                Ok(())
            }
            // What is still on its way when this end has done with the connection says nothing to it.
            Phase::Over | Phase::Away => Ok(()),
            Phase::Greeting { sent: false, .. } => {
                Err(Violation::bad_frame("a frame came before HELLO went"))
            }
        }
    }

    fn live_frame(&mut self, now: Time, frame: Frame) -> Result<(), Violation> {
        match frame {
            Frame::Data(data) => {
                self.numbered.data(now, data)?;
                self.tell_message();
            }
            Frame::Ack(ack) => self.numbered.ack(ack)?,
            Frame::Ping(pulse) => self.numbered.ping(&pulse)?,
            Frame::Pong(pulse) => {
                self.numbered.pong(&pulse)?;
                self.events.push_back(ClientEvent::Pong(pulse.nonce));
            }
            Frame::PubAck { channel, number, answer } => self.answered(now, &channel, number, answer)?,
            Frame::Volatile { target: Target::Session, payload, .. } => {
                self.events.push_back(ClientEvent::Volatile(payload));
            }
            Frame::Reply { id, result } => {
                if let Some((id, outcome)) = self.calls.as_mut().and_then(|calls| calls.replied(id, result)) {
                    self.events.push_back(ClientEvent::Called(id, outcome));
                }
            }
            of_feed => {
                if let Some(id) = self.feed_frame(of_feed)?
                    && !matches!(self.events.back(), Some(ClientEvent::Channel(last)) if *last == id)
                {
                    self.events.push_back(ClientEvent::Channel(id));
                }
            }
        }
        Ok(())
    }

    /// A frame of a subscription; says which one has more to tell.
    fn feed_frame(&mut self, frame: Frame) -> Result<Option<SubscriptionId>, Violation> {
        match frame {
            Frame::SubAck { subscription, outcome } => self.subscriptions.started(subscription, outcome),
            Frame::Event(event) => self.subscriptions.event(event),
            Frame::Gap { subscription, at, missing } => self.subscriptions.gap(subscription, at, missing),
            Frame::Unsub { subscription, denial } => self.subscriptions.ended(subscription, denial),
            Frame::Presence { subscription, presence } => self.subscriptions.presence(subscription, presence),
            Frame::Volatile { target: Target::Subscription(number), sender, payload } => {
                self.subscriptions.volatile(number, sender.unwrap_or_default(), payload)
            }
            _ => Err(Violation::bad_frame("a frame came that only a client sends")),
        }
    }

    fn answered(&mut self, now: Time, channel: &str, number: u64, answer: Answer) -> Result<(), Violation> {
        match self.publications.answered(now, channel, number, answer)? {
            Consequence::Nothing => Ok(()),
            Consequence::Settled(publication, settlement) => {
                self.proved = true;
                self.events.push_back(ClientEvent::Settled(publication, settlement));
                Ok(())
            }
            Consequence::Conflict => {
                Err(Violation { code: code::TAKEN_OVER, reason: "two writers share this session's identity" })
            }
            Consequence::LogWentBack => {
                self.give_up_identity();
                self.went_back = true;
                self.fail(Violation { code: code::COUNTERS, reason: "the log has lost what it had taken" });
                Ok(())
            }
        }
    }

    /// The server's answer to HELLO.
    fn welcome(&mut self, now: Time, welcome: &Welcome) -> Result<(), Violation> {
        let same = self.pair.is_some_and(|pair| pair.id == welcome.id);
        match welcome.outcome {
            Outcome::Resumed => {
                if !same || self.incarnation != Some(welcome.incarnation) {
                    return Err(Violation::counters("another session was resumed than was asked for"));
                }
                if !self.numbered.can_resume(&welcome.standing) {
                    return Err(Violation::counters("the server stands where this end can't go on"));
                }
            }
            Outcome::Kept if !same => {
                return Err(Violation::counters("another session was kept than was asked for"));
            }
            Outcome::Kept => self.begin_numbering(LostReason::Kept, welcome),
            Outcome::Fresh => {
                if self.pair.is_some() {
                    self.lose_publications();
                }
                self.begin_numbering(LostReason::Fresh, welcome);
            }
        }
        self.numbered.resume(now, &welcome.standing);
        self.incarnation = Some(welcome.incarnation);
        self.pair =
            Some(Pair { id: welcome.id, token: welcome.token, alias: welcome.alias, attempt: self.attempt });
        let unsent = self.numbered.outbox.agree(welcome.standing.window, welcome.max_message);
        if !unsent.is_empty() {
            let lost = Lost { reason: LostReason::TooLarge, unacked: alloc::vec::Vec::new(), unsent };
            self.events.push_back(ClientEvent::Lost(lost));
        }
        self.publications.agree(Agreed {
            payload: welcome.max_publication,
            // With none a publication would wait for ever.
            publications: welcome.max_publications.max(1),
            channels: welcome.max_channels.max(1),
        });
        self.max_auth = welcome.max_auth;
        self.publications.connected();
        self.phase = Phase::Live { since: now };
        self.auth_retried = false;
        let resumed = welcome.outcome == Outcome::Resumed;
        self.events.push_back(ClientEvent::Live { resumed, protocol: welcome.protocol.clone() });
        Ok(())
    }

    /// Both numberings start anew. It is a loss unless this is the first of all.
    fn begin_numbering(&mut self, reason: LostReason, welcome: &Welcome) {
        let had = self.pair.is_some();
        let unacked = self.numbered.lose(welcome.standing.credit);
        if had {
            // Another identity may be another person's: what waits was not meant to be theirs.
            self.holding |= reason != LostReason::Kept && self.has_waiting();
            self.events.push_back(ClientEvent::Lost(Lost {
                reason,
                unacked,
                unsent: alloc::vec::Vec::new(),
            }));
        }
    }

    fn has_waiting(&self) -> bool {
        self.numbered.outbox.waiting().0 > 0 || self.wants_to_call()
    }

    /// Gives the identity up: the next connection begins a fresh session.
    pub(super) fn give_up_identity(&mut self) {
        self.lose_publications();
        let had = self.pair.take().is_some();
        self.incarnation = None;
        let unacked = self.numbered.lose(0);
        if had {
            self.holding |= self.has_waiting();
            let unsent = alloc::vec::Vec::new();
            self.events.push_back(ClientEvent::Lost(Lost { reason: LostReason::GivenUp, unacked, unsent }));
        }
    }
}
