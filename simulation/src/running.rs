//! A process of the world, as its machine has it: running, told to end, or not there.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wayfare_actors::cloud::CloudNode;
use wayfare_actors::edge::EdgeNode;

use crate::life::Life;

/// The actors of one process.
pub trait Tree: Send + Sync + 'static {
    /// Whether they still run. They end by themselves only when restarting did not help.
    fn is_running(&self) -> bool;
    /// Ends them in order.
    fn stop(&self) -> impl Future<Output = ()> + Send;
}

impl Tree for CloudNode {
    fn is_running(&self) -> bool {
        self.is_running()
    }

    async fn stop(&self) {
        self.stop().await;
    }
}

impl Tree for EdgeNode {
    fn is_running(&self) -> bool {
        self.is_running()
    }

    async fn stop(&self) {
        self.stop().await;
    }
}

/// The process on a machine, if one runs.
pub struct Process<T> {
    running: Option<(Arc<Life>, Arc<T>)>,
    stopping: Stopping,
}

impl<T> Default for Process<T> {
    fn default() -> Self {
        Self { running: None, stopping: Stopping::default() }
    }
}

impl<T: Tree> Process<T> {
    /// It runs from now on.
    pub(crate) fn begin(&mut self, life: Arc<Life>, tree: Arc<T>) {
        self.running = Some((life, tree));
    }

    /// It is no more; what it was.
    pub(crate) fn take(&mut self) -> Option<(Arc<Life>, Arc<T>)> {
        let running = self.running.take()?;
        self.stopping = Stopping::default();
        Some(running)
    }

    /// Whether it runs.
    pub(crate) fn is_there(&self) -> bool {
        self.running.is_some()
    }

    /// Its life, if it runs.
    #[must_use]
    pub fn life(&self) -> Option<Arc<Life>> {
        self.running.as_ref().map(|(life, _)| Arc::clone(life))
    }

    /// Whether it has ended of itself: restarting its actors did not help.
    #[must_use]
    pub fn has_given_up(&self) -> bool {
        !self.is_stopping() && self.running.as_ref().is_some_and(|(_, tree)| !tree.is_running())
    }

    /// Tells it to end; `false` if it does not run, or has been told already.
    pub fn stop(&mut self) -> bool {
        let Some((life, tree)) = &self.running else { return false };
        let tree = Arc::clone(tree);
        self.stopping.begin(life, async move { tree.stop().await })
    }

    /// Whether it has been told to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_told()
    }

    /// Whether it has done so.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.stopping.has_ended()
    }
}

/// A process that was told to end.
#[derive(Debug, Default)]
struct Stopping(Option<Arc<AtomicBool>>);

impl Stopping {
    /// Tells it, unless it has been told. It hears of that when it goes on, if it is frozen.
    fn begin(&mut self, life: &Life, stop: impl Future<Output = ()> + Send + 'static) -> bool {
        if self.0.is_some() {
            return false;
        }
        let has_ended = Arc::new(AtomicBool::new(false));
        self.0 = Some(Arc::clone(&has_ended));
        life.meet(move || {
            tokio::spawn(async move {
                stop.await;
                has_ended.store(true, Ordering::Relaxed);
            });
            true
        });
        true
    }

    fn is_told(&self) -> bool {
        self.0.is_some()
    }

    fn has_ended(&self) -> bool {
        self.0.as_ref().is_some_and(|has_ended| has_ended.load(Ordering::Relaxed))
    }
}
