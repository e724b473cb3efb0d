//! How long a test waits for an event before it fails.

use std::future::Future;
use std::time::Duration;

/// Long enough for any machine; reached only by a test that fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The future's output.
///
/// # Panics
/// After [`PATIENCE`].
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it never came")
}
