//! What an account of the cloud has done about spares.

use std::sync::Arc;

use bytes::Bytes;
use wayfare_core::account::{Input, LinkId};
use wayfare_core::machine::OpId;
use wayfare_protocol::between::SealingKey;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonRequest};
use wayfare_protocol::migration::{MoveState, Spare, TakeOver};
use wayfare_protocol::{AccountId, ChunkId, EntityId, ErrorCode, Limits, Refusal, RequestId, StreamId};

use super::{AccountExecutor, Home};
use crate::actor::{Context, Runtime};
use crate::directory::Directory;
use crate::ids::Ids;
use crate::link::{LinkRef, Unserved, fetch_chunk, send_chunk};
use crate::ports::{BlobError, SpareStore};

/// Where the cloud keeps spares, and what it takes to ask for them.
#[derive(Clone)]
pub struct Spares {
    /// Keeps them.
    pub store: Arc<dyn SpareStore>,
    /// Makes request ids.
    pub ids: Arc<Ids>,
}

impl Spares {
    /// What is kept of an account. Without it daemons live as before, and every spare is fetched anew.
    pub(super) async fn load(&self, account: AccountId) -> Input {
        Input::Spares(self.store.all(account).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the spares of daemons cannot be read");
            Vec::new()
        }))
    }
}

/// Fetches one daemon's spare.
struct Fetch {
    account: AccountId,
    daemon: EntityId,
    spares: Spares,
    directory: Arc<Directory>,
    link: LinkRef,
    runtime: Runtime,
    limits: Arc<Limits>,
}

impl AccountExecutor {
    pub(super) fn take_spare(
        &self,
        op: OpId,
        link: LinkId,
        (daemon, nodes): (EntityId, Vec<SealingKey>),
        context: &mut Context<Self>,
    ) {
        let Home::Cloud { account, spares, .. } = &self.home else { return };
        let Some(link) = self.directory.link(link) else {
            let gone = Refusal::new(ErrorCode::OwnerUnreachable, "the link is gone");
            return context.feed(Input::SpareTaken { op, result: Err(gone) });
        };
        let fetch = Fetch {
            account: *account,
            daemon,
            spares: spares.clone(),
            directory: Arc::clone(&self.directory),
            link,
            runtime: self.runtime.clone(),
            limits: Arc::clone(&self.limits),
        };
        context.perform(async move {
            let result = fetch.run(nodes).await.map(Box::new);
            match &result {
                Ok(spare) => tracing::info!(%daemon, position = spare.ready.head.head.inbox_position, "spare kept"),
                Err(refusal) => tracing::info!(%daemon, %refusal, "no newer spare"),
            }
            Ok(Input::SpareTaken { op, result })
        });
    }

    pub(super) fn take_over(&self, op: OpId, daemon: EntityId, take: Box<TakeOver>, context: &mut Context<Self>) {
        let Home::Cloud { spares, .. } = &self.home else { return };
        tracing::warn!(%daemon, lost = %take.ready.source.0.short(), target = %take.target.0.short(), "recovery begins");
        let answer = call(&self.directory, &spares.ids, daemon, DaemonCall::TakeOver(take));
        context.perform(async move {
            let answer = answer.await;
            match &answer {
                DaemonAnswer::Moved(info) if info.state == MoveState::Moved => tracing::warn!(%daemon, "recovered"),
                other => tracing::warn!(%daemon, ?other, "not recovered"),
            }
            Ok(Input::TookOver { op, answer })
        });
    }

    pub(super) fn serve_spare(
        &self,
        (link, stream): (LinkId, StreamId),
        daemon: EntityId,
        chunk: ChunkId,
        context: &mut Context<Self>,
    ) {
        let (Home::Cloud { account, spares, .. }, Some(link)) = (&self.home, self.directory.link(link)) else { return };
        let found = spares.store.get(*account, daemon, chunk);
        context.spawn(send_chunk(found, chunk, Unserved::new(link, stream)));
    }
}

/// Asks a daemon on the cloud's behalf.
fn call(
    directory: &Directory,
    ids: &Ids,
    daemon: EntityId,
    call: DaemonCall,
) -> impl Future<Output = DaemonAnswer> + Send + use<> {
    let request = RequestId(ids.next());
    let answer = directory.call_daemon(DaemonRequest { request, daemon, epoch: None, call });
    async move {
        let none = || Refusal::new(ErrorCode::DeadlineExceeded, "there was no answer");
        answer.await.unwrap_or_else(|_| DaemonAnswer::Refused(none()))
    }
}

impl Fetch {
    async fn run(self, nodes: Vec<SealingKey>) -> Result<Spare, Refusal> {
        let spare = self.ask(nodes).await?;
        self.check(&spare)?;
        for (chunk, _) in &spare.ready.manifest.chunks {
            if !self.spares.store.has(self.account, self.daemon, *chunk).await.map_err(failed)? {
                let bytes = self.fetch(&spare, *chunk).await?;
                self.spares.store.put(self.account, self.daemon, bytes).await.map_err(failed)?;
            }
        }
        self.spares.store.keep(self.account, spare.clone()).await.map_err(failed)?;
        Ok(spare)
    }

    async fn ask(&self, nodes: Vec<SealingKey>) -> Result<Spare, Refusal> {
        match call(&self.directory, &self.spares.ids, self.daemon, DaemonCall::Spare { nodes }).await {
            DaemonAnswer::Spare(spare) => Ok(*spare),
            DaemonAnswer::Refused(refusal) => Err(refusal),
            _ => Err(Refusal::new(ErrorCode::Malformed, "that is no answer to what was asked")),
        }
    }

    /// What a target would refuse is not kept.
    fn check(&self, spare: &Spare) -> Result<(), Refusal> {
        let wrong = |why: String| Refusal::new(ErrorCode::Malformed, why);
        if spare.daemon != self.daemon || spare.ready.head.verify(self.daemon).is_err() {
            return Err(wrong("its head is not the daemon's word".to_owned()));
        }
        spare.ready.manifest.check(self.limits.snapshot).map_err(|error| wrong(error.to_string()))
    }

    async fn fetch(&self, spare: &Spare, chunk: ChunkId) -> Result<Bytes, Refusal> {
        let given_up_at = self.runtime.clock.now().boot.after(self.limits.snapshot_silence);
        let fetched = fetch_chunk(&self.link, spare.ready.source, chunk);
        tokio::select! {
            biased;
            fetched = fetched => fetched.map_err(|why| Refusal::new(ErrorCode::OwnerUnreachable, why)),
            () = self.runtime.timer.sleep_until(given_up_at) => {
                Err(Refusal::new(ErrorCode::DeadlineExceeded, format!("chunk {chunk} did not come in time")))
            }
        }
    }
}

fn failed(error: BlobError) -> Refusal {
    Refusal::new(ErrorCode::StorageFailed, error.to_string())
}
