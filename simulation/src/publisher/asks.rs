//! What a publisher asks for.

use bytes::Bytes;
use tokio::sync::mpsc;
use wayfare_actors::client::Client;
use wayfare_protocol::daemon::{DaemonCall, DaemonKey, StartDaemon};
use wayfare_protocol::{EntityId, NodeId};

use super::{Phase, Publisher, Told};
use crate::ledger::{LEDGER, SLIP};

impl Publisher {
    pub(super) fn start(&mut self) {
        self.phase = Phase::Starting;
        self.start_daemon(&self.work.daemon, self.work.chooses);
    }

    pub(super) fn start_daemon(&self, name: &str, device: Option<NodeId>) {
        let kind = if self.work.stateless.iter().any(|other| other == name) { SLIP } else { LEDGER };
        let (Ok(name), Ok(kind)) = (name.parse(), kind.parse()) else { return };
        self.note(format_args!("starts {name}"));
        let key = DaemonKey { name, kind };
        let start = StartDaemon { key, durability: self.work.durability, device };
        self.ask(|client, tell| {
            let started = client.start_daemon(start);
            async move {
                let _ = tell.send(Told::Started(started.await)); // the run is over
            }
        });
    }

    pub(super) fn subscribe(&mut self) {
        self.phase = Phase::Subscribing;
        self.call(DaemonCall::Subscribe { subscriber: self.origin, after: self.hearing.heard() });
    }

    /// Its events up to that number, excluded.
    pub(super) fn publish(&mut self, until: usize) {
        self.phase = Phase::Publishing { until };
        let payloads = self.work.events[self.recorded..until].iter().map(|event| Bytes::from(event.clone())).collect();
        self.call(DaemonCall::Publish { origin: self.origin, first: self.recorded as u64 + 1, payloads });
    }

    pub(super) fn call(&mut self, call: DaemonCall) {
        if let Some(daemon) = self.daemon {
            self.call_daemon(daemon, call);
        }
    }

    pub(super) fn call_daemon(&self, daemon: EntityId, call: DaemonCall) {
        self.note(format_args!("asks {call:?}"));
        self.ask(|client, tell| {
            let answer = client.call_daemon(daemon, call);
            async move {
                let _ = tell.send(Told::Answered(answer.await)); // the run is over
            }
        });
    }

    pub(super) fn follow(&mut self, daemon: EntityId) {
        let Some((_, client)) = &self.client else { return };
        self.followings += 1;
        self.is_following = true;
        let (number, from, tell) = (self.followings, self.hearing.heard() + 1, self.tell.clone());
        self.note(format_args!("hears {} from {from}", daemon.short()));
        let mut updates = client.follow_daemon(daemon, from);
        tokio::spawn(async move {
            while let Some(update) = updates.recv().await {
                let _ = tell.send(Told::Update(number, update)); // the run is over
            }
            let _ = tell.send(Told::Silent(number));
        });
    }

    pub(super) fn ask<F: Future<Output = ()> + Send + 'static>(
        &self,
        ask: impl FnOnce(&Client, mpsc::UnboundedSender<Told>) -> F,
    ) {
        if let Some((_, client)) = &self.client {
            tokio::spawn(ask(client, self.tell.clone()));
        }
    }
}
