//! The connection lab: each fault ends in a connection, and nothing is lost or there twice.

use crate::rig::browser::Browser;
use crate::rig::chat::{TEXTS, chatter};
use crate::rig::page::Page;
use crate::rig::server::Server;

impl Page<'_> {
    /// Goes to another page of the app.
    async fn go(&self, path: &str, title: &str) {
        self.click(&format!(".rail a[href='{path}']")).await;
        self.shows("h1", title).await;
    }

    /// A figure of the lab by its name; -1 if it is not there.
    pub(crate) async fn figure(&self, name: &str) -> i64 {
        let body = "const figure = [...document.querySelectorAll('.lab-figure')]
            .find(f => f.querySelector('dt').textContent === arguments[0]);
            return figure ? Number(figure.querySelector('dd').textContent.replaceAll(/\\D/g, '')) : -1";
        self.script(body, vec![name.into()]).await.as_i64().unwrap()
    }

    /// Waits until a figure of the lab is at least this, for as long as it grows: how fast it does is the machine's.
    pub(crate) async fn figure_reaches(&self, name: &str, value: i64) {
        let body = "return [...document.querySelectorAll('.lab-figure')].some(f =>
            f.querySelector('dt').textContent === arguments[0]
            && Number(f.querySelector('dd').textContent.replaceAll(/\\D/g, '')) >= arguments[1])";
        loop {
            let next = value.min(self.figure(name).await.saturating_add(1));
            let what = format!("{name} grows to {next}, on its way to {value}");
            self.until(&what, body, &[name.into(), next.into()]).await;
            if next == value {
                return;
            }
        }
    }

    /// Presses a fault's button while numbered messages are under way, and waits for the connection after it.
    async fn breaks_by(&self, button: &str, happened: &str) {
        let welcomes = self.figure("Welcomes").await;
        self.press(".lab", "Send 1,000 messages").await;
        self.figure_reaches("Came back", 50).await;
        self.press(".faults", button).await;
        self.figure_reaches("Welcomes", welcomes + 1).await;
        self.connection_is("Connected").await;
        self.shows(".time-line", happened).await;
    }

    async fn nothing_is_repeated(&self) {
        assert_eq!((self.figure("Twice").await, self.figure("Out of order").await), (0, 0));
    }
}

async fn in_lab(server: &Server) -> Browser {
    let browser = chatter(&server.url("/"), "Ada").await;
    let page = browser.page();
    page.say("Before").await;
    page.marked("Before", "delivered").await;
    page.go("/lab", "Connection lab").await;
    page.figure_reaches("Welcomes", 1).await;
    browser
}

#[tokio::test]
async fn a_cut_and_a_freeze_cost_nothing() {
    let server = Server::start(&[]).await;
    let browser = in_lab(&server).await;
    let page = browser.page();
    for button in ["Cut the connection", "Freeze the server for 15 s"] {
        page.breaks_by(button, "Connected: the session goes on").await;
        page.figure_reaches("Came back", 1_000).await;
        page.nothing_is_repeated().await;
        assert_eq!(page.figure("Named as lost").await, 0, "{button}");
    }
    // With nothing else under way, what passes at a return stays in sight.
    let welcomes = page.figure("Welcomes").await;
    page.press(".faults", "Cut the connection").await;
    page.figure_reaches("Welcomes", welcomes + 1).await;
    page.shows(".frames .frame-name", "HELLO").await;
    page.shows(".frames .frame-says", "resumed").await;
    page.go("/chat", "#general").await;
    page.say("After").await;
    page.marked("After", "delivered").await;
    assert_eq!(page.texts(TEXTS).await, ["Before", "After"]);
    assert_eq!(browser.errors().await, [""; 0]);
}

#[tokio::test]
async fn a_server_that_forgets_the_session_costs_no_message_of_a_room() {
    let server = Server::start(&[]).await;
    let browser = in_lab(&server).await;
    let page = browser.page();
    page.breaks_by("Make the server forget", "goes on with its identity").await;
    page.figure_reaches("Sent", 1_000).await;
    page.nothing_is_repeated().await;
    page.go("/chat", "#general").await;
    page.say("After").await;
    page.marked("After", "delivered").await;
    assert_eq!(page.texts(TEXTS).await, ["Before", "After"]);
    assert_eq!(page.texts(".failed").await, [""; 0]);
}

#[tokio::test]
async fn a_page_that_goes_offline_sends_what_was_written_when_it_comes_back() {
    let server = Server::start(&[]).await;
    let browser = in_lab(&server).await;
    let page = browser.page();
    page.press(".faults", "Go offline").await;
    page.connection_is("Reconnecting").await;
    page.go("/chat", "#general").await;
    page.say("Said offline").await;
    page.marked("Said offline", "waits for the connection").await;
    page.go("/lab", "Connection lab").await;
    page.press(".faults", "Come back online").await;
    page.connection_is("Connected").await;
    page.go("/chat", "#general").await;
    page.marked("Said offline", "delivered").await;
    assert_eq!(page.texts(TEXTS).await, ["Before", "Said offline"]);
}

#[tokio::test]
async fn who_comes_by_the_labs_address_sees_what_passes_as_well() {
    let server = Server::start(&[]).await;
    let browser = Browser::open(&server.url("/lab")).await;
    browser.page().shows(".frames .frame-name", "HELLO").await;
    browser.page().shows(".frames .frame-name", "WELCOME").await;
}
