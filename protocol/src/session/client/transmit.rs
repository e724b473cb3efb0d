//! What goes out: HELLO, then whatever is most urgent.

use alloc::boxed::Box;

use super::{ClientSession, Phase};
use crate::wire::{Body, Bye, Frame, Hello, Resume, SessionId, Target};
use crate::{Refusal, Refused, Time};

/// What may have a frame to transmit.
type Step = fn(&mut ClientSession, Time) -> Option<Frame>;

/// What is asked for a frame, in this order.
const ALL: [Step; 7] = [
    |session, now| session.numbered.next_control(now),
    |session, _| session.subscriptions.next_control(),
    |session, _| session.subscriptions.next_sub(),
    |session, _| session.next_volatile(),
    |session, _| session.calls.as_mut()?.next_frame(),
    ClientSession::next_weighty,
    |session, _| session.next_bye(),
];

/// While the application has not decided over what waits, only what has not waited goes.
const HELD: [Step; 6] = [
    |session, _| session.numbered.next_pulse(),
    |session, now| session.numbered.next_ack(now),
    |session, _| session.subscriptions.next_control(),
    |session, _| session.subscriptions.next_sub(),
    |session, _| session.next_volatile(),
    |session, _| session.next_bye(),
];

impl ClientSession {
    /// The next frame to transmit on the present connection. To be called while the socket takes more: what is not taken
    /// waits here, where a cut does not lose it.
    pub fn poll_transmit(&mut self, now: Time) -> Option<Frame> {
        match self.phase {
            Phase::Greeting { sent: false, deadline } => {
                self.phase = Phase::Greeting { sent: true, deadline };
                Some(self.hello())
            }
            Phase::Greeting { sent: true, .. } => self.subscriptions.next_sub(),
            Phase::Live { .. } => self.next_live(now),
            Phase::Away | Phase::Over => None,
        }
    }

    /// Whether [`poll_transmit`](Self::poll_transmit) has something.
    #[must_use]
    pub fn wants_to_transmit(&self, now: Time) -> bool {
        match self.phase {
            Phase::Greeting { sent, .. } => !sent || self.subscriptions.wants_sub(),
            Phase::Live { .. } => {
                self.reauth.is_some()
                    || self.bye.is_some()
                    || !self.volatile.is_empty()
                    || self.subscriptions.wants_sub()
                    || self.subscriptions.wants_control()
                    || self.numbered.wants_control(now)
                    || (!self.holding
                        && (self.numbered.outbox.has_frame()
                            || self.publications.wants_to_send(now)
                            || self.wants_to_call()))
            }
            Phase::Away | Phase::Over => false,
        }
    }

    fn hello(&mut self) -> Frame {
        let resume =
            self.pair.map(|pair| Resume { id: pair.id, token: pair.token, incarnation: self.incarnation });
        Frame::Hello(Box::new(Hello {
            features: 0,
            resume,
            attempt: self.attempt,
            standing: self.numbered.standing(),
            auth: self.auth.take(),
            protocols: self.config.protocols.clone(),
            max_message: self.numbered.inbox.max_message(),
            client: self.config.client.clone(),
        }))
    }

    /// Control frames first, because much hangs on them and they are small; then calls, publications and messages in
    /// turn.
    fn next_live(&mut self, now: Time) -> Option<Frame> {
        if let Some(token) = self.reauth.take() {
            return Some(Frame::Auth(token));
        }
        let steps: &[Step] = if self.holding { &HELD } else { &ALL };
        steps.iter().find_map(|next| next(self, now))
    }

    fn next_volatile(&mut self) -> Option<Frame> {
        let frame = self.volatile.pop_front()?;
        if let Frame::Volatile { payload, .. } = &frame {
            self.volatile_bytes -= payload.len();
        }
        Some(frame)
    }

    /// A publication or a message, each in its turn while both wait.
    fn next_weighty(&mut self, now: Time) -> Option<Frame> {
        self.publishing = !self.publishing;
        if self.publishing
            && let Some(publish) = self.publications.next_frame(now)
        {
            return Some(Frame::Pub(publish));
        }
        if let Some(data) = self.numbered.next_data(now) {
            return Some(Frame::Data(data));
        }
        self.publications.next_frame(now).map(Frame::Pub)
    }

    fn next_bye(&mut self) -> Option<Frame> {
        // What is still to be acknowledged is lost to those who do not wait before they close.
        self.bye.take().map(|bye| {
            self.phase = Phase::Over;
            Frame::Bye(bye)
        })
    }

    /// Says that the session is over, behind all that may still go now. Nothing is taken any more.
    pub fn finish(&mut self, reason: &str) {
        if self.is_live() {
            let reason = reason.into();
            self.bye = Some(Bye { code: 1000, reason, retry_after: None, last: true });
        } else {
            self.phase = Phase::Over;
        }
    }

    /// Sends what may be lost: it goes with the next frames or not at all. Returns whether it was taken; for a channel, the
    /// feed of the subscription must have begun.
    pub fn volatile(&mut self, to: Option<super::SubscriptionId>, payload: Body) -> bool {
        let target = match to {
            None => Some(Target::Session),
            Some(id) => self.subscriptions.number(id).map(Target::Subscription),
        };
        let room = self.volatile_bytes + payload.len() <= self.config.limits.volatile_bytes;
        match target {
            Some(target) if room && self.is_live() && self.bye.is_none() => {
                self.volatile_bytes += payload.len();
                self.volatile.push_back(Frame::Volatile { target, sender: None, payload });
                true
            }
            _ => false,
        }
    }

    /// Gives the server a fresh token of the application's inside this connection. Does nothing while there is none.
    ///
    /// # Errors
    /// Hands the token back when it is larger than this end's or the server's limit.
    pub fn authenticate(&mut self, token: Body) -> Result<(), Refused<Body>> {
        let limit = match self.phase {
            Phase::Live { .. } => {
                self.config.limits.max_auth.min(usize::try_from(self.max_auth).unwrap_or(usize::MAX))
            }
            _ => self.config.limits.max_auth,
        };
        if token.len() > limit {
            return Err(Refused { message: token, reason: Refusal::TooLarge { limit } });
        }
        if self.is_live() {
            self.reauth = Some(token);
        }
        Ok(())
    }

    /// The session's id, for logs.
    #[must_use]
    pub fn id(&self) -> Option<SessionId> {
        self.pair.map(|pair| pair.id)
    }
}
