//! The developer's own device: asks, and hears what every daemon says.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use wayfare_actors::client::Client;
use wayfare_protocol::daemon::{
    DaemonAnswer, DaemonCall, DaemonInfo, DaemonKey, DaemonName, DaemonUpdate, Durability, StartDaemon,
};
use wayfare_protocol::migration::{MoveMode, MoveState};
use wayfare_protocol::{EntityId, NodeId, Origin, Refusal};

use crate::life::Life;

/// What came of something that was asked.
enum Told {
    Started(DaemonName, Option<Result<Box<DaemonInfo>, Refusal>>),
    Recorded(DaemonName, u64, Bytes, Option<DaemonAnswer>),
    Answered(DaemonName, &'static str, Option<DaemonAnswer>),
    Listed(Option<Vec<DaemonInfo>>),
    Update(DaemonName, DaemonUpdate),
    /// Nothing more comes of a following.
    Silent(DaemonName),
}

/// See the module.
pub(super) struct Person {
    /// Its process: nothing comes to it when that is dropped.
    _life: Arc<Life>,
    client: Client,
    nodes: Vec<NodeId>,
    daemons: BTreeMap<DaemonName, Known>,
    origin: Origin,
    tell: mpsc::UnboundedSender<Told>,
    told: mpsc::UnboundedReceiver<Told>,
}

struct Known {
    entity: EntityId,
    /// Events that were given to it.
    sent: u64,
    /// The last output that was heard.
    heard: u64,
    is_followed: bool,
}

impl Person {
    pub(super) fn new(life: Arc<Life>, client: Client, nodes: Vec<NodeId>) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let origin = client.new_origin();
        Self { _life: life, client, nodes, daemons: BTreeMap::new(), origin, tell, told }
    }

    fn ask<F: Future<Output = Told> + Send + 'static>(&self, ask: F) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let _ = tell.send(ask.await); // the mesh has ended
        });
    }

    pub(super) fn start(&self, key: DaemonKey, device: Option<NodeId>) {
        let name = key.name.clone();
        let started = self.client.start_daemon(StartDaemon { key, durability: Durability::Disk, device });
        self.ask(async move { Told::Started(name, started.await) });
    }

    /// Gives a daemon an event, under its own number: it is asked again until there is an answer.
    pub(super) fn send(&mut self, name: &DaemonName, text: String) -> Result<(), String> {
        let known = self.daemons.get_mut(name).ok_or_else(|| format!("no daemon {name}: start it first"))?;
        known.sent += 1;
        let number = known.sent;
        self.publish(name.clone(), number, Bytes::from(text));
        Ok(())
    }

    fn publish(&self, name: DaemonName, number: u64, payload: Bytes) {
        let Some(known) = self.daemons.get(&name) else { return };
        let call = DaemonCall::Publish { origin: self.origin, first: number, payloads: vec![payload.clone()] };
        let answer = self.client.call_daemon(known.entity, call);
        self.ask(async move { Told::Recorded(name, number, payload, answer.await) });
    }

    pub(super) fn move_it(&self, name: &DaemonName, to: Option<NodeId>, mode: MoveMode) -> Result<(), String> {
        let call = match to {
            Some(to) => DaemonCall::Move { to, mode },
            None => DaemonCall::Relocate { mode },
        };
        self.call(name, "not moved", call)
    }

    pub(super) fn feed(&self, name: &DaemonName, source: &DaemonName) -> Result<(), String> {
        let from = self.known(source)?.entity;
        self.call(name, "not fed", DaemonCall::Feed { from, after: 0 })
    }

    fn call(&self, name: &DaemonName, wish: &'static str, call: DaemonCall) -> Result<(), String> {
        let answer = self.client.call_daemon(self.known(name)?.entity, call);
        let name = name.clone();
        self.ask(async move { Told::Answered(name, wish, answer.await) });
        Ok(())
    }

    pub(super) fn list(&self) {
        let daemons = self.client.daemons();
        self.ask(async move { Told::Listed(daemons.await) });
    }

    fn known(&self, name: &DaemonName) -> Result<&Known, String> {
        self.daemons.get(name).ok_or_else(|| format!("no daemon {name}: start it first"))
    }

    /// The node of a number, from 1.
    pub(super) fn node_of(&self, number: usize) -> Option<NodeId> {
        number.checked_sub(1).and_then(|at| self.nodes.get(at)).copied()
    }

    /// The number of a node, as it is spoken of.
    fn node(&self, node: NodeId) -> String {
        let at = self.nodes.iter().position(|known| *known == node);
        at.map_or_else(|| node.0.short().to_string(), |at| format!("node{}", at + 1))
    }

    /// Hears every daemon that it does not hear.
    pub(super) fn follow(&mut self) {
        for (name, known) in &mut self.daemons {
            if known.is_followed {
                continue;
            }
            known.is_followed = true;
            let (name, tell) = (name.clone(), self.tell.clone());
            let mut updates = self.client.follow_daemon(known.entity, known.heard + 1);
            tokio::spawn(async move {
                while let Some(update) = updates.recv().await {
                    let _ = tell.send(Told::Update(name.clone(), update)); // the mesh has ended
                }
                let _ = tell.send(Told::Silent(name));
            });
        }
    }

    /// Says what has come. Returns events that were not recorded, and are to be given again.
    pub(super) fn read(&mut self, say: &mut dyn FnMut(&str)) -> Vec<Again> {
        while self.client.try_next().is_some() {} // nobody runs cells here
        let mut again = Vec::new();
        while let Ok(told) = self.told.try_recv() {
            again.extend(self.take(told, say));
        }
        again
    }

    fn take(&mut self, told: Told, say: &mut dyn FnMut(&str)) -> Option<Again> {
        match told {
            Told::Started(name, Some(Ok(info))) => {
                say(&format!("{name} is on {}", self.node(info.owner)));
                let known = Known { entity: info.entity, sent: 0, heard: 0, is_followed: false };
                self.daemons.entry(name).or_insert(known);
            }
            Told::Started(name, Some(Err(refusal))) => say(&format!("{name} is not started: {refusal}")),
            Told::Started(name, None) => say(&format!("{name} is not started: nobody answered")),
            Told::Recorded(name, number, payload, answer) => match answer {
                Some(DaemonAnswer::Accepted { .. }) => {}
                _ => return Some(Again { name, number, payload }),
            },
            Told::Answered(name, wish, answer) => say(&self.answered(&name, wish, answer)),
            Told::Listed(daemons) => self.listed(daemons, say),
            Told::Update(name, update) => self.hears(&name, &update, say),
            Told::Silent(name) => {
                if let Some(known) = self.daemons.get_mut(&name) {
                    known.is_followed = false;
                }
            }
        }
        None
    }

    pub(super) fn give_again(&self, again: Again) {
        self.publish(again.name, again.number, again.payload);
    }

    fn answered(&self, name: &DaemonName, wish: &str, answer: Option<DaemonAnswer>) -> String {
        match answer {
            Some(DaemonAnswer::Moved(info)) => match (&info.state, info.target) {
                (MoveState::Moved, Some(target)) => {
                    let pause = info.pause_ms.map_or_else(String::new, |ms| format!(", after a pause of {ms} ms"));
                    format!("{name} is on {} now{pause}", self.node(target))
                }
                (MoveState::Failed(reason), _) => format!("{name} stays where it is: {reason}"),
                _ => format!("where {name} is, is not known yet"),
            },
            Some(DaemonAnswer::Refused(refusal)) => format!("{name} is {wish}: {refusal}"),
            Some(_) => format!("{name}: done"),
            None => format!("{name}: the link was lost before there was an answer"),
        }
    }

    fn listed(&self, daemons: Option<Vec<DaemonInfo>>, say: &mut dyn FnMut(&str)) {
        let Some(daemons) = daemons else { return say("the cloud did not answer") };
        if daemons.is_empty() {
            say("no daemons");
        }
        for info in daemons {
            let (name, head) = (&info.key, info.head);
            let (inputs, outputs) = (head.inbox_position, head.output_sequence);
            let node = self.node(info.owner);
            say(&format!("{name} on {node}: {:?}, {inputs} inputs, {outputs} outputs", info.state));
        }
    }

    fn hears(&mut self, name: &DaemonName, update: &DaemonUpdate, say: &mut dyn FnMut(&str)) {
        let Some(known) = self.daemons.get_mut(name) else { return };
        match update {
            DaemonUpdate::Output(output) => {
                known.heard = output.link.sequence;
                say(&format!("{name} #{}: {}", known.heard, String::from_utf8_lossy(&output.payload)));
            }
            DaemonUpdate::Omitted { from, through } => {
                known.heard = *through;
                say(&format!("{name}: outputs {from} to {through} are not kept any more"));
            }
        }
    }
}

/// An event that nobody has said is recorded.
pub(super) struct Again {
    name: DaemonName,
    number: u64,
    payload: Bytes,
}
