//! `Document`: one replica of a document, in the cloud or on a node.
//!
//! The history is the truth (yrs, one text and some maps); everybody who is connected, another replica or an editor, is told what the
//! others change. A change is passed on at once, or with others in a moment (`held`), and appended to the log; a replica is told that its
//! changes are durable when they are. Nothing is remembered of a connection: whoever comes says what it has, and gets what it lacks.
//!
//! | above \ input | `AboveUp` | `AboveOpened` | `AboveClosed` | `AboveDown` |
//! |---|---|---|---|---|
//! | Away | open: Opening | – | – | – |
//! | Opening | – | sync: Linked | wait: Refused | Away |
//! | Linked | – | – | wait: Refused | Away |
//! | Refused | – | – | – | Away |
//!
//! The deadline of Refused opens again. A place without a cloud above it stays Away.
//!
//! Whoever asks what it lacks while this replica is still asking the one above is answered when that has answered, or has been given
//! [`Limits::suspect_probe`](wayfare_protocol::Limits::suspect_probe) to: a document that was just opened is not shown as it was long ago.
//!
//! The log: when it has grown by [`Limits::document_merge`](wayfare_protocol::Limits::document_merge), and by what the history was when it was merged last, the
//! whole history is encoded, read again to see that it is the same (`Verifying`), appended (`Appending`), and what came before it is
//! trimmed. The history never begins anew. Versions of the text: `versioning`.

mod above;
mod asset_file;
mod awareness;
mod body;
mod changes;
mod diff;
mod edit;
pub mod frame;
mod held;
mod idle;
mod interface;
mod log;
mod peer;
#[cfg(test)]
mod tests;
mod thinning;
mod tree;
mod version;
mod versioning;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use strum::VariantNames as _;
use wayfare_protocol::{Boot, DocumentId, ErrorCode, Limits, Now, Refusal};

use crate::machine::{Durable, Machine, OpId, OpIds, Sink, earlier};
use crate::mark::{Mark, Phases};
pub use asset_file::{ASSET_TRASH, ASSETS, AssetFile, AssetFileError, asset_deletion, asset_put, is_output};
use awareness::Awareness;
pub use body::{Body, BodyError, CONTENT, Likeness, Place, REPLICAS, verify};
use changes::Taken;
pub use diff::{edits_between, lines_between};
pub use edit::{Edit, EditError, Field};
use held::Held;
pub use interface::{Ask, AskId, Config, Effect, Input, PeerId, PeerKind, Record, Told};
use log::Log;
use peer::Peer;
pub use thinning::kept_versions;
pub use tree::{FILES, JOINED, PROJECT_TRASH, PROJECTS, TRASH, Tree, deletion, restoration, second_path};
pub use version::{Lines, VERSIONS, Version};
use versioning::Versioning;

/// How this replica stands with the one of the cloud.
#[derive(Debug, strum::IntoStaticStr, strum::VariantNames)]
enum Above {
    Away,
    Opening { until: Boot },
    Linked { peer: PeerId, until: Boot },
    Refused { retry_at: Boot },
}

/// One replica of a document.
#[derive(Debug)]
pub struct Document {
    document: DocumentId,
    has_above: bool,
    keeps: bool,
    /// Whether there may be something here that the replica above does not keep: of what was in the log nobody knows.
    is_unsaved: bool,
    limits: Limits,
    body: Body,
    awareness: Awareness,
    above: Above,
    peers: BTreeMap<PeerId, Peer>,
    held: Held,
    /// What peers have who wait to be told what they lack.
    asking: Vec<(PeerId, Bytes)>,
    /// What is asked from within the process, likewise.
    asking_here: Vec<(AskId, Ask)>,
    log: Log,
    versioning: Versioning,
    ops: OpIds,
    /// Who is told when an append is durable.
    appending: BTreeMap<OpId, BTreeSet<PeerId>>,
    /// Who changed the document from within the process, likewise.
    editing: BTreeMap<OpId, AskId>,
    /// Who waits until the replica above has everything.
    settling: Vec<AskId>,
    idle_since: Boot,
}

impl Document {
    /// The history, for views and oracles.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Says which number the first record of a recovered log has, before any is applied.
    pub fn starts_at(&mut self, first: u64) {
        self.log.starts_at(first);
    }

    /// Frames with changes that the cloud's replica was sent and has not called durable; `None` while it is out of reach.
    #[must_use]
    pub fn unkept_above(&self) -> Option<u64> {
        match self.above {
            Above::Linked { peer, .. } => {
                let held = u64::from(self.held.has_news_for(peer));
                self.peers.get(&peer).map(|above| above.unkept_there() + held)
            }
            Above::Away | Above::Opening { .. } | Above::Refused { .. } => None,
        }
    }

    fn open(&mut self, peer: PeerId, kind: PeerKind, out: &mut impl Sink<Effect>) {
        if self.peers.len() >= self.limits.document_peers {
            let detail = format!("{} are connected to {}, the limit", self.peers.len(), self.document);
            return out.push(Effect::Close { peer, refusal: Refusal::new(ErrorCode::Overloaded, detail) });
        }
        let mut new = Peer::new(kind);
        new.queue_frame(frame::vector(&self.body.vector()));
        if let Some(present) = self.awareness.present() {
            new.queue_frame(frame::awareness(&present));
        }
        self.peers.insert(peer, new);
        self.send(peer, out);
    }

    /// What a peer's credit allows.
    fn send(&mut self, peer: PeerId, out: &mut impl Sink<Effect>) {
        if let Some(to) = self.peers.get_mut(&peer) {
            to.send(peer, out);
        }
    }

    pub(super) fn close(&mut self, now: Now, peer: PeerId, refusal: Refusal, out: &mut impl Sink<Effect>) {
        out.push(Effect::Close { peer, refusal });
        self.gone(now, peer, out);
    }

    fn gone(&mut self, now: Now, peer: PeerId, out: &mut impl Sink<Effect>) {
        if self.peers.remove(&peer).is_none() {
            return;
        }
        self.asking.retain(|(asking, _)| *asking != peer);
        if self.is_above(peer) {
            self.above = Above::Refused { retry_at: now.boot.after(self.limits.redial_max) };
            self.refuse_settling(out);
        }
        if let Some(gone) = self.awareness.gone(peer) {
            self.tell_presence(now, peer, &frame::awareness(&gone), out);
        }
        self.idle_since = now.boot;
    }

    /// A frame of presence for everybody. Its sender too, if that is an editor: y-websocket's client takes silence for a lost
    /// connection, and its own presence, which it repeats, for a sign of life.
    fn tell_presence(&mut self, now: Now, sender: PeerId, frame: &Bytes, out: &mut impl Sink<Effect>) {
        self.pass_on_held(now, out);
        let is_told = |(peer, to): &(&PeerId, &Peer)| **peer != sender || matches!(to.kind, PeerKind::Editor { .. });
        let others: Vec<PeerId> = self.peers.iter().filter(is_told).map(|(peer, _)| *peer).collect();
        for peer in others {
            if let Some(to) = self.peers.get_mut(&peer) {
                to.queue_frame(frame.clone());
            }
            self.send(peer, out);
        }
    }

    fn on_frame(&mut self, now: Now, peer: PeerId, more: bool, bytes: Bytes, out: &mut impl Sink<Effect>) {
        let Some(from) = self.peers.get_mut(&peer) else { return };
        match from.take(more, bytes) {
            Ok(Some(whole)) => self.on_frames(now, peer, &[whole], out),
            Ok(None) => {}
            Err(refusal) => self.close(now, peer, refusal, out),
        }
    }

    /// What is refused ends with its sender; what came before it is taken.
    fn on_frames(&mut self, now: Now, peer: PeerId, frames: &[Bytes], out: &mut impl Sink<Effect>) {
        let mut taken = Taken::default();
        let outcome = frames.iter().try_for_each(|whole| self.on_whole(now, peer, whole, &mut taken, out));
        self.tell_taken(now, peer, taken, out);
        if let Err(refusal) = outcome {
            self.close(now, peer, refusal, out);
        }
    }

    fn on_whole(
        &mut self,
        now: Now,
        peer: PeerId,
        whole: &Bytes,
        taken: &mut Taken,
        out: &mut impl Sink<Effect>,
    ) -> Result<(), Refusal> {
        for frame in frame::read(whole).map_err(malformed)? {
            let (update, is_answer) = match frame {
                frame::Frame::Missing(update) => (update, true),
                frame::Frame::Update(update) => (update, false),
                other => {
                    self.tell_taken(now, peer, std::mem::take(taken), out);
                    self.on_other(now, peer, whole, other, out)?;
                    continue;
                }
            };
            self.change(peer, &whole.slice_ref(update), taken)?;
            if is_answer && let Some(from) = self.peers.get_mut(&peer) {
                from.has_answered = true;
            }
        }
        Ok(())
    }

    /// A frame without changes.
    fn on_other(
        &mut self,
        now: Now,
        peer: PeerId,
        whole: &Bytes,
        frame: frame::Frame<'_>,
        out: &mut impl Sink<Effect>,
    ) -> Result<(), Refusal> {
        match frame {
            frame::Frame::Vector(vector) if self.asks_above(now) && !self.is_above(peer) => {
                self.asking.push((peer, whole.slice_ref(vector)));
            }
            frame::Frame::Vector(vector) => self.tell_missing(peer, vector, out)?,
            frame::Frame::Awareness(states) => {
                let news = self.awareness.take(peer, states).map_err(malformed)?;
                if let Some(news) = news {
                    self.tell_presence(now, peer, &frame::awareness(&news), out);
                }
            }
            frame::Frame::AwarenessQuery => {
                if let Some(present) = self.awareness.present() {
                    self.answer(peer, frame::awareness(&present), out);
                }
            }
            frame::Frame::Missing(_) | frame::Frame::Update(_) | frame::Frame::Other => {}
        }
        Ok(())
    }

    pub(super) fn answer(&mut self, peer: PeerId, frame: Bytes, out: &mut impl Sink<Effect>) {
        if let Some(to) = self.peers.get_mut(&peer) {
            to.queue_frame(frame);
        }
        self.send(peer, out);
    }
}

fn malformed(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(ErrorCode::Malformed, error.to_string())
}

impl Machine for Document {
    const NAME: &'static str = "document";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, now: Now) -> Self {
        Self {
            document: config.document,
            has_above: config.has_above,
            keeps: config.keeps,
            is_unsaved: config.keeps && config.has_above,
            body: Body::new(config.client),
            limits: config.limits,
            awareness: Awareness::default(),
            above: Above::Away,
            peers: BTreeMap::new(),
            held: Held::default(),
            asking: Vec::new(),
            asking_here: Vec::new(),
            log: Log::default(),
            versioning: Versioning::new(config.document, config.has_above),
            ops: OpIds::default(),
            appending: BTreeMap::new(),
            editing: BTreeMap::new(),
            settling: Vec::new(),
            idle_since: now.boot,
        }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Recovered => {
                if let Some(why) = self.log.recovered() {
                    out.push(Effect::Broken { why });
                }
                self.note_change(now);
            }
            Input::PeerOpened { peer, kind } => self.open(peer, kind, out),
            Input::PeerCredit { peer, bytes } => {
                if let Some(to) = self.peers.get_mut(&peer) {
                    to.grant(bytes);
                }
                self.send(peer, out);
            }
            Input::Frame { peer, more, bytes } => self.on_frame(now, peer, more, bytes, out),
            Input::Frames { peer, frames } => self.on_frames(now, peer, &frames, out),
            Input::Kept { peer, through } => {
                if let Some(replica) = self.peers.get_mut(&peer) {
                    replica.keeps = replica.keeps.max(through);
                }
            }
            Input::PeerClosed { peer } => self.gone(now, peer, out),
            Input::AboveUp => {
                if self.has_above && matches!(self.above, Above::Away) {
                    self.open_above(now, out);
                }
            }
            Input::AboveDown => {
                self.above = Above::Away; // the stream's end is told apart
                self.refuse_settling(out);
            }
            Input::AboveOpened { peer } => self.on_above_opened(peer, out),
            Input::AboveClosed => self.on_above_closed(now, out),
            Input::Ask { ask, what } => self.on_ask(now, ask, what, out),
            Input::Appended { op } => self.on_appended(now, op, out),
            Input::Verified { op, outcome } => self.on_verified(op, outcome, out),
            Input::Versioned { op, is_taken } => self.on_versioned(now, op, is_taken),
        }
        self.answer_asking(now, out);
        self.settle(out);
    }

    fn deadline(&self) -> Option<Boot> {
        let next = match self.above {
            Above::Refused { retry_at } => Some(retry_at),
            Above::Opening { until } | Above::Linked { until, .. } if self.is_asked() => Some(until),
            Above::Away | Above::Opening { .. } | Above::Linked { .. } => None,
        };
        let version_at = self.versioning.deadline(&self.limits);
        earlier(earlier(next, self.held.deadline()), earlier(version_at, self.unload_at()))
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if let Above::Refused { retry_at } = self.above
            && now.boot >= retry_at
        {
            self.open_above(now, out);
        }
        if self.held.deadline().is_some_and(|at| now.boot >= at) {
            self.pass_on_held(now, out);
            self.settle(out);
        }
        self.answer_asking(now, out);
        let is_to_unload = self.unload_at().is_some_and(|at| now.boot >= at);
        if is_to_unload && self.versioning.is_wanted()
            || self.versioning.deadline(&self.limits).is_some_and(|at| now.boot >= at)
        {
            self.take_version(out);
        } else if is_to_unload {
            self.idle_since = now.boot; // asked again later, should it be refused
            out.push(Effect::Unload);
        }
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Above::VARIANTS), Log::PHASES, Versioning::PHASES];

    fn marks(&self, out: &mut Vec<Mark>) {
        out.push(Mark { machine: Self::NAME, phase: (&self.above).into() });
        out.push(self.log.mark());
        out.push(self.versioning.mark());
    }
}

impl Durable for Document {
    type Record = Record;

    fn apply(&mut self, record: &Record) {
        let Some(update) = self.log.take(record) else { return };
        if let Err(error) = self.body.apply(&update) {
            self.log.is_broken(error.to_string());
        }
    }
}
