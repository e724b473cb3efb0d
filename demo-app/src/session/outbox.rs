//! What the person has said goes into the session, each message once, and its fate comes back.

use std::collections::HashSet;

use demo_messages::room::Said;
use rejoin::session::{Receipt, SessionHandle};
use rejoin_yew::UseSessionHandle;
use yew::platform::spawn_local;
use yew::prelude::*;

use super::{ChatHandle, Dispatch};
use crate::chat::outbox::{Outgoing, PublishedAs, Stage, Ticket};
use crate::chat::state::ChatAction;
use crate::link::Link;
use crate::wire;

/// Hands what is to be sent to the session, which sees to it over any cut. While the session is over it waits here until
/// the person reconnects.
#[hook]
pub(super) fn use_outbox(wire: &UseSessionHandle, chat: &ChatHandle, name: Option<&str>, link: &Link) {
    let (wire, dispatcher) = (wire.clone(), chat.dispatcher());
    let name = name.map(str::to_owned);
    // What was handed over, since a rendering may show the outbox as it was before.
    let handed = use_mut_ref(HashSet::<(Ticket, u32)>::new);
    let deps = (chat.outbox.clone(), link.is_over(), *link == Link::Idle);
    use_effect_with(deps, move |(outbox, over, _)| {
        let (Some(session), Some(name), false) = (wire.handle(), name, *over) else { return };
        let mut handed = handed.borrow_mut();
        handed.retain(|(ticket, _)| outbox.iter().any(|message| message.ticket == *ticket));
        for message in outbox.iter().filter(|message| message.stage == Stage::ToSend) {
            if handed.contains(&(message.ticket, message.round)) {
                continue;
            }
            if hand(&session, &name, message, &dispatcher) {
                handed.insert((message.ticket, message.round));
            }
        }
    });
}

/// Waits for a message's fate.
pub(super) fn follow(receipt: Receipt, ticket: Ticket, chat: Dispatch) {
    spawn_local(async move {
        let outcome = wire::outcome(receipt).await;
        chat.dispatch(ChatAction::Settled { ticket, outcome });
    });
}

/// Publishes a message. False if the session is over: its next state brings it here again.
fn hand(session: &SessionHandle, name: &str, message: &Outgoing, chat: &Dispatch) -> bool {
    let ticket = message.ticket;
    let said = Said { name: name.to_owned(), text: message.text.clone() };
    match wire::say(session, &message.room, &said) {
        Some(Ok(receipt)) => {
            let alias = session.pair().map(|pair| pair.alias);
            let published = PublishedAs { alias, number: receipt.number() };
            chat.dispatch(ChatAction::Handed { ticket, published });
            follow(receipt, ticket, chat.clone());
        }
        Some(Err(why)) => chat.dispatch(ChatAction::NotTaken { ticket, why }),
        None => return false,
    }
    true
}
