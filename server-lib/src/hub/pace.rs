//! How fast a session may do what costs others, over all its connections.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::HubSettings;
use crate::{Bucket, Rate};

/// The buckets of a session. They outlive a connection, so that coming back gives nothing new.
#[derive(Debug)]
pub(super) struct Pace {
    publish: Mutex<Option<Bucket>>,
    /// Publications that the log had already or did not look at.
    repeat: Mutex<Option<Bucket>>,
    volatile: Mutex<Option<Bucket>>,
    change: Mutex<Option<Bucket>>,
    subscribe: Mutex<Option<Bucket>>,
    call: Mutex<Option<Bucket>>,
}

impl Pace {
    pub(super) fn new(settings: &HubSettings) -> Self {
        let now = Instant::now();
        let bucket = |rate: Option<Rate>| Mutex::new(rate.map(|rate| Bucket::new(rate, now)));
        Self {
            publish: bucket(settings.publish_rate),
            repeat: bucket(settings.publish_rate.map(repeats)),
            volatile: bucket(settings.volatile_rate),
            change: bucket(settings.change_rate),
            subscribe: bucket(settings.subscribe_rate),
            call: bucket(settings.call_rate),
        }
    }

    pub(super) fn publish(&self) -> bool {
        take(&self.publish)
    }

    /// The log had the publication already, or did not look at it: it costs nothing, unless there are very many such.
    pub(super) fn unpublish(&self) {
        if !take(&self.repeat) {
            return;
        }
        if let Some(bucket) = &mut *self.publish.lock().unwrap_or_else(PoisonError::into_inner) {
            bucket.give_back();
        }
    }

    pub(super) fn volatile(&self) -> bool {
        take(&self.volatile)
    }

    pub(super) fn change(&self) -> bool {
        take(&self.change)
    }

    pub(super) fn subscribe(&self) -> bool {
        take(&self.subscribe)
    }

    pub(super) fn call(&self) -> bool {
        take(&self.call)
    }
}

/// How often publications may be repeated for nothing: after a cut, a client repeats all that it has no answer to.
fn repeats(publications: Rate) -> Rate {
    Rate { per_second: publications.per_second * 10.0, burst: publications.burst.saturating_mul(10) }
}

fn take(bucket: &Mutex<Option<Bucket>>) -> bool {
    let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
    bucket.as_mut().is_none_or(|bucket| bucket.take(Instant::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cost_nothing_is_given_back_and_no_more() {
        let publish_rate = Some(Rate { per_second: 0.001, burst: 2 });
        let pace = Pace::new(&HubSettings { publish_rate, ..HubSettings::default() });
        assert!(pace.publish() && pace.publish() && !pace.publish());
        pace.unpublish();
        assert!(pace.publish() && !pace.publish());
    }

    #[test]
    fn endless_repetitions_cost_what_publications_do() {
        let publish_rate = Some(Rate { per_second: 0.001, burst: 2 });
        let pace = Pace::new(&HubSettings { publish_rate, ..HubSettings::default() });
        let repeated = (0..100).filter(|_| pace.publish()).inspect(|_| pace.unpublish()).count();
        assert_eq!(repeated, 20 + 2);
    }
}
