//! What becomes of a message that does not simply arrive.

use crate::rig::chat::{TEXTS, chatter};
use crate::rig::server::Server;

/// Spoils the name of a field in what the page says, where it says this, so that the server can't read it.
/// Firefox's driver runs scripts where the page's bytes can be handed on, and not be changed.
pub(crate) const SPOIL: &str = r#"const send = WebSocket.prototype.send;
    window.unspoil = () => { WebSocket.prototype.send = send; };
    WebSocket.prototype.send = function (data) {
        const at = new TextDecoder('latin1').decode(data).indexOf('"text":"Spoilt');
        const whole = new Blob([data]);
        return send.call(this, at < 0 ? data : new Blob([whole.slice(0, at + 1), 'x', whole.slice(at + 2)]));
    };"#;

/// Notes when this has been said to the server.
const LISTEN: &str = "const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        send.call(this, data);
        if (new TextDecoder('latin1').decode(data).includes('In doubt')) window.transmitted = true;
    };";

/// Leads every attempt to a path where there is nothing.
const ASTRAY: &str = "const kept = window.kept = window.WebSocket;
    window.WebSocket = function (url, protocols) {
        return new kept(url.replace('/ws/session', '/ws/nothing'), protocols);
    };
    window.WebSocket.prototype = kept.prototype;";

#[tokio::test]
async fn a_message_that_the_server_refuses_says_so_and_can_be_tried_again() {
    let server = Server::start(&[]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let page = ada.page();
    page.script(SPOIL, vec![]).await;
    page.say("Spoilt on the way").await;
    page.shows(".failed", "Not delivered").await;
    page.say("And another").await;
    page.marked("And another", "delivered").await;
    page.script("window.unspoil()", vec![]).await;
    page.press(".failed", "Try again").await;
    page.marked("Spoilt on the way", "delivered").await;
    assert_eq!(page.texts(TEXTS).await, ["And another", "Spoilt on the way"]);
    assert_eq!(page.texts(".failed").await, [""; 0]);
}

#[tokio::test]
async fn a_message_whose_fate_nobody_knows_any_more_says_so_and_is_not_sent_again_by_itself() {
    // One that keeps nothing: after a restart it can't say what it had taken.
    let server = Server::start(&[]).await;
    let ada = chatter(&server.url("/"), "Ada").await;
    let page = ada.page();
    page.say("Before").await;
    page.marked("Before", "delivered").await;
    server.freeze();
    page.script(LISTEN, vec![]).await;
    page.say("In doubt").await;
    page.until("it has been transmitted", "return window.transmitted === true", &[]).await;
    page.marked("In doubt", "sending").await;
    let gone = server.kill().await;
    page.connection_is("Reconnecting").await;
    page.say("Written later").await;
    let _server = gone.restart().await;
    page.connection_is("Connected").await;
    page.marked("Written later", "delivered").await;
    page.shows(".failed", "can't be learned any more").await;
    page.shows(".between", "the server has started anew").await;
    page.press(".failed", "Try again").await;
    page.marked("In doubt", "delivered").await;
    assert_eq!(page.texts(TEXTS).await, ["Before", "Written later", "In doubt"]);
}

#[tokio::test]
async fn a_page_that_comes_back_later_than_another_shows_what_a_server_that_forgot_all_has_heard_since() {
    let server = Server::start(&[]).await;
    let url = server.url("/");
    let ada = chatter(&url, "Ada").await;
    ada.page().say("Before").await;
    ada.page().marked("Before", "delivered").await;
    let gone = server.kill().await;
    ada.page().connection_is("Reconnecting").await;
    // It does not come back before there is something that it has not seen.
    ada.page().script(ASTRAY, vec![]).await;
    let _server = gone.restart().await;
    let bob = chatter(&url, "Bob").await;
    bob.page().say("After, one").await;
    bob.page().say("After, two").await;
    bob.page().marked("After, two", "delivered").await;
    ada.page().script("window.WebSocket = window.kept", vec![]).await;
    ada.page().connection_is("Connected").await;
    ada.page().hears("After, two").await;
    ada.page().shows(".between", "the server has started anew").await;
    assert_eq!(ada.page().texts(TEXTS).await, ["Before", "After, one", "After, two"]);
    bob.page().say("And on").await;
    ada.page().hears("And on").await;
    assert_eq!(ada.page().texts(TEXTS).await, ["Before", "After, one", "After, two", "And on"]);
}
