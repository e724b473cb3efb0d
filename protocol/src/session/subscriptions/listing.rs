//! Being listed as a subscriber, and knowing who else is.

use super::Subscriptions;
use super::members;
use super::one::{ChannelEvent, Stage, Subscription, SubscriptionId};
use crate::session::{Violation, code};
use crate::wire::{Body, Denial, Member, Presence, Since};
use crate::{Refusal, Refused};

impl Subscriptions {
    /// Follows a channel and is listed there.
    pub(crate) fn subscribe_as(
        &mut self,
        channel: &str,
        since: Since,
        about: Body,
    ) -> Result<SubscriptionId, Refused<Body>> {
        let subscribed = match self.too_large(&about) {
            Some(reason) => Err(reason),
            None => self.subscribe(channel, since).map_err(|refused| refused.reason),
        };
        match subscribed {
            Ok(id) => self.set_presence(id, about).map(|()| id),
            Err(reason) => Err(Refused { message: about, reason }),
        }
    }

    /// Lists the subscriber with something else.
    pub(crate) fn set_presence(&mut self, id: SubscriptionId, about: Body) -> Result<(), Refused<Body>> {
        if let Some(reason) = self.too_large(&about) {
            return Err(Refused { message: about, reason });
        }
        match self.by_id_mut(id) {
            Some(subscription) if subscription.stage != Stage::Ended => {
                subscription.presence = Some(about);
                subscription.members.get_or_insert_with(members::begin);
                subscription.relist = matches!(subscription.stage, Stage::Asked | Stage::Started);
                Ok(())
            }
            _ => Err(Refused { message: about, reason: Refusal::Closed }),
        }
    }

    fn too_large(&self, about: &Body) -> Option<Refusal> {
        let limit = self.presence_bytes;
        (about.len() > limit).then_some(Refusal::TooLarge { limit })
    }

    pub(crate) fn members(&self, id: SubscriptionId) -> &[Member] {
        self.by_id(id)
            .and_then(|subscription| subscription.members.as_ref())
            .map_or(&[], |members| members.all())
    }

    pub(super) fn tell_members(subscription: &mut Subscription) {
        if !subscription.members_told {
            subscription.members_told = true;
            subscription.push(ChannelEvent::Members);
        }
    }

    /// Who is there.
    pub(crate) fn presence(
        &mut self,
        number: u64,
        presence: Presence,
    ) -> Result<Option<SubscriptionId>, Violation> {
        let most = self.members;
        let Some(subscription) = self.by_number(number)? else { return Ok(None) };
        // Only who is listed is told, and others have nothing to tell it with.
        let Some(members) = &mut subscription.members else { return Ok(None) };
        let id = subscription.id;
        let change = match presence {
            Presence::Refused(denial) => {
                subscription.not_listed(denial);
                return Ok(Some(id));
            }
            change => change,
        };
        if members.apply(change, most) {
            Self::tell_members(subscription);
        } else {
            // The others and the session go on.
            let reason = "too many members".into();
            subscription.ended(Denial { code: code::TOO_MANY, reason });
            self.unwanted.push(number);
        }
        Ok(Some(id))
    }
}
