//! What a subscriber hears, and what a model makes of it.

use std::collections::BTreeSet;

use wayfare_core::{EventDigest, Fact};
use wayfare_protocol::daemon::{DaemonOutput, DaemonUpdate, Source};
use wayfare_protocol::{EntityId, Origin, codec};

use crate::ledger::Line;

/// See the module.
#[derive(Default)]
pub(super) struct Hearing {
    /// Number of the newest output.
    heard: u64,
    /// Its sum; `None`: outputs before it are not known.
    sum: Option<[u8; 32]>,
    acknowledged: u64,
    /// Its own events that a line has told of, by their places among them.
    own: BTreeSet<u64>,
}

impl Hearing {
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// Nothing through that output is needed any more.
    pub(super) fn acknowledge(&mut self, through: u64) {
        self.acknowledged = self.acknowledged.max(through);
    }

    /// How many of its first events no line has told of. A quiet one at the end of them is told of by what comes later, a refused one
    /// by nothing.
    pub(super) fn missing(&self, recorded: usize, events: &[String]) -> usize {
        let speaks = |event: &String| !event.starts_with("quiet") && !event.starts_with("nonsense");
        let told = |(at, event): &(u64, &String)| !speaks(event) || self.own.contains(at);
        (1..).zip(&events[..recorded]).filter(|event| !told(event)).count()
    }

    /// What there is to say of an update.
    pub(super) fn take(&mut self, daemon: EntityId, origin: Origin, events: &[String], update: &DaemonUpdate) -> Fact {
        match update {
            DaemonUpdate::Output(output) => {
                let (number, position) = (output.link.sequence, output.position);
                let (digest, fits) = (EventDigest::of_output(output), self.fits(origin, events, output));
                self.heard = number;
                Fact::Heard { daemon, number, position, digest, fits }
            }
            DaemonUpdate::Omitted { from, through } => {
                self.sum = None;
                self.heard = *through;
                Fact::Withheld { daemon, from: *from, through: *through, acknowledged: self.acknowledged }
            }
        }
    }

    /// Whether its notes say what was published, each event once, and it is what they make after the line before, if that is known.
    fn fits(&mut self, origin: Origin, events: &[String], output: &DaemonOutput) -> bool {
        let Ok(line) = codec::decode::<Line>(&output.payload) else { return false };
        let mut is_right = true;
        for note in &line.notes {
            if let Source::Published { origin: of, sequence } = note.source
                && of == origin
            {
                let published = usize::try_from(sequence - 1).ok().and_then(|at| events.get(at));
                is_right &= published == Some(&note.text) && self.own.insert(sequence);
            }
        }
        let before = if output.link.sequence == 1 { Some([0; 32]) } else { self.sum };
        self.sum = Some(line.sum);
        is_right && before.is_none_or(|before| Line::sum_after(&before, &line.notes) == line.sum)
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::causal::CausalLink;
    use wayfare_protocol::identity::PublicKey;

    use super::*;
    use crate::ledger::Note;

    const ORIGIN: Origin = Origin(1);

    fn daemon() -> EntityId {
        EntityId(PublicKey([3; 32]))
    }

    fn output(number: u64, before: [u8; 32], notes: &[(u64, &str)]) -> (DaemonUpdate, [u8; 32]) {
        let note = |(sequence, text): &(u64, &str)| Note {
            source: Source::Published { origin: ORIGIN, sequence: *sequence },
            text: (*text).to_owned(),
        };
        let notes: Vec<_> = notes.iter().map(note).collect();
        let sum = Line::sum_after(&before, &notes);
        let link = CausalLink { origin: ORIGIN, horizon: 0, sequence: number, parent: 0 };
        let payload = codec::encode(&Line { notes, sum });
        (DaemonUpdate::Output(DaemonOutput { link, position: number, payload }), sum)
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
        let mut hearing = Hearing::default();
        let (first, sum) = output(1, [0; 32], &[(1, "note a")]);
        assert!(fits(&mut hearing, &events, &first));
        assert_eq!(hearing.missing(3, &events), 1, "a quiet one is not waited for");
        let (second, _) = output(2, sum, &[(2, "quiet b"), (3, "note c")]);
        assert!(fits(&mut hearing, &events, &second));
        assert_eq!(hearing.missing(3, &events), 0);
        let (again, _) = output(3, sum, &[(3, "note c")]);
        assert!(!fits(&mut hearing, &events, &again));
    }

    #[test]
    fn a_line_that_does_not_follow_from_the_one_before_is_seen() {
        let events = ["note a".to_owned()];
        let mut hearing = Hearing::default();
        let (first, _) = output(1, [0; 32], &[]);
        assert!(fits(&mut hearing, &events, &first));
        let (forgotten, _) = output(2, [0; 32], &[(1, "note a")]);
        assert!(!fits(&mut hearing, &events, &forgotten));
    }
}
