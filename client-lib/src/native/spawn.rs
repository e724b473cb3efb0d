//! Tasks on the present `LocalSet`.

use std::future::Future;

/// Runs a future on the present thread, beside what runs already.
///
/// # Panics
/// Outside of a `tokio::task::LocalSet`.
pub(crate) fn spawn_local(future: impl Future<Output = ()> + 'static) {
    // Whoever spawns here has a way of its own to end it.
    drop(tokio::task::spawn_local(future));
}
