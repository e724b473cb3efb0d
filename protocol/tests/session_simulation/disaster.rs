//! What befalls instances and the log.

use crate::chaos::{ROOMS, line_of};
use crate::world::{Happening, World};

impl World {
    /// Something befalls an instance, or the log.
    pub(crate) fn disaster(&mut self) {
        if self.calm {
            return;
        }
        let pause = self.random.between(0, 2 * self.plan.disaster);
        self.after(pause, Happening::Disaster);
        match self.random.between(0, 9) {
            0..=3 => {
                let instance = self.random.between(0, self.instances.len() as u64 - 1) as usize;
                self.kill(instance, "kill");
            }
            4..=6 => {
                let (channel, count) = (self.random.pick(&ROOMS), self.random.between(0, 30) as usize);
                self.log.trim(channel, count);
                self.befall("trim");
            }
            7 | 8 => {
                self.backup = Some(self.log.clone());
                self.befall("backup");
            }
            _ => {
                // Writers write to one log: none goes on over another one's replacement.
                for instance in 0..self.instances.len() {
                    self.kill(instance, "kill");
                }
                if let Some(backup) = self.backup.clone() {
                    self.log = backup;
                    self.befall("restore");
                }
            }
        }
    }

    pub(crate) fn befall(&mut self, what: &'static str) {
        for client in 0..self.clients.len() {
            self.note_client(what, client);
        }
    }

    /// Now and then an instance dies at the worst moment.
    pub(crate) fn struck(&mut self) -> bool {
        let chance = (self.plan.pause * 100 / self.plan.disaster).min(5);
        !self.calm && self.random.percent(chance)
    }

    pub(crate) fn kill(&mut self, instance: usize, what: &'static str) {
        if !self.instances[instance].up {
            return;
        }
        self.befall(what);
        let wires: Vec<_> = self.instances[instance].conns.keys().copied().collect();
        for wire in wires {
            if self.random.percent(70) {
                self.reset(wire);
            } else {
                line_of(self, wire).up.lose();
                self.server_leaves(wire);
            }
        }
        let one = &mut self.instances[instance];
        one.sessions.clear();
        one.writers.clear();
        one.up = false;
        let pause = self.random.between(0, 10 * self.plan.pause);
        self.after(pause, Happening::Up { instance });
    }
}
