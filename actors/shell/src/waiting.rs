//! Waiting by the clock of the process, which goes on while its machine sleeps.

use std::future::Future;
use std::time::Duration;

use crate::actor::Runtime;

impl Runtime {
    /// Ends after so long.
    pub(crate) async fn sleep(&self, time: Duration) {
        self.timer.sleep_until(self.clock.now().boot.after(time)).await;
    }

    /// What comes of something; `None`: it took longer.
    pub(crate) async fn within<T>(&self, time: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.sleep(time) => None,
        }
    }
}
