//! The client's subscriptions: where each stands in its channel, and how much it takes ahead of the application.

mod listing;
mod members;
mod one;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

pub(crate) use one::SLOW;
pub use one::{ChannelEvent, SubscriptionId};
use one::{DONE, Stage, Subscription};

use super::message::FRAME_COST;
use super::{SessionLimits, Violation};
use crate::wire::{
    Alias, Body, Denial, Event, Frame, Member, Missing, Position, Presence, Since, SubOutcome, Subscribe,
};
use crate::{Refusal, Refused};

#[derive(Debug)]
pub(crate) struct Subscriptions {
    all: Vec<Subscription>,
    /// Of the next SUB on this connection.
    next_number: u64,
    next_id: u64,
    window: u64,
    most: usize,
    volatile_bytes: usize,
    presence_bytes: usize,
    /// Members of a channel that are kept, and their bytes.
    members: (usize, u64),
    /// The numbers of those to be ended on this connection.
    unwanted: Vec<u64>,
}

impl Subscriptions {
    pub(crate) fn new(limits: &SessionLimits) -> Self {
        Self {
            all: Vec::new(),
            next_number: 0,
            next_id: 0,
            window: limits.subscription_window,
            most: limits.subscriptions,
            volatile_bytes: limits.volatile_bytes,
            presence_bytes: limits.presence_bytes,
            members: (limits.members, limits.member_bytes.max(limits.presence_bytes as u64)),
            unwanted: Vec::new(),
        }
    }

    fn by_id(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.all.iter().find(|subscription| subscription.id == id)
    }

    fn by_id_mut(&mut self, id: SubscriptionId) -> Option<&mut Subscription> {
        self.all.iter_mut().find(|subscription| subscription.id == id)
    }

    /// The subscription of a number; `None` for one that was given up meanwhile.
    #[inline(never)]
    fn by_number(&mut self, number: u64) -> Result<Option<&mut Subscription>, Violation> {
        if number >= self.next_number {
            return Err(Violation::bad_frame("a frame names a subscription that was never asked for"));
        }
        let live = |subscription: &&mut Subscription| {
            subscription.number == number && matches!(subscription.stage, Stage::Asked | Stage::Started)
        };
        Ok(self.all.iter_mut().find(live))
    }

    pub(crate) fn subscribe(&mut self, channel: &str, since: Since) -> Result<SubscriptionId, Refused<()>> {
        if self.all.len() >= self.most {
            return Err(Refused { message: (), reason: Refusal::TooMany { limit: self.most } });
        }
        let id = SubscriptionId(self.next_id);
        self.next_id += 1;
        self.all.push(Subscription {
            id,
            channel: channel.into(),
            since,
            presence: None,
            stage: Stage::Wanted,
            position: None,
            number: 0,
            arrived: 0,
            told: 0,
            queue: VecDeque::new(),
            queued: 0,
            volatile: 0,
            members: None,
            members_told: false,
            relist: false,
        });
        Ok(id)
    }

    pub(crate) fn unsubscribe(&mut self, id: SubscriptionId) {
        let Some(index) = self.all.iter().position(|subscription| subscription.id == id) else { return };
        let subscription = self.all.swap_remove(index);
        if matches!(subscription.stage, Stage::Asked | Stage::Started) {
            self.unwanted.push(subscription.number);
        }
    }

    /// The number of a subscription on this connection, once its feed has begun.
    pub(crate) fn number(&self, id: SubscriptionId) -> Option<u64> {
        let subscription = self.by_id(id)?;
        (subscription.stage == Stage::Started).then_some(subscription.number)
    }

    pub(crate) fn position(&self, id: SubscriptionId) -> Option<Position> {
        self.by_id(id)?.position
    }

    /// The next thing to tell a subscriber.
    pub(crate) fn take(&mut self, id: SubscriptionId) -> Option<ChannelEvent> {
        let window = self.window;
        let subscription = self.by_id_mut(id)?;
        let event = subscription.queue.pop_front()?;
        match &event {
            ChannelEvent::Entry { payload, .. } => subscription.queued -= payload.len() as u64 + FRAME_COST,
            ChannelEvent::Members => subscription.members_told = false,
            ChannelEvent::Volatile { payload, .. } => {
                subscription.volatile -= payload.len() + FRAME_COST as usize;
            }
            _ => {}
        }
        if subscription.stage == Stage::Resting && subscription.queued <= window / 2 {
            subscription.stage = Stage::Wanted;
        }
        Some(event)
    }

    pub(crate) fn has_event(&self, id: SubscriptionId) -> bool {
        self.by_id(id).is_some_and(|subscription| !subscription.queue.is_empty())
    }

    /// A connection has begun: each is asked for anew, from where it stands.
    pub(crate) fn connected(&mut self) {
        self.unwanted.clear();
        self.next_number = 0;
        for subscription in &mut self.all {
            if subscription.stage != Stage::Ended {
                subscription.stage = Stage::Wanted;
            }
            subscription.relist = false;
        }
    }

    /// The connection has ended: nobody is known to be there.
    pub(crate) fn disconnected(&mut self) {
        for subscription in &mut self.all {
            if subscription.members.as_mut().is_some_and(|members| members.clear()) {
                Self::tell_members(subscription);
            }
        }
    }

    /// The session has ended for good: names each of them, for what it has to tell.
    pub(crate) fn end(&mut self, denial: &Denial, mut tell: impl FnMut(SubscriptionId)) {
        for subscription in &mut self.all {
            if subscription.stage != Stage::Ended {
                subscription.ended(denial.clone());
            }
            tell(subscription.id);
        }
    }

    /// SUB, if one is to go: these may go before WELCOME.
    pub(crate) fn next_sub(&mut self) -> Option<Frame> {
        let window = self.window;
        let number = self.next_number;
        let subscription = self.all.iter_mut().find(|subscription| subscription.stage == Stage::Wanted)?;
        self.next_number += 1;
        subscription.stage = Stage::Asked;
        subscription.number = number;
        subscription.arrived = 0;
        subscription.told = 0;
        subscription.told = subscription.credit(window);
        Some(Frame::Sub(Subscribe {
            subscription: number,
            channel: subscription.channel.clone(),
            since: subscription.since(),
            credit: subscription.told,
            presence: subscription.presence.clone(),
        }))
    }

    /// UNSUB, PRESENCE or CREDIT, if one is to go.
    pub(crate) fn next_control(&mut self) -> Option<Frame> {
        if let Some(subscription) = self.unwanted.pop() {
            let denial = Denial { code: DONE, reason: String::new() };
            return Some(Frame::Unsub { subscription, denial });
        }
        let window = self.window;
        for subscription in &mut self.all {
            if subscription.stage != Stage::Started {
                continue;
            }
            let number = subscription.number;
            if core::mem::take(&mut subscription.relist)
                && let Some(about) = subscription.presence.clone()
            {
                let presence = Presence::Changed(Member { alias: 0, about });
                return Some(Frame::Presence { subscription: number, presence });
            }
            if let Some(credit) = subscription.more_credit(window) {
                subscription.told = credit;
                return Some(Frame::Credit { subscription: number, credit });
            }
        }
        None
    }

    pub(crate) fn wants_sub(&self) -> bool {
        self.all.iter().any(|subscription| subscription.stage == Stage::Wanted)
    }

    pub(crate) fn wants_control(&self) -> bool {
        let window = self.window;
        !self.unwanted.is_empty()
            || self.all.iter().any(|subscription| {
                subscription.stage == Stage::Started
                    && (subscription.relist || subscription.more_credit(window).is_some())
            })
    }

    /// The answer to SUB.
    pub(crate) fn started(
        &mut self,
        number: u64,
        outcome: SubOutcome,
    ) -> Result<Option<SubscriptionId>, Violation> {
        let Some(subscription) = self.by_number(number)? else { return Ok(None) };
        if subscription.stage != Stage::Asked {
            return Err(Violation::bad_frame("a subscription was answered twice"));
        }
        subscription.stage = Stage::Started;
        match outcome {
            SubOutcome::Started { at, recovered } => {
                match subscription.position {
                    None => subscription.push(ChannelEvent::Started(at)),
                    Some(asked) if asked.offset != at.offset || !recovered => {
                        return Err(Violation::counters("a feed goes on elsewhere than it was asked to"));
                    }
                    Some(_) => {}
                }
                subscription.position = Some(at);
            }
            SubOutcome::Gap { at, missing } => {
                if subscription.position.is_none() {
                    subscription.push(ChannelEvent::Started(at));
                }
                subscription.position = Some(at);
                subscription.push(ChannelEvent::Gap { at, missing });
            }
            SubOutcome::Refused(denial) => subscription.ended(denial),
        }
        Ok(Some(subscription.id))
    }

    /// An entry.
    pub(crate) fn event(&mut self, event: Event) -> Result<Option<SubscriptionId>, Violation> {
        let Some(subscription) = self.by_number(event.subscription)? else { return Ok(None) };
        let Some(position) = &mut subscription.position else {
            return Err(Violation::bad_frame("an entry came before the subscription was answered"));
        };
        if subscription.stage != Stage::Started || subscription.arrived >= subscription.told {
            return Err(Violation::bad_frame("an entry came for which there was no credit"));
        }
        if event.distance == 0 || event.offset.checked_sub(event.distance) != Some(position.offset) {
            return Err(Violation::counters("an entry is not the next of its channel"));
        }
        position.offset = event.offset;
        if let Some(epoch) = event.epoch {
            position.epoch = epoch;
        }
        let position = *position;
        let cost = event.payload.len() as u64 + FRAME_COST;
        subscription.arrived += cost;
        subscription.queued += cost;
        subscription.push(ChannelEvent::Entry {
            position,
            time: event.time,
            publisher: event.publisher,
            number: event.number,
            payload: event.payload,
        });
        Ok(Some(subscription.id))
    }

    /// Entries are missing.
    pub(crate) fn gap(
        &mut self,
        number: u64,
        at: Position,
        missing: Missing,
    ) -> Result<Option<SubscriptionId>, Violation> {
        let Some(subscription) = self.by_number(number)? else { return Ok(None) };
        if subscription.stage != Stage::Started {
            return Err(Violation::bad_frame("a gap came before the subscription was answered"));
        }
        subscription.position = Some(at);
        subscription.push(ChannelEvent::Gap { at, missing });
        Ok(Some(subscription.id))
    }

    /// The server ends a subscription.
    pub(crate) fn ended(&mut self, number: u64, denial: Denial) -> Result<Option<SubscriptionId>, Violation> {
        let window = self.window;
        let Some(subscription) = self.by_number(number)? else { return Ok(None) };
        if denial.code == SLOW {
            let room = subscription.queued <= window / 2;
            subscription.stage = if room { Stage::Wanted } else { Stage::Resting };
        } else {
            subscription.ended(denial);
        }
        Ok(Some(subscription.id))
    }

    /// A volatile message of another subscriber. One that has no room drops those before it.
    pub(crate) fn volatile(
        &mut self,
        number: u64,
        sender: Alias,
        payload: Body,
    ) -> Result<Option<SubscriptionId>, Violation> {
        let most = self.volatile_bytes;
        let Some(subscription) = self.by_number(number)? else { return Ok(None) };
        let cost = payload.len() + FRAME_COST as usize;
        if cost > most {
            return Ok(None);
        }
        subscription.drop_volatile(most - cost);
        subscription.volatile += cost;
        subscription.push(ChannelEvent::Volatile { sender, payload });
        Ok(Some(subscription.id))
    }
}

#[cfg(test)]
mod tests;
