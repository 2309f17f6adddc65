//! The background work of daemons, on threads of its own.

use bytes::Bytes;
use wayfare_actors::ports::{Job, Pending, Workers};

/// Runs each job on a thread that may block. There are as many at a time as tokio has blocking threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadWorkers;

impl Workers for ThreadWorkers {
    fn run(&self, job: Job) -> Pending<Result<Bytes, String>> {
        let done = tokio::task::spawn_blocking(job);
        Box::pin(async move {
            done.await
                .unwrap_or_else(|why| Err(if why.is_panic() { "it panicked".to_owned() } else { why.to_string() }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_has_failed() {
        assert_eq!(ThreadWorkers.run(Box::new(|| Ok(Bytes::from_static(b"done")))).await.unwrap(), "done");
        assert_eq!(ThreadWorkers.run(Box::new(|| panic!("no"))).await.unwrap_err(), "it panicked");
    }
}
