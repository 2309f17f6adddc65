//! Replicas and editors of one document, stepped.

mod convergence;
mod keeping;
mod peers;
mod versions;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::document::DocumentMessage;
use wayfare_protocol::{Boot, DocumentId, Limits, Now, Refusal, codec};

use super::*;

/// One place with a document, and its log.
struct Place {
    machine: Document,
    config: Config,
    now: Duration,
    /// Durable records, from number `first` on.
    first: u64,
    log: Vec<Record>,
    /// Appended and not durable.
    unsynced: VecDeque<(OpId, Vec<Record>)>,
    /// What was sent, by peer.
    sent: BTreeMap<PeerId, Vec<Bytes>>,
    closed: Vec<(PeerId, Refusal)>,
    told: Vec<Told>,
    other: Vec<Effect>,
}

fn limits() -> Limits {
    let document_gather = Duration::ZERO;
    Limits {
        document_merge: 2_000,
        document_backlog: 4_000,
        document_bytes: 200_000,
        document_gather,
        ..Limits::default()
    }
}

fn config(client: u32, has_above: bool) -> Config {
    Config { document: DocumentId::INDEX, client, has_above, keeps: true, limits: limits() }
}

const MUCH: u64 = 1 << 40;

impl Place {
    fn new(client: u32) -> Self {
        Self::with(config(client, false))
    }

    fn with(config: Config) -> Self {
        let machine = Document::new(config.clone(), Now::default());
        let mut place = Self {
            machine,
            config,
            now: Duration::ZERO,
            first: 1,
            log: Vec::new(),
            unsynced: VecDeque::new(),
            sent: BTreeMap::new(),
            closed: Vec::new(),
            told: Vec::new(),
            other: Vec::new(),
        };
        place.input(Input::Recovered);
        place
    }

    fn now(&self) -> Now {
        Now { boot: Boot(self.now), ..Now::default() }
    }

    fn input(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.machine.step(self.now(), input, &mut effects);
        self.carry_out(effects);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        let mut effects = Vec::new();
        self.machine.wake(self.now(), &mut effects);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Append { op, records } => self.unsynced.push_back((op, records)),
                Effect::Send { peer, message } => self.sent.entry(peer).or_default().push(message),
                Effect::Close { peer, refusal } => self.closed.push((peer, refusal)),
                Effect::Tell { told, .. } => self.told.push(told),
                Effect::Verify { op, history, expected } => {
                    let outcome = verify(&history, &expected);
                    self.input(Input::Verified { op, outcome });
                }
                Effect::Trim { before } => {
                    let gone = usize::try_from(before - self.first).unwrap();
                    self.log.drain(..gone);
                    self.first = before;
                }
                other => self.other.push(other),
            }
        }
    }

    /// Everything that was appended is durable.
    fn sync(&mut self) {
        while let Some((op, records)) = self.unsynced.pop_front() {
            self.log.extend(records);
            self.input(Input::Appended { op });
        }
    }

    /// The process ends, and what was not durable with it, but for so many records; another begins.
    fn crash(&mut self, torn: usize) {
        let unsynced = std::mem::take(&mut self.unsynced).into_iter().flat_map(|(_, records)| records);
        self.log.extend(unsynced.take(torn));
        self.config.client += 100;
        self.machine = Document::new(self.config.clone(), self.now());
        self.machine.starts_at(self.first);
        for record in &self.log {
            self.machine.apply(record);
        }
        self.sent.clear();
        self.input(Input::Recovered);
    }

    fn open(&mut self, peer: u64, kind: PeerKind) {
        self.input(Input::PeerOpened { peer: PeerId(peer), kind });
        self.input(Input::PeerCredit { peer: PeerId(peer), bytes: MUCH });
    }

    fn frame(&mut self, peer: u64, frame: Bytes) {
        self.input(Input::Frame { peer: PeerId(peer), more: false, bytes: frame });
    }

    fn edit(&mut self, at: usize, insert: &str) {
        let edit = Edit::Splice { at, delete: 0, insert: insert.to_owned() };
        self.input(Input::Ask { ask: AskId(1), what: Ask::Edit(vec![edit]) });
    }

    fn text(&self) -> String {
        self.machine.body().text()
    }

    /// What was sent to an editor since it was asked last.
    fn frames(&mut self, peer: u64) -> Vec<Bytes> {
        self.sent.remove(&PeerId(peer)).unwrap_or_default()
    }

    /// What was sent to a replica since it was asked last.
    fn messages(&mut self, peer: u64) -> Vec<DocumentMessage> {
        let messages = self.sent.remove(&PeerId(peer)).unwrap_or_default();
        messages.iter().map(|message| codec::decode(message).unwrap()).collect()
    }
}

/// Carries messages between two replicas, each of which knows the other by that number, until there are none.
fn carry(a: &mut Place, b: &mut Place, link: u64) {
    loop {
        let (to_b, to_a) = (a.messages(link), b.messages(link));
        if to_a.is_empty() && to_b.is_empty() {
            return;
        }
        for (to, messages) in [(&mut *b, to_b), (&mut *a, to_a)] {
            for message in messages {
                let peer = PeerId(link);
                to.input(match message {
                    DocumentMessage::Frame { more, bytes } => Input::Frame { peer, more, bytes },
                    DocumentMessage::Kept { through } => Input::Kept { peer, through },
                });
            }
        }
    }
}

fn join(a: &mut Place, b: &mut Place, link: u64) {
    a.open(link, PeerKind::Replica);
    b.open(link, PeerKind::Replica);
    carry(a, b, link);
}

fn part(a: &mut Place, b: &mut Place, link: u64) {
    for place in [a, b] {
        place.input(Input::PeerClosed { peer: PeerId(link) });
        place.sent.remove(&PeerId(link));
    }
}
