//! Two futures in one task, each polled only when it was woken itself.
//!
//! A connection's task and its handler wake one another at every message. Under one waker each of those wakes would have
//! the runtime run the task once more, and wake another of its threads for that.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// How often the two may wake one another before other tasks have their turn.
const ROUNDS: u32 = 8;

/// The task that both run in.
#[derive(Debug, Default)]
struct Task {
    /// It runs, and looks at both once more before it sleeps.
    polling: AtomicBool,
    waker: AtomicWaker,
}

/// One of the two, as its own wakers know it.
#[derive(Debug)]
struct Half {
    woken: AtomicBool,
    task: Arc<Task>,
}

impl Half {
    fn new(task: &Arc<Task>) -> Arc<Self> {
        Arc::new(Self { woken: AtomicBool::new(true), task: Arc::clone(task) })
    }

    fn take(&self) -> bool {
        self.woken.swap(false, Ordering::SeqCst)
    }

    fn is_woken(&self) -> bool {
        self.woken.load(Ordering::SeqCst)
    }
}

impl Wake for Half {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // In this order, so that either the task sees that this half was woken before it sleeps, or this sees that the
        // task no longer looks.
        self.woken.store(true, Ordering::SeqCst);
        if !self.task.polling.load(Ordering::SeqCst) {
            self.task.waker.wake();
        }
    }
}

/// Runs both until `first` is over, and tells `done` as soon as `second` is. Returns whether it was.
pub(crate) async fn beside<T>(
    first: impl Future<Output = ()>,
    second: impl Future<Output = T>,
    done: impl FnOnce(T),
) -> bool {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let mut done = Some(done);
    let task = Arc::new(Task::default());
    let (one, other) = (Half::new(&task), Half::new(&task));
    let (of_one, of_other) = (Waker::from(Arc::clone(&one)), Waker::from(Arc::clone(&other)));
    poll_fn(|cx| {
        task.waker.register(cx.waker());
        task.polling.store(true, Ordering::SeqCst);
        for _ in 0..ROUNDS {
            if one.take() && first.as_mut().poll(&mut Context::from_waker(&of_one)).is_ready() {
                task.polling.store(false, Ordering::SeqCst);
                return Poll::Ready(());
            }
            if other.take()
                && done.is_some()
                && let Poll::Ready(outcome) = second.as_mut().poll(&mut Context::from_waker(&of_other))
                && let Some(done) = done.take()
            {
                done(outcome);
            }
            if !one.is_woken() && !other.is_woken() {
                break;
            }
        }
        task.polling.store(false, Ordering::SeqCst);
        if one.is_woken() || other.is_woken() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
    done.is_none()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures_util::{FutureExt, StreamExt};

    use super::*;

    /// Counts how often it was woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn each_is_polled_when_it_was_woken_and_their_talk_wakes_no_task() {
        let (ask, mut asked) = tokio::sync::mpsc::unbounded_channel();
        let (answer, mut answered) = tokio::sync::mpsc::unbounded_channel();
        let (begin, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let (one, other) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let first = async {
            while begun.recv().await == Some(1) {
                one.fetch_add(1, Ordering::SeqCst);
                ask.send(()).unwrap();
                answered.recv().await.unwrap();
            }
        };
        let second = async {
            while asked.recv().await.is_some() {
                other.fetch_add(1, Ordering::SeqCst);
                answer.send(()).unwrap();
            }
        };
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut both = pin!(beside(first, second, |()| {}));
        assert!(both.poll_unpin(&mut context).is_pending());
        for number in 1..=5 {
            begin.send(1).unwrap();
            assert_eq!(count.0.load(Ordering::SeqCst), number, "woken from outside, once");
            assert!(both.poll_unpin(&mut context).is_pending());
            assert_eq!(
                (one.load(Ordering::SeqCst), other.load(Ordering::SeqCst)),
                (number, number),
                "question and answer in one turn"
            );
        }
        begin.send(0).unwrap();
        assert_eq!(both.poll_unpin(&mut context), Poll::Ready(false));
    }

    #[test]
    fn two_that_never_rest_let_others_have_their_turn() {
        let restless = || {
            poll_fn(|cx: &mut Context<'_>| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            })
        };
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut both = pin!(beside(restless(), restless(), |()| {}));
        assert!(both.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn the_second_may_end_first_and_is_told() {
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let mut told = None;
        let over = beside(ended.map(|_| ()), async { 7 }, |outcome| {
            told = Some(outcome);
            end.send(()).unwrap();
        });
        assert_eq!(over.now_or_never(), Some(true));
        assert_eq!(told, Some(7));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_wake_from_other_threads_is_lost() {
        const COUNT: usize = 10_000;
        let count = |mut from: futures_util::stream::BoxStream<'static, usize>| async move {
            let mut next = 0;
            while next < COUNT {
                assert_eq!(from.next().await, Some(next));
                next += 1;
            }
        };
        let numbers = || {
            let (to, from) = tokio::sync::mpsc::channel(1);
            tokio::spawn(async move {
                for number in 0..COUNT {
                    to.send(number).await.unwrap();
                }
                std::future::pending::<()>().await;
            });
            futures_util::stream::unfold(from, |mut from| async move {
                from.recv().await.map(|number| (number, from))
            })
            .boxed()
        };
        let second = count(numbers()).shared();
        let first = {
            let (all, second) = (count(numbers()), second.clone());
            async move {
                all.await;
                second.await;
            }
        };
        let both = beside(first, second, |()| {});
        tokio::time::timeout(std::time::Duration::from_secs(60), both).await.expect("a wake was lost");
    }
}
