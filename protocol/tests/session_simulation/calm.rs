//! The quiet after the faults, in which all must come to rest; and the bounds that hold at each step.

use crate::network::Way;
use crate::world::World;

impl World {
    /// Nothing breaks any more, and every application reads.
    pub(crate) fn be_calm(&mut self) {
        self.calm = true;
        let now = self.now;
        for client in 0..self.clients.len() {
            let one = &mut self.clients[client];
            one.fast = true;
            one.frozen_until = one.frozen_until.min(now);
            one.session.let_go();
            if one.stopped {
                self.connect_after(client, 0);
            }
            self.tend(client);
        }
        for instance in 0..self.instances.len() {
            let ids: Vec<_> = self.instances[instance].sessions.keys().copied().collect();
            for id in ids {
                self.instances[instance].sessions.get_mut(&id).unwrap().fast = true;
            }
        }
    }

    /// Who still waits for something, if anybody does.
    pub(crate) fn unrest(&mut self) -> Option<String> {
        for client in 0..self.clients.len() {
            let one = &mut self.clients[client];
            one.session.let_go();
            one.read_all(self.now, &mut self.ledger, &self.history);
            self.tend(client);
        }
        for instance in 0..self.instances.len() {
            let ids: Vec<_> = self.instances[instance].sessions.keys().copied().collect();
            for id in ids {
                self.server_takes(instance, id, usize::MAX);
                if let Some(wire) = self.instances[instance].sessions[&id].wire {
                    self.pump_server(wire);
                }
            }
        }
        (0..self.clients.len()).find_map(|client| self.client_unrest(client))
    }

    fn client_unrest(&self, client: usize) -> Option<String> {
        let one = &self.clients[client];
        let restless = |what: &str| Some(format!("client {client} {what}"));
        if !one.session.is_live() {
            return restless("is not live");
        }
        if !one.session.is_drained() {
            return restless(&format!(
                "has not sent all: {:?}, {:?}",
                one.session.queued(),
                one.session.unanswered()
            ));
        }
        if !one.published.is_empty() || !one.calls.is_empty() {
            return restless("waits for an answer");
        }
        for follower in one.followers.iter().filter(|one| !one.over) {
            let tail = self.log.tail(&follower.channel);
            if follower.at.map(|(at, _)| at.offset) != Some(tail.offset) {
                return restless(&format!(
                    "is behind in {}: {:?}, not {tail:?}",
                    follower.channel, follower.at
                ));
            }
        }
        let Some(incarnation) = one.incarnation else { return restless("has no numbering") };
        if !one.arrived.is_empty() || !self.ledger.is_complete(incarnation, Way::Up) {
            return restless("is not heard out");
        }
        let id = one.session.pair()?.id;
        let mut holder = self.instances.iter().filter_map(|instance| instance.sessions.get(&id));
        let Some(held) = holder.find(|held| held.session.incarnation() == incarnation) else {
            return restless("is not known to a server");
        };
        if held.session.queued() != ((0, 0), (0, 0)) || held.session.untaken() > 0 {
            return restless(&format!("is still to be told {:?}", held.session.queued()));
        }
        if !self.ledger.is_complete(incarnation, Way::Down) {
            return restless("has not heard all");
        }
        None
    }

    pub(crate) fn check_servers(&self) {
        for instance in &self.instances {
            for held in instance.sessions.values() {
                let ((_, waiting), (_, unreleased)) = held.session.queued();
                let most = self.plan.server.queue_bytes;
                assert!(
                    waiting + unreleased <= most + 32 * (most >> 10) + 32,
                    "{waiting} + {unreleased} queued"
                );
                let inbox = self.plan.server.window + self.plan.server.max_message;
                assert!(held.session.untaken() <= inbox + 32 * (inbox >> 10) + 64);
            }
            for conn in instance.conns.values() {
                let Some(machine) = &conn.machine else { continue };
                assert!(machine.backlog().0 <= 8_192, "{:?} wait", machine.backlog());
            }
            let current = |id: &_, held: &crate::server::Held| {
                let mine = instance.conns.values().filter(|conn| conn.id == Some(*id));
                mine.filter(|conn| conn.machine.as_ref().is_some_and(|one| one.is_current(&held.session)))
                    .count()
            };
            assert!(instance.sessions.iter().all(|(id, held)| current(id, held) <= 1), "two are served");
        }
    }
}
