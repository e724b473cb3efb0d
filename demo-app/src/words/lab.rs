//! The words of the connection lab.

use crate::figures;
use crate::lab::state::Run;

pub(crate) const LAB: &str = "Lab";
pub(crate) const LAB_TITLE: &str = "Connection lab";
pub(crate) const LAB_INTRO: &str = "Break your own connection and watch what becomes of it. Only this tab is concerned: nobody else notices, and nothing that you write in the chat is lost or said twice.";
pub(crate) const FAULTS: &str = "Break it";
pub(crate) const CUT: &str = "Cut the connection";
pub(crate) const CUT_TEXT: &str = "The server breaks it off without a word, as a lost network does.";
pub(crate) const FREEZE: &str = "Freeze the server for 15 s";
pub(crate) const FREEZE_TEXT: &str =
    "Its end of this connection stays open and answers nothing, until this page gives it up.";
pub(crate) const FORGET: &str = "Make the server forget";
pub(crate) const FORGET_TEXT: &str =
    "As after a restart: the session's messages are gone there, its name stays.";
pub(crate) const GO_OFFLINE: &str = "Go offline";
pub(crate) const COME_BACK: &str = "Come back online";
pub(crate) const OFFLINE_TEXT: &str = "This page acts as if it had no network, until you come back.";

pub(crate) const NUMBERED: &str = "Numbered messages";
pub(crate) const NUMBERED_TEXT: &str = "A hundred a second, and the server sends each one back. Break the connection meanwhile: all come back, once, in order.";
pub(crate) const SEND_NUMBERED: &str = "Send 1,000 messages";
pub(crate) const RUN_SENT: &str = "Sent";
pub(crate) const RUN_BACK: &str = "Came back";
pub(crate) const RUN_TWICE: &str = "Twice";
pub(crate) const RUN_DISORDERED: &str = "Out of order";
pub(crate) const RUN_UNDER_WAY: &str = "Under way";
pub(crate) const RUN_NAMED: &str = "Named as lost";

pub(crate) const COUNTERS: &str = "Counters";
pub(crate) const FRAMES_SENT: &str = "Frames sent";
pub(crate) const FRAMES_RECEIVED: &str = "Frames received";
pub(crate) const FRAMES_UNACKED: &str = "Not acknowledged";
pub(crate) const FRAMES_RESENT: &str = "Sent again";
pub(crate) const WELCOMES: &str = "Welcomes";
pub(crate) const REPEATS: &str = "Repeats refused by the server";
pub(crate) const REPEATS_MISSING: &str =
    "The server does not answer how many repeats it has refused. This page asks again.";

pub(crate) const FRAMES: &str = "Frames";
pub(crate) const FRAMES_TEXT: &str = "What passes while this page is open, newest first.";
pub(crate) const NO_FRAMES: &str = "Nothing has passed yet.";
pub(crate) const TIME: &str = "Time";
pub(crate) const WAY: &str = "Way";
pub(crate) const FRAME: &str = "Frame";
pub(crate) const SAYS: &str = "What it says";
pub(crate) const OUT: &str = "out";
pub(crate) const IN: &str = "in";

/// What stands in the session's way while the lab has taken the network away.
pub(crate) const TAKEN_AWAY: &str = "the lab has taken the network away";

/// What became of the numbered messages of a run that is over.
pub(crate) fn run_over(run: &Run) -> String {
    let whole = |count: u32| figures::whole(count.into());
    let (back, sent) = (run.returned(), whole(run.sent));
    let mut said = if back == run.sent {
        format!("All {sent} came back")
    } else {
        format!("{} of {sent} came back, {} are named as lost", whole(back), whole(run.named))
    };
    match (run.twice, run.disordered) {
        (0, 0) => said.push_str(", each once and in order."),
        (twice, disordered) => {
            said.push_str(&format!(": {} twice, {} out of order.", whole(twice), whole(disordered)));
        }
    }
    said
}
