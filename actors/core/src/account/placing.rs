//! Where a daemon should go: nodes say to their cloud what they can do, and ask it which of them is best.
//!
//! A node announces itself, signed by its device, when its link comes up, and anew when half the time is over for which that is good. The
//! cloud keeps what the node behind a link says, and nothing else; presence, load and what a node takes at the moment it knows
//! anyway. A node without a cloud knows of no other node, and so of none that could take a daemon.

use wayfare_protocol::announcement::Announcement;
use wayfare_protocol::control::Control;
use wayfare_protocol::limits::PLACEMENT_CANDIDATES_MAX;
use wayfare_protocol::placement::{Judged, Placement, PlacementAsk, Verdict};
use wayfare_protocol::{Boot, ErrorCode, NodeId, Now, Refusal, RequestId};

use super::{Account, Effect, LinkId, MigrationNews, Place, StoreAnswer};
use crate::machine::Sink;
use crate::placement::{
    self, CapabilityIndex, PlacementRequest, PlacementRules, Purpose, Ranked, StandardPlacement, Standing, Vitals,
};

/// What is known of nodes, or was said of this one.
#[derive(Debug)]
pub(super) struct Placing {
    /// In the cloud: what nodes announced.
    index: CapabilityIndex,
    rules: PlacementRules,
    /// On a node: the version of its last announcement.
    version: u64,
    /// On a node: when the next one is due.
    due: Option<Boot>,
}

impl Placing {
    pub(super) fn new(indexed_nodes: usize) -> Self {
        Self { index: CapabilityIndex::new(indexed_nodes), rules: PlacementRules::standard(), version: 0, due: None }
    }

    pub(super) fn deadline(&self) -> Option<Boot> {
        self.due
    }
}

impl Account {
    /// Says to the cloud what this node can do; anew at a link, and when it is due.
    pub(super) fn announce(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Place::Node { announced, .. } = &self.config.place else { return };
        // Without a link nothing is due: the next one begins with an announcement.
        let Some(link) = self.links.upstream() else { return self.placing.due = None };
        // Versions grow over restarts as the clock does; the cloud begins anew with every link.
        self.placing.version = now.wall.0.max(self.placing.version + 1);
        let (version, ttl) = (self.placing.version, self.config.limits.announcement);
        self.placing.due = Some(now.boot.after(ttl / 2));
        out.push(Effect::Announce { link, version, ttl, capabilities: announced.clone() });
    }

    pub(super) fn announce_due(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.placing.due.is_some_and(|due| due <= now.boot) {
            self.announce(now, out);
        }
    }

    /// A node's link is up: what it says over it replaces what it said before, whatever its clock says.
    pub(super) fn forget_announced(&mut self, node: NodeId) {
        self.placing.index.forget(node);
    }

    /// A node says what it can do. Only its own link is believed, and only its own key.
    pub(super) fn on_announce(&mut self, now: Now, link: LinkId, announcement: Announcement) {
        let is_its_word = self.links.device(link) == Some(announcement.said.node.0) && !self.links.is_of_program(link);
        if self.here().is_none() && is_its_word {
            // One that is not believed leaves the node without what it did not prove.
            let _ = self.placing.index.hear(announcement, now.boot);
            self.recover_lost(now); // it may take what nobody took
        }
    }

    /// A migration of this node wants to know where a daemon should go.
    pub(super) fn ask_placement(&self, request: RequestId, ask: Box<PlacementAsk>, out: &mut impl Sink<Effect>) {
        match self.links.upstream() {
            Some(link) => out.push(Effect::Send { link, control: Control::Place { request, ask } }),
            None => {
                let refusal = Refusal::new(
                    ErrorCode::OwnerUnreachable,
                    "the cloud, which knows the other nodes, is out of reach",
                );
                let answer = StoreAnswer::Placed(Err(refusal));
                out.push(Effect::Migration(MigrationNews::Answered { request, answer }));
            }
        }
    }

    pub(super) fn on_placed(
        &self,
        link: LinkId,
        request: RequestId,
        placement: Box<Placement>,
        out: &mut impl Sink<Effect>,
    ) {
        if self.links.is_upstream(link) {
            let answer = StoreAnswer::Placed(Ok(placement));
            out.push(Effect::Migration(MigrationNews::Answered { request, answer }));
        }
    }

    /// A node asks where a daemon should go.
    pub(super) fn on_place(
        &mut self,
        now: Now,
        link: LinkId,
        request: RequestId,
        ask: &PlacementAsk,
        out: &mut impl Sink<Effect>,
    ) {
        if self.here().is_none() {
            let placement = Box::new(self.place(now, ask));
            out.push(Effect::Send { link, control: Control::Placed { request, placement } });
        }
    }

    fn place(&mut self, now: Now, ask: &PlacementAsk) -> Placement {
        let Ok(mut wanted) = PlacementRequest::new(ask.kind.as_str()) else { return Placement::default() };
        wanted.filter = ask.filter.clone();
        wanted.required = ask.required.clone();
        wanted.optional = ask.optional.clone();
        for info in self.daemons.all().filter(|info| info.key.kind == ask.kind && info.entity != ask.daemon) {
            *wanted.alike.entry(info.owner).or_insert(0) += 1;
        }
        self.observe(now);
        let scorer = StandardPlacement::new(&wanted, Purpose::MoveFrom(ask.from), &self.placing.rules);
        let decision = scorer.place(&self.placing.index);
        let judged = scorer.explain(&self.placing.index).candidates.into_iter().take(PLACEMENT_CANDIDATES_MAX);
        let candidates = judged.map(|judged| self.shown(judged)).collect();
        Placement { decision, candidates }
    }

    /// Brings what the index knows of nodes up to date.
    fn observe(&mut self, now: Now) {
        self.placing.index.expire(now.boot);
        for info in self.devices.list() {
            let standing = Standing::of(info.presence, self.devices.accepting(info.device));
            let vitals = Vitals { standing, load: info.load, round_trip: None };
            self.placing.index.observe(NodeId(info.device), vitals);
        }
    }

    fn shown(&self, judged: placement::Judged<'_>) -> Judged {
        let node = judged.node;
        let name = self.devices.name(node.0).unwrap_or_default().to_owned();
        let verdict = match judged.verdict {
            placement::Verdict::Vetoed { veto, .. } => Verdict::Vetoed { why: veto.to_string() },
            placement::Verdict::Eligible { ranked: Ranked { score, .. }, factors } => {
                let below = factors.iter().filter(|(_, weight)| *weight < 1.0);
                let factors = below.map(|(factor, weight)| (factor.name().to_owned(), millionths(*weight))).collect();
                Verdict::Eligible { score: millionths(score), factors }
            }
        };
        Judged { node, name, verdict }
    }

    /// Whether a node has said over its link what it can do.
    pub(super) fn has_announced(&self, node: NodeId) -> bool {
        self.placing.index.get(node).is_some()
    }

    /// The linked nodes that a new daemon could be made at, the best first.
    pub(super) fn ranked_for(&mut self, now: Now, kind: &str) -> Vec<NodeId> {
        let Ok(mut request) = PlacementRequest::new(kind) else { return Vec::new() };
        for info in self.daemons.all().filter(|info| info.key.kind.as_str() == kind) {
            *request.alike.entry(info.owner).or_insert(0) += 1;
        }
        self.observe(now);
        let scorer = StandardPlacement::new(&request, Purpose::Start, &self.placing.rules);
        let ranked = scorer.rank(&self.placing.index).into_iter().map(|ranked| ranked.node);
        ranked.filter(|node| self.devices.link(node.0).is_some()).collect()
    }
}

/// A part of one, as it travels.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1")]
fn millionths(part: f64) -> u32 {
    (part.clamp(0.0, 1.0) * 1e6).round() as u32
}
