//! Random histories, with restarts, second writers, trimming and restores, against a plain model.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rejoin_protocol::wire::{Answer, Body, Position, Since};
use rejoin_server::log::{Append, Log, Piece, Retention, Verdict};
use rejoin_test_support::Random;

use crate::model::{Channel, Model};
use crate::rig::{Rig, Settings, denial, publisher};

const STEPS: usize = 400;
const CHANNELS: [&str; 2] = ["room", "hall"];

/// Each seed is a history, and a failure names it.
pub(crate) async fn random_histories<R: Rig>(first: R) {
    drop(first);
    for seed in 0..R::HISTORIES {
        let rig = R::open(Settings::default()).await;
        let second = rig.writer();
        let model = Model::default();
        History {
            rig,
            second,
            model,
            seen: BTreeSet::new(),
            saved: None,
            random: Random::new(seed),
            seed,
            drawn: 0,
        }
        .run()
        .await;
    }
}

struct History<R: Rig> {
    rig: R,
    second: Box<dyn Log>,
    model: Model,
    /// All positions that were ever told, those of lost entries too.
    seen: BTreeSet<(&'static str, Position)>,
    saved: Option<(R::Saved, Model)>,
    random: Random,
    seed: u64,
    /// So that ids differ between histories of a restored log, as random ones do.
    drawn: u64,
}

impl<R: Rig> History<R> {
    async fn run(mut self) {
        for step in 0..STEPS {
            match self.random.below(100) {
                0..60 => self.publish(step).await,
                60..85 => self.follow(step).await,
                85..91 => self.restart().await,
                91..95 => self.trim().await,
                95..98 => self.saved = Some((self.rig.backup().await, self.model.clone())),
                _ => self.restore().await,
            }
        }
        self.restart().await;
        for channel in CHANNELS {
            self.compare(channel, Position::default(), STEPS).await;
        }
    }

    fn append(&mut self, channel: &'static str) -> Append {
        let who = self.random.below(3) as u8;
        let row = self.model.row(channel, who);
        let number = match self.random.below(10) {
            0..6 => row.next(),
            6..9 => self.random.below(row.next() + 1),
            _ => row.next() + 1 + self.random.below(2),
        };
        self.drawn += 1;
        let id = match row.id(number) {
            Some(id) if self.random.below(10) > 0 => id,
            _ => self.drawn,
        };
        let settled = match self.random.below(20) {
            0 => number + 1,
            1..6 => self.random.below(number + 1),
            _ => 0,
        };
        let verdict = match self.random.below(10) {
            0 => Verdict::Refuse(denial()),
            1 => Verdict::Later(Duration::from_millis(5)),
            _ => Verdict::Take,
        };
        let payload = Body::from(format!("{channel} {who} {number} {id}").as_str());
        Append {
            channel: channel.into(),
            publisher: publisher(who),
            alias: u64::from(who),
            number,
            settled,
            id,
            payload,
            verdict,
        }
    }

    async fn publish(&mut self, step: usize) {
        let channel = CHANNELS[self.random.below(2) as usize];
        let append = self.append(channel);
        let writer = self.random.below(2);
        let log = if writer == 0 { self.rig.log() } else { &*self.second };
        let answer = log.append(append.clone()).await.unwrap();
        if let Answer::Appended(position) = answer {
            self.seen.insert((channel, position));
        }
        let expected = self.model.append(writer, &append, &answer);
        assert_eq!(answer, expected, "seed {}, step {step}: {append:?}", self.seed);
    }

    async fn follow(&mut self, step: usize) {
        let channel = CHANNELS[self.random.below(2) as usize];
        let asked: Vec<Position> =
            self.seen.iter().filter(|(of, _)| *of == channel).map(|(_, position)| *position).collect();
        let asked = match asked.len() {
            0 => Position::default(),
            some => asked[self.random.below(some as u64) as usize],
        };
        self.compare(channel, asked, step).await;
    }

    async fn compare(&mut self, channel: &'static str, asked: Position, step: usize) {
        let seed = self.seed;
        let unknown = Channel::default();
        let model = self.model.channels.get(channel).unwrap_or(&unknown);
        let at = model.start(asked);
        let start = self.rig.log().locate(channel, Since::Position(asked)).await.unwrap();
        assert_eq!(start.at, at, "seed {seed}, step {step}: {asked:?}");
        assert_eq!(start.recovered, at == asked, "seed {seed}, step {step}: {asked:?}");
        let tail = self.rig.log().locate(channel, Since::Now).await.unwrap();
        assert_eq!(tail.at, model.tail(), "seed {seed}, step {step}");
        // From the start that was told, all that follows comes.
        match self.second.read(channel, at, usize::MAX).await.unwrap() {
            Piece::Entries(entries) => {
                let told: Vec<_> =
                    entries.iter().map(|entry| (entry.position, entry.payload.clone())).collect();
                assert_eq!(told, model.behind(at.offset), "seed {seed}, step {step}: {at:?}");
            }
            gap @ Piece::Gap(..) => panic!("seed {seed}, step {step}: {gap:?} at {at:?}"),
        }
    }

    async fn restart(&mut self) {
        self.rig.restart().await;
        self.second = self.rig.writer();
        self.model.restart();
    }

    async fn trim(&mut self) {
        let kept = self.random.below(12);
        let mut retention = Retention::everything();
        retention.entries = Some(kept);
        self.rig.retain(retention).await;
        self.second = self.rig.writer();
        self.model.restart();
        self.rig.log().trim().await.unwrap();
        self.model.channels.values_mut().for_each(|channel| channel.trim(kept));
    }

    async fn restore(&mut self) {
        let Some((saved, model)) = self.saved.clone() else { return };
        self.rig.restore(saved).await;
        self.second = self.rig.writer();
        self.model = model;
        self.model.restart();
    }
}

/// What a model needs of a map with defaults.
pub(crate) fn or_default<K: Ord + Clone, V: Default + Clone>(map: &BTreeMap<K, V>, key: &K) -> V {
    map.get(key).cloned().unwrap_or_default()
}
