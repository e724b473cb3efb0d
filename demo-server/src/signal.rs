//! The signals that stop the server.

use std::future::Future;

use crate::error::RunError;

/// Resolves when the process is asked to end: Ctrl-C, or SIGTERM on Unix. Watching begins with the call.
///
/// # Errors
/// When signals can't be watched.
pub fn stop_signal() -> Result<impl Future<Output = ()>, RunError> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::Signals)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signals)?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!("can't watch for Ctrl-C: {error}");
        }
    })
}
