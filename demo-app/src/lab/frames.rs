//! A frame in words: its name, and what it says, without what proves the session.

use demo_messages::room::Room;
use rejoin::session::inspect::{Answer, Frame, Outcome, Presence, SubOutcome, VolatileTarget};
use rejoin::session::{Body, Since};

/// The longest piece of a payload that is shown, in characters.
const PIECE: usize = 60;

/// The name of a frame and what it says.
pub(crate) fn told(frame: &Frame) -> (&'static str, String) {
    match frame {
        Frame::Hello(hello) => ("HELLO", {
            let what = if hello.resume.is_some() { "resume my session" } else { "a new session" };
            format!("{what}; connection {}, next expected {}", hello.attempt, hello.standing.received)
        }),
        Frame::Welcome(welcome) => ("WELCOME", {
            let what = match welcome.outcome {
                Outcome::Resumed => "resumed",
                Outcome::Kept => "kept: same identity, messages forgotten",
                Outcome::Fresh => "a new session",
            };
            format!("{what}; next expected {}", welcome.standing.received)
        }),
        Frame::Data(data) => ("DATA", piece(&data.payload)),
        Frame::Ack(ack) => ("ACK", format!("all below {} released", ack.released)),
        Frame::Ping(pulse) => {
            ("PING", format!("next {}, all below {} released", pulse.next, pulse.ack.released))
        }
        Frame::Pong(pulse) => {
            ("PONG", format!("next {}, all below {} released", pulse.next, pulse.ack.released))
        }
        Frame::Volatile { target, payload, .. } => ("VOLATILE", {
            let to = match target {
                VolatileTarget::Session => "to the other end".to_owned(),
                VolatileTarget::Subscription(number) => format!("feed {number}"),
            };
            format!("{to}: {}", piece(payload))
        }),
        Frame::Call { id, payload, .. } => ("CALL", format!("question {id}: {}", piece(payload))),
        Frame::Reply { id, result: Ok(payload) } => ("REPLY", format!("to {id}: {}", piece(payload))),
        Frame::Reply { id, result: Err(denial) } => ("REPLY", format!("to {id}: denied, {}", denial.reason)),
        Frame::Cancel { id } => ("CANCEL", format!("question {id}")),
        Frame::Auth(_) => ("AUTH", "another token".to_owned()),
        Frame::Bye(bye) => ("BYE", format!("{} {}", bye.code, bye.reason)),
        frame => of_channel(frame),
    }
}

fn of_channel(frame: &Frame) -> (&'static str, String) {
    match frame {
        Frame::Sub(sub) => ("SUB", {
            let since = match sub.since {
                Since::Now => "from now on".to_owned(),
                Since::Last(count) => format!("the last {count}"),
                Since::All => "all".to_owned(),
                Since::Position(position) => format!("behind {}", position.offset),
            };
            format!("feed {}: {}, {since}", sub.subscription, place(&sub.channel))
        }),
        Frame::Unsub { subscription, denial } => {
            ("UNSUB", format!("feed {subscription}: {} {}", denial.code, denial.reason))
        }
        Frame::SubAck { subscription, outcome } => ("SUBACK", {
            let what = match outcome {
                SubOutcome::Started { at, .. } => format!("begins behind {}", at.offset),
                SubOutcome::Gap { at, .. } => format!("a gap; goes on behind {}", at.offset),
                SubOutcome::Refused(denial) => format!("refused, {}", denial.reason),
            };
            format!("feed {subscription}: {what}")
        }),
        Frame::Event(event) => (
            "EVENT",
            format!("feed {}, entry {}: {}", event.subscription, event.offset, piece(&event.payload)),
        ),
        Frame::Gap { subscription, at, .. } => {
            ("GAP", format!("feed {subscription}: goes on behind {}", at.offset))
        }
        Frame::Credit { subscription, credit } => {
            ("CREDIT", format!("feed {subscription}: up to {credit} bytes"))
        }
        Frame::Presence { subscription, presence } => ("PRESENCE", {
            let what = match presence {
                Presence::Full(all) => format!("{} there", all.len()),
                Presence::Joined(_) => "somebody came".to_owned(),
                Presence::Left(_) => "somebody left".to_owned(),
                Presence::Changed(_) => "somebody changed".to_owned(),
                Presence::Refused(denial) => format!("not listed: {}", denial.reason),
            };
            format!("feed {subscription}: {what}")
        }),
        Frame::Pub(publish) => (
            "PUB",
            format!("{}, my number {}: {}", place(&publish.channel), publish.number, piece(&publish.payload)),
        ),
        Frame::PubAck { channel, number, answer } => ("PUBACK", {
            let what = match answer {
                Answer::Appended(at) => format!("entry {}", at.offset),
                Answer::Already(at) => format!("was there already, as entry {}", at.offset),
                Answer::Refused(denial) => format!("refused, {}", denial.reason),
                Answer::Conflict => "two writers have this number".to_owned(),
                Answer::Expected(number) => format!("expected {number}"),
                Answer::RetryAfter(millis) => format!("again after {millis} ms"),
            };
            format!("{}, my number {number}: {what}", place(channel))
        }),
        other => ("?", piece_of(&format!("{other:?}"))),
    }
}

/// A channel as a person calls it.
fn place(channel: &str) -> String {
    Room::of_channel(channel).map_or_else(|| channel.to_owned(), |Room(room)| format!("#{room}"))
}

/// The beginning of a payload, if it is text, else how long it is.
fn piece(body: &Body) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => piece_of(text),
        Err(_) => format!("{} bytes", body.len()),
    }
}

fn piece_of(text: &str) -> String {
    match text.char_indices().nth(PIECE) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_name_and_a_few_words() {
        let call = Frame::Call { id: 3, timeout: 10, payload: Body::from("how many?") };
        assert_eq!(told(&call), ("CALL", "question 3: how many?".to_owned()));
        let long = Frame::Reply { id: 3, result: Ok(Body::from("é".repeat(61).as_str())) };
        assert_eq!(told(&long).1, format!("to 3: {}\u{2026}", "é".repeat(60)));
        let odd = Frame::Reply { id: 3, result: Ok(Body::from(b"\xff\xfe")) };
        assert_eq!(told(&odd).1, "to 3: 2 bytes");
    }

    #[test]
    fn what_authenticates_is_never_shown() {
        assert!(!told(&Frame::Auth(Body::from("secret"))).1.contains("secret"));
    }

    #[test]
    fn a_room_is_called_by_its_name() {
        let frame = Frame::PubAck { channel: "room/tea".into(), number: 2, answer: Answer::Expected(1) };
        assert_eq!(told(&frame), ("PUBACK", "#tea, my number 2: expected 1".to_owned()));
    }
}
