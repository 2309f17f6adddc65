//! What a subscriber hears, and what a model makes of it.

use std::collections::BTreeMap;

use wayfare_core::{EventDigest, Fact};
use wayfare_protocol::causal::Chain;
use wayfare_protocol::daemon::{Context, DaemonOutput, DaemonUpdate, Event, MeshDaemon, Source};
use wayfare_protocol::{EntityId, Origin, codec};

use crate::ledger::{Kept, Line};

/// See the module.
#[derive(Default)]
pub(super) struct Hearing {
    /// Number of the newest output.
    heard: u64,
    /// Its sum; `None`: outputs before it are not known.
    sum: Option<[u8; 32]>,
    /// Where its chain stands; `None`: what came before is not known.
    chain: Option<Chain>,
    acknowledged: u64,
    /// Its own events that a line has told of, by their places among them, and the number of that line.
    own: BTreeMap<u64, u64>,
    model: Option<Model>,
    /// Whether every line begins anew.
    is_slip: bool,
}

/// The code of a daemon that a ledger keeps, which is told every event that the ledger tells of.
pub struct Model {
    code: Box<dyn MeshDaemon>,
    /// Outputs were withheld: where the daemon stands is not known any more.
    is_lost: bool,
}

impl Model {
    /// One at its beginning.
    #[must_use]
    pub fn new(code: Box<dyn MeshDaemon>) -> Self {
        Self { code, is_lost: false }
    }

    /// Whether a line says what the code makes of its event.
    fn agrees(&mut self, line: &Line) -> bool {
        if self.is_lost {
            return true;
        }
        let ([note], Some(kept)) = (line.notes.as_slice(), &line.kept) else { return false };
        let Kept { position, at, seed, ref payload, .. } = *kept;
        let event = Event { position, at, source: note.source, payload: payload.clone() };
        Kept::of(self.code.as_mut(), &event, seed, &mut Context::new(at, seed)) == *kept
    }
}

impl Hearing {
    /// Nothing was heard yet, of a ledger or a slip.
    pub(super) fn new(model: Option<Model>, is_slip: bool) -> Self {
        Self { model, is_slip, ..Self::default() }
    }

    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// Nothing through that output is needed any more.
    pub(super) fn acknowledge(&mut self, through: u64) {
        self.acknowledged = self.acknowledged.max(through);
    }

    /// What was said after that output is not what the daemon goes on from.
    pub(super) fn is_recovered(&mut self, output: u64) {
        self.heard = self.heard.min(output);
        self.acknowledged = self.acknowledged.min(output);
        self.own.retain(|_, line| *line <= output);
        self.is_lost();
    }

    /// Where the daemon stands is not known any more.
    fn is_lost(&mut self) {
        (self.sum, self.chain) = (None, None);
        if let Some(model) = &mut self.model {
            model.is_lost = true;
        }
    }

    /// How many of its first events no line has told of. A quiet one at the end of them is told of by what comes later, a refused one
    /// by nothing.
    pub(super) fn missing(&self, recorded: usize, events: &[String]) -> usize {
        let is_silent = |event: &String| event.starts_with("quiet") || event.starts_with("nonsense");
        let speaks = |event: &String| self.model.is_some() || !is_silent(event);
        let told = |(at, event): &(u64, &String)| !speaks(event) || self.own.contains_key(at);
        (1..).zip(&events[..recorded]).filter(|event| !told(event)).count()
    }

    /// What there is to say of an update.
    pub(super) fn take(&mut self, daemon: EntityId, origin: Origin, events: &[String], update: &DaemonUpdate) -> Fact {
        match update {
            DaemonUpdate::Output(output) => {
                let (number, position) = (output.link.sequence, output.position);
                let (digest, fits) = (EventDigest::of_output(output), self.fits(daemon, origin, events, output));
                self.heard = number;
                Fact::Heard { daemon, number, position, digest, fits }
            }
            DaemonUpdate::Omitted { from, through } => {
                self.is_lost();
                self.heard = *through;
                Fact::Withheld { daemon, from: *from, through: *through, acknowledged: self.acknowledged }
            }
        }
    }

    /// Whether it names the output before by its hash, if that is known.
    fn is_next(&mut self, daemon: EntityId, output: &DaemonOutput) -> bool {
        let DaemonOutput { link, payload, .. } = output;
        let begins = || (link.sequence == 1).then(|| Chain::genesis(daemon.origin()));
        let before = self.chain.or_else(begins);
        self.chain = Some(Chain::resume(daemon.origin(), link.sequence, link.hash(payload)));
        before.is_none_or(|before| before.validate(link, payload).is_ok())
    }

    /// Whether it follows the output before, its notes say what was published, each event once, and it is what they make after the
    /// line before, if that is known.
    fn fits(&mut self, daemon: EntityId, origin: Origin, events: &[String], output: &DaemonOutput) -> bool {
        let mut is_right = self.is_next(daemon, output);
        let Ok(line) = codec::decode::<Line>(&output.payload) else { return false };
        let link = output.link.sequence;
        for note in &line.notes {
            if let Source::Published { origin: of, sequence } = note.source
                && of == origin
            {
                let published = usize::try_from(sequence - 1).ok().and_then(|at| events.get(at));
                is_right &= published == Some(&note.text) && self.own.insert(sequence, link).is_none();
            }
        }
        let before = if self.is_slip || output.link.sequence == 1 { Some([0; 32]) } else { self.sum };
        self.sum = Some(line.sum);
        is_right &= self.model.as_mut().is_none_or(|model| model.agrees(&line));
        is_right && before.is_none_or(|before| Line::sum_after(&before, &line.notes) == line.sum)
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::identity::PublicKey;

    use super::*;
    use crate::ledger::Note;

    const ORIGIN: Origin = Origin(1);

    fn daemon() -> EntityId {
        EntityId(PublicKey([3; 32]))
    }

    /// The next output of a chain, and the sum of its line.
    fn output(chain: &mut Chain, before: [u8; 32], notes: &[(u64, &str)]) -> (DaemonUpdate, [u8; 32]) {
        let note = |(sequence, text): &(u64, &str)| Note {
            source: Source::Published { origin: ORIGIN, sequence: *sequence },
            text: (*text).to_owned(),
        };
        let notes: Vec<_> = notes.iter().map(note).collect();
        let sum = Line::sum_after(&before, &notes);
        let payload = codec::encode(&Line { notes, sum, kept: None });
        let link = chain.append(0, &payload).unwrap();
        (DaemonUpdate::Output(DaemonOutput { link, position: link.sequence, payload }), sum)
    }

    fn fits(hearing: &mut Hearing, events: &[String], update: &DaemonUpdate) -> bool {
        match hearing.take(daemon(), ORIGIN, events, update) {
            Fact::Heard { fits, .. } => fits,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lines_are_held_against_what_was_published_and_against_the_lines_before() {
        let events: Vec<_> = ["note a", "quiet b", "note c"].map(str::to_owned).into();
        let (mut hearing, mut chain) = (Hearing::default(), Chain::genesis(daemon().origin()));
        let (first, sum) = output(&mut chain, [0; 32], &[(1, "note a")]);
        assert!(fits(&mut hearing, &events, &first));
        assert_eq!(hearing.missing(3, &events), 1, "a quiet one is not waited for");
        let (second, _) = output(&mut chain, sum, &[(2, "quiet b"), (3, "note c")]);
        assert!(fits(&mut hearing, &events, &second));
        assert_eq!(hearing.missing(3, &events), 0);
        let (again, _) = output(&mut chain, sum, &[(3, "note c")]);
        assert!(!fits(&mut hearing, &events, &again));
    }

    #[test]
    fn a_line_that_does_not_follow_from_the_one_before_is_seen() {
        let events = ["note a".to_owned()];
        let (mut hearing, mut chain) = (Hearing::default(), Chain::genesis(daemon().origin()));
        let (first, _) = output(&mut chain, [0; 32], &[]);
        assert!(fits(&mut hearing, &events, &first));
        let (forgotten, _) = output(&mut chain, [0; 32], &[(1, "note a")]);
        assert!(!fits(&mut hearing, &events, &forgotten));
    }

    #[test]
    fn a_line_of_another_chain_is_seen() {
        let events = ["note a".to_owned()];
        let genesis = Chain::genesis(daemon().origin());
        let first = |hearing: &mut Hearing, chain: &mut Chain| {
            let (first, sum) = output(chain, [0; 32], &[]);
            assert!(fits(hearing, &events, &first));
            sum
        };
        let (mut hearing, mut chain) = (Hearing::default(), genesis);
        let sum = first(&mut hearing, &mut chain);
        let mut broken = Chain::resume(daemon().origin(), 1, 7);
        assert!(!fits(&mut hearing, &events, &output(&mut broken, sum, &[(1, "note a")]).0), "another one before");
        let (mut hearing, mut chain) = (Hearing::default(), genesis);
        let sum = first(&mut hearing, &mut chain);
        hearing.take(daemon(), ORIGIN, &events, &DaemonUpdate::Omitted { from: 2, through: 4 });
        let mut later = Chain::resume(daemon().origin(), 4, 7);
        assert!(
            fits(&mut hearing, &events, &output(&mut later, sum, &[(1, "note a")]).0),
            "what was before is not known"
        );
    }
}
