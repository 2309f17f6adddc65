//! Waiting for what must happen. How long it takes is never judged; that it never happens is.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// What did not happen after so long never will. Generous: a machine that tests is busy.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at what can only be looked at: a file, a process.
pub const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Looks until there is something.
///
/// # Errors
/// If there never is; says what was waited for.
pub async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    within(what, async {
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await
}

/// Waits for a future.
///
/// # Errors
/// If it does not end; says what was waited for.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(PATIENCE, future).await.with_context(|| format!("waited {PATIENCE:?} in vain: {what}"))
}
