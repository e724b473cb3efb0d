//! The peer's HTTP side: help, statistics, commands.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::ledger::{Command, Ledger, Record};
use rejoin_test_support::request::RequestHead;

/// How long a request for statistics waits for its condition.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the peer can do, for a person.
#[must_use]
pub fn help() -> &'static str {
    "WebSocket behaviours, by path:
  /echo                                   sends back what comes
  /close?code=&reason=&after=&after_ms=   echoes, closes after so many messages, or after a time; with hold_ms=
                                          the TCP connection ends so much later
  /close-without-code?after=&after_ms=    the same with an empty close frame
  /cut?after=                             echoes, resets TCP after so many messages (0: once open)
  /refuse?status=403                      answers the handshake with an HTTP error
  /silent-handshake                       never answers the handshake
  /accept-then-close?code=1012            closes as soon as it is open
  /no-close-answer                        never answers a close frame
  /black-hole                             reads nothing, answers nothing
  /burst?count=&size=&kind=text|binary|mixed   sends numbered messages, then echoes
  /pick?name=                             answers with this subprotocol, offered or not; none if empty
  /pong?stop_after=                       answers the text ping with pong, so often
  /slow-reader?rate=                      reads so many bytes a second (0: none), counts like /sink
  /session?auth=&fresh=&quiet=&mute=&unanswered=&refuse_hello=CODE&times=&cut_every=   speaks rejoin.v1: sends messages
                                          back, answers calls, keeps logs; see tests/src/peer/session
  /sink                                   counts; answers the text stats with messages, bytes, in_order
Every path takes key= (under which it is counted), tag= (listed), refuse_first=N&status= (the key's first N fail).

HTTP:
  /stats?key=&until=field.le.N,field.ge.N   counts as JSON, once they are so (504 after 15 s)
  /command?key=&do=cut|close|say|resume|forget|trim|deaf&code=&reason=&text=   acts on the key's open connections
  /finish?key=                              ends the key's connections, those still to come as well
"
}

pub(super) async fn serve(mut stream: TcpStream, head: &RequestHead, ledger: &Ledger) {
    let (status, kind, body) = match head.path.as_str() {
        "/" => ("200 OK", "text/plain", help().to_owned()),
        "/stats" => stats(head, ledger).await,
        "/finish" => {
            ledger.page(head.key()).finish();
            ("200 OK", "text/plain", String::new())
        }
        "/command" => match command(head) {
            Ok(command) => {
                ledger.page(head.key()).command(command);
                ("200 OK", "text/plain", String::new())
            }
            Err(what) => ("400 Bad Request", "text/plain", what),
        },
        path => ("404 Not Found", "text/plain", format!("there is no {path}: GET / lists what is")),
    };
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nAccess-Control-Allow-Origin: *\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // A client that went meanwhile needs no answer.
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn stats(head: &RequestHead, ledger: &Ledger) -> (&'static str, &'static str, String) {
    let conditions = match head.text("until").unwrap_or_default() {
        "" => Vec::new(),
        text => match text.split(',').map(Condition::read).collect() {
            Ok(conditions) => conditions,
            Err(what) => return ("400 Bad Request", "text/plain", what),
        },
    };
    let mut watch = ledger.page(head.key()).watch();
    let holds = |record: &Record| conditions.iter().all(|condition| condition.holds(record));
    let waited = tokio::time::timeout(PATIENCE, watch.wait_for(holds)).await;
    let status = if waited.is_ok() { "200 OK" } else { "504 Gateway Timeout" };
    drop(waited);
    let body = serde_json::json!(*watch.borrow()).to_string();
    (status, "application/json", body)
}

struct Condition {
    read: fn(&Record) -> u64,
    at_least: bool,
    bound: u64,
}

impl Condition {
    fn read(text: &str) -> Result<Self, String> {
        let wrong = || format!("until={text}: use field.le.N or field.ge.N");
        let mut parts = text.split('.');
        let (Some(field), Some(order), Some(bound), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let read: fn(&Record) -> u64 = match field {
            "attempts" => |record| record.attempts,
            "alive" => |record| record.alive,
            "opened" => |record| record.opened,
            "open_now" => |record| record.open_now,
            "codes" => |record| record.codes.len() as u64,
            "batches" => |record| record.batches,
            "messages" => |record| record.messages,
            "texts" => |record| record.texts.len() as u64,
            _ => {
                return Err(format!(
                    "{field} can't be waited for: use attempts, alive, opened, open_now, codes, batches, messages, texts"
                ));
            }
        };
        let at_least = match order {
            "ge" => true,
            "le" => false,
            _ => return Err(wrong()),
        };
        Ok(Self { read, at_least, bound: bound.parse().map_err(|_| wrong())? })
    }

    fn holds(&self, record: &Record) -> bool {
        let value = (self.read)(record);
        if self.at_least { value >= self.bound } else { value <= self.bound }
    }
}

fn command(head: &RequestHead) -> Result<Command, String> {
    match head.text("do").unwrap_or_default() {
        "cut" => Ok(Command::Cut),
        "close" => {
            let reason = head.text("reason").unwrap_or_default().to_owned();
            let frame = match head.text("code") {
                None => None,
                Some(_) => Some((head.number("code", 1000)?, reason)),
            };
            Ok(Command::Close(frame))
        }
        "say" => Ok(Command::Say(head.text("text").unwrap_or_default().to_owned())),
        "resume" => Ok(Command::Resume),
        "forget" => Ok(Command::Forget),
        "trim" => Ok(Command::Trim),
        "deaf" => Ok(Command::Deaf),
        other => Err(format!("do={other}: use cut, close, say, resume, forget, trim or deaf")),
    }
}
