//! Tokio's clock and one timer on it. A test that pauses tokio's clock pauses this one.

use std::cell::{Cell, OnceCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use rejoin_protocol::Time;
use tokio::time::{Instant, Sleep, sleep_until};

use super::spawn::spawn_local;

thread_local! {
    /// The beginning of this thread's time, which nothing here leaves.
    static START: OnceCell<Instant> = const { OnceCell::new() };
    static SYSTEM_START: OnceCell<std::time::Instant> = const { OnceCell::new() };
}

fn start() -> Instant {
    START.with(|start| *start.get_or_init(Instant::now))
}

/// Now, by the clock that never goes back.
pub(crate) fn now() -> Time {
    let since = Instant::now().saturating_duration_since(start());
    Time::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// What the clock on the wall shows. A paused clock of tokio's stands still, or leaps: that is no sleep, so that the wall clock goes
/// along with it, apart from what it differs by from the system's own monotonic clock.
pub(crate) fn wall_clock() -> Time {
    let wall = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let real = SYSTEM_START.with(|start| start.get_or_init(std::time::Instant::now).elapsed());
    now() + wall.saturating_sub(real)
}

/// Whom a timer tells.
pub(crate) trait Timed: 'static {
    /// The moment has come, or is long past.
    fn timeout(&self);
}

/// A timer that is set for one moment at a time and tells its owner.
pub(crate) struct Timer(Rc<Setting>);

#[derive(Default)]
struct Setting {
    at: Cell<Option<Time>>,
    gone: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Timer {
    pub(crate) fn new<T: Timed>(owner: Weak<T>) -> Self {
        let setting = Rc::new(Setting::default());
        let mut task = Task { setting: setting.clone(), sleep: None };
        spawn_local(poll_fn(move |context| {
            loop {
                if task.setting.gone.get() {
                    return Poll::Ready(());
                }
                std::task::ready!(task.poll_due(context));
                match owner.upgrade() {
                    Some(owner) => owner.timeout(),
                    None => return Poll::Ready(()),
                }
            }
        }));
        Self(setting)
    }

    /// Sets the timer for a moment, or stops it. The one set before is forgotten.
    pub(crate) fn set(&self, _now: Time, at: Option<Time>) {
        if self.0.at.replace(at) != at {
            self.0.wake();
        }
    }

    /// To be called when the timer has fired: it may be set for the same moment again.
    pub(crate) fn fired(&self) {
        self.0.at.set(None);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.gone.set(true);
        self.0.wake();
    }
}

impl Setting {
    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// What sleeps until the moment that is set.
struct Task {
    setting: Rc<Setting>,
    sleep: Option<(Time, Pin<Box<Sleep>>)>,
}

impl Task {
    /// Ready when the moment has come, and never while there is none.
    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.setting.waker.set(Some(context.waker().clone()));
        let Some(at) = self.setting.at.get() else {
            self.sleep = None;
            return Poll::Pending;
        };
        let moment = start() + Duration::from_micros(at.as_micros());
        let (set_for, sleep) = self.sleep.get_or_insert_with(|| (at, Box::pin(sleep_until(moment))));
        if *set_for != at {
            *set_for = at;
            sleep.as_mut().reset(moment);
        }
        std::task::ready!(sleep.as_mut().poll(context));
        self.sleep = None;
        // It does not fire twice for one moment, unless its owner sets it again.
        self.setting.at.set(None);
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use tokio::task::LocalSet;

    struct Owner {
        timer: Timer,
        fired: RefCell<Vec<Duration>>,
        /// When to set the timer to as soon as it fires.
        next: Cell<Option<Time>>,
    }

    impl Owner {
        fn new() -> Rc<Self> {
            Rc::new_cyclic(|this: &Weak<Self>| Self {
                timer: Timer::new(this.clone()),
                fired: RefCell::default(),
                next: Cell::new(None),
            })
        }

        fn set(&self, after: Option<u64>) {
            self.timer.set(now(), after.map(|millis| now() + Duration::from_millis(millis)));
        }

        /// Whole milliseconds, to which tokio's wheel rounds.
        fn fired(&self) -> Vec<u128> {
            self.fired.borrow().iter().map(Duration::as_millis).collect()
        }
    }

    impl Timed for Owner {
        fn timeout(&self) {
            self.timer.fired();
            self.fired.borrow_mut().push(Instant::now() - start());
            self.timer.set(now(), self.next.take());
        }
    }

    /// Runs in a time that passes as soon as nothing else happens.
    fn in_virtual_time(test: impl Future<Output = ()>) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(LocalSet::new().run_until(test));
    }

    async fn pass(millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        tokio::task::yield_now().await;
    }

    #[test]
    fn a_paused_clock_that_leaps_is_no_jump_of_the_wall_clock() {
        in_virtual_time(async {
            let ahead = || wall_clock().as_micros() - now().as_micros();
            let before = ahead();
            assert!(before > 1_600_000_000_000_000, "since 1970");
            pass(3_600_000).await;
            assert!(ahead().abs_diff(before) < 1_000_000, "both clocks of the system go on alike");
        });
    }

    #[test]
    fn a_timer_fires_once_and_never_before_its_moment() {
        in_virtual_time(async {
            let owner = Owner::new();
            let begin = now().as_micros() / 1_000;
            owner.set(Some(100));
            pass(99).await;
            assert_eq!(owner.fired(), [] as [u128; 0]);
            pass(500).await;
            let fired = owner.fired();
            assert!(fired.len() == 1 && (100..=102).contains(&(fired[0] - u128::from(begin))), "{fired:?}");
        });
    }

    #[test]
    fn a_timer_that_is_set_anew_forgets_the_moment_before() {
        in_virtual_time(async {
            let owner = Owner::new();
            owner.set(Some(100));
            pass(50).await;
            owner.set(Some(500));
            pass(400).await;
            assert_eq!(owner.fired().len(), 0);
            owner.set(Some(10));
            pass(20).await;
            assert_eq!(owner.fired().len(), 1);
            pass(1_000).await;
            assert_eq!(owner.fired().len(), 1);
        });
    }

    #[test]
    fn a_timer_that_is_stopped_does_not_fire_and_one_set_from_within_does() {
        in_virtual_time(async {
            let owner = Owner::new();
            owner.set(Some(100));
            pass(50).await;
            owner.set(None);
            pass(1_000).await;
            assert_eq!(owner.fired().len(), 0);
            // The past is due at once.
            owner.next.set(Some(Time::from_micros(0)));
            owner.set(Some(0));
            pass(5).await;
            assert_eq!(owner.fired().len(), 2);
        });
    }

    #[test]
    fn the_task_of_a_timer_ends_with_it() {
        in_virtual_time(async {
            let owner = Owner::new();
            let setting = Rc::downgrade(&owner.timer.0);
            owner.set(Some(1_000_000));
            tokio::task::yield_now().await;
            drop(owner);
            tokio::task::yield_now().await;
            assert!(setting.upgrade().is_none(), "somebody holds it still");
        });
    }
}
