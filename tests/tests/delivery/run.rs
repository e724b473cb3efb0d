//! A run: a server, the proxy before it, those who take part, and the plan carried out.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::future::join_all;
use participant::{Progress, ROOMS, Seen};
use rejoin_test_support::http;
use rejoin_test_support::proxy::Proxy;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::check;
use crate::content::{message, said};
use crate::party::Party;
use crate::plan::{Plan, Round, STEPS, Strike, share};
use crate::rig::server::Server;
use crate::rig::settings;

/// Long enough for any machine; reached only by a run that fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// From one look at the others' progress to the next.
const LOOK: Duration = Duration::from_millis(5);
/// From one step of sending to the next, so that strikes find something on its way.
const STEP: Duration = Duration::from_millis(3);

pub(crate) struct Run {
    plan: Plan,
    // Dropped before the server.
    parties: Vec<Party>,
    proxy: Proxy,
    /// Taken out while it is killed and started again.
    server: Cell<Option<Server>>,
    address: SocketAddr,
    _data: TempDir,
    started: Instant,
}

impl Run {
    pub(crate) async fn start(plan: Plan) -> Self {
        println!("seed {}: {} rounds", plan.seed, plan.rounds.len());
        let data = TempDir::with_prefix("rejoin-delivery-").unwrap();
        let folder = data.path().to_str().unwrap();
        let mut options =
            format!("--data {folder} --chat-rate 1000 --ping-seconds 0.5 --dead-seconds 2 --log warn");
        if plan.pages > 0 {
            options.push_str(&format!(" --app {}", settings::path("REJOIN_DELIVERY_PAGE").display()));
        }
        let server = Server::start(&options.split(' ').collect::<Vec<_>>()).await;
        let proxy = Proxy::start(server.address).await.unwrap();
        let mut parties = Vec::new();
        for _ in 0..plan.natives {
            parties.push(Party::native(proxy.address()));
        }
        let url = format!("http://{}/", proxy.address());
        parties.extend(join_all((0..plan.pages).map(|_| Party::page(&url))).await);
        Self {
            plan,
            parties,
            proxy,
            address: server.address,
            server: Cell::new(Some(server)),
            _data: data,
            started: Instant::now(),
        }
    }

    pub(crate) async fn carry_out(&self) {
        for number in 0..self.plan.rounds.len() {
            self.until("everybody is connected", |progress| progress.live).await;
            self.round(number).await;
        }
        self.until("everybody is connected", |progress| progress.live).await;
    }

    /// Sends a share of everything in steps, and strikes in one of them.
    async fn round(&self, number: usize) {
        let round = self.plan.rounds[number];
        let before = self.progress().await;
        for step in 0..STEPS {
            let sending = self.send_step(number, usize::try_from(step).unwrap());
            let striking = async {
                if step == round.after {
                    sleep(round.delay).await;
                    self.strike(round).await;
                } else {
                    sleep(STEP).await;
                }
            };
            tokio::join!(sending, striking);
        }
        if let Strike::Fault(fault) = round.strike {
            sleep(fault.duration()).await;
        }
        if round.strike.cuts() {
            // Nobody may miss the next one for not having noticed this one yet.
            let again = |at: usize, progress: &Progress| progress.lives > before[at].lives;
            self.until_each("everybody has come back", again).await;
        }
    }

    async fn send_step(&self, round: usize, step: usize) {
        let (at, of) = (round * STEPS as usize + step, self.plan.rounds.len() * STEPS as usize);
        let messages = share(self.plan.messages, at, of);
        let published = share(self.plan.publications, at, of);
        let all = self.parties.iter().enumerate().map(|(party, one)| {
            let (messages, published) = (messages.clone(), published.clone());
            async move {
                one.send(messages.map(message).collect()).await;
                let mine = published.filter(|number| number % self.parties.len() == party);
                let payloads: Vec<_> = mine.map(|number| said(&party.to_string(), number)).collect();
                for room in 0..ROOMS.len() {
                    one.publish(room, payloads.clone()).await;
                }
            }
        });
        join_all(all).await;
    }

    async fn strike(&self, round: Round) {
        match round.strike {
            Strike::Fault(fault) => {
                self.proxy.strike(fault);
            }
            Strike::Kill => {
                let server = self.server.take().unwrap();
                self.server.set(Some(server.kill().await.restart().await));
            }
        }
    }

    async fn progress(&self) -> Vec<Progress> {
        join_all(self.parties.iter().map(Party::progress)).await
    }

    /// Waits until something is so for everybody.
    async fn until(&self, what: &str, so: impl Fn(&Progress) -> bool) {
        self.until_each(what, |_, progress| so(progress)).await;
    }

    async fn until_each(&self, what: &str, so: impl Fn(usize, &Progress) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let all = self.progress().await;
            let ended: Vec<_> = all.iter().filter_map(|progress| progress.ended.clone()).collect();
            assert!(ended.is_empty(), "sessions have ended: {ended:?}\n{}", self.server_said());
            if all.iter().enumerate().all(|(at, progress)| so(at, progress)) {
                return;
            }
            if Instant::now() >= deadline {
                panic!("not within {PATIENCE:?}: {what}: {all:#?}\n{}", self.server_said());
            }
            sleep(LOOK).await;
        }
    }

    fn server_said(&self) -> String {
        let Some(server) = self.server.take() else { return String::new() };
        let said = server.log().text();
        self.server.set(Some(server));
        said
    }

    /// Waits for all entries and receipts.
    async fn until_published(&self) {
        let (parties, all) = (self.parties.len(), self.plan.publications);
        let entries = |progress: &Progress| progress.entries.iter().all(|count| *count >= all);
        self.until("all entries have come", entries).await;
        let least = all / parties * ROOMS.len();
        self.until("all receipts are settled", |progress| progress.settled >= least).await;
    }

    /// Says a last word behind all else: whatever is repeated comes before its echo.
    async fn say_last(&self) {
        let last = message(self.plan.messages);
        join_all(self.parties.iter().map(|party| party.send(vec![last.clone()]))).await;
    }

    async fn seen(&self) -> Vec<Seen> {
        join_all(self.parties.iter().map(Party::seen)).await
    }

    async fn metrics(&self) -> serde_json::Value {
        http::get(self.address, "/api/sessions").await.json()
    }

    pub(crate) async fn check_that_all_arrived(&self) {
        self.say_last().await;
        let all = self.plan.messages + 1;
        self.until("all echoes have come", |progress| progress.echoes >= all).await;
        self.until_published().await;
        let (seen, metrics) = (self.seen().await, self.metrics().await);
        check::channels(&seen, self.plan.publications);
        for one in &seen {
            check::complete_echoes(one, all);
            assert!(one.lost.is_empty(), "an unexplained loss: {:?}", one.lost);
        }
        for (name, due) in
            [("fresh", self.parties.len()), ("kept", 0), ("violations", 0), ("disagreed", 0), ("lost", 0)]
        {
            assert_eq!(metrics[name], due, "{name}: {metrics}");
        }
        self.report(&metrics);
    }

    pub(crate) async fn check_that_losses_are_named(&self) {
        self.say_last().await;
        self.until_published().await;
        // The last word is said after the last restart, so that it comes.
        let last = message(self.plan.messages);
        let deadline = Instant::now() + PATIENCE;
        while self.seen().await.iter().any(|one| one.echoes.last() != Some(&last)) {
            assert!(Instant::now() < deadline, "the last echoes do not come");
            sleep(LOOK).await;
        }
        let (seen, metrics) = (self.seen().await, self.metrics().await);
        check::channels(&seen, self.plan.publications);
        let kills = self.plan.rounds.iter().filter(|round| matches!(round.strike, Strike::Kill)).count();
        let named: usize =
            seen.iter().map(|one| check::named_losses(one, self.plan.messages + 1, kills)).sum();
        println!("{named} messages were named as lost in {kills} kills");
        self.report(&metrics);
    }

    fn report(&self, metrics: &serde_json::Value) {
        println!("{} parties, {:.1} s: {metrics}", self.parties.len(), self.started.elapsed().as_secs_f64());
    }
}
