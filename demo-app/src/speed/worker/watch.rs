//! The watch over a load: it reports while the load runs, and ends one that does not move or does not end.

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;

use super::super::report::Trouble;
use super::now_ms;

/// From one report to the next, in milliseconds.
const REPORT_MS: u32 = 100;

/// When a load is given up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// It has not moved for so many seconds.
    pub(super) stall_seconds: u32,
    /// It has lasted for so long, in milliseconds.
    pub(super) limit_ms: f64,
}

/// The result of `load`, calling `tick` with the time passed in milliseconds now and then. `None` when the load has come to
/// its limit although something has `moved`.
///
/// # Errors
/// The load's own, and [`Trouble::Stalled`] when `moved` stands still, or stands at zero at the limit.
pub(super) async fn watched<T>(
    patience: impl Fn() -> Patience,
    load: impl Future<Output = Result<T, Trouble>>,
    moved: impl Fn() -> u64,
    tick: impl Fn(f64),
) -> Result<Option<T>, Trouble> {
    let start = now_ms();
    let watch = async {
        let (mut last, mut last_ms) = (0, 0.0);
        loop {
            TimeoutFuture::new(REPORT_MS).await;
            let passed = now_ms() - start;
            let patience = patience();
            tick(passed);
            if moved() != last {
                (last, last_ms) = (moved(), passed);
            }
            if passed - last_ms >= f64::from(patience.stall_seconds) * 1_000.0 {
                return Err(Trouble::Stalled { seconds: patience.stall_seconds });
            }
            if passed >= patience.limit_ms {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a minute at most"
                )]
                let seconds = (passed / 1_000.0) as u32;
                return if last == 0 { Err(Trouble::Stalled { seconds }) } else { Ok(()) };
            }
        }
    };
    match select(std::pin::pin!(load), std::pin::pin!(watch)).await {
        Either::Left((result, _)) => result.map(Some),
        Either::Right((given_up, _)) => given_up.map(|()| None),
    }
}
