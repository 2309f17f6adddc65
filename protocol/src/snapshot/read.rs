//! Reads a snapshot's envelope without copying its sections.

use bytes::Bytes;

use super::{
    DIGEST_LEN, FIXED_LEN, HAS_STATE, MAGIC, Snapshot, SnapshotError, VERSION, check_chain, check_kind, check_size,
};
use crate::causal::Chain;
use crate::entity::{EntityId, Origin};
use crate::head::Head;
use crate::identity::PublicKey;
use crate::limits::MESSAGE_MAX;
use crate::{Wall, codec};

/// A snapshot that reads well, and whose digest has not been looked at.
#[derive(Clone, Debug)]
pub struct Unchecked {
    snapshot: Snapshot,
    content: Bytes,
    digest: [u8; DIGEST_LEN],
}

/// Takes the fixed fields one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    /// There are [`FIXED_LEN`] bytes, and as many are taken.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut field = [0; N];
        let (taken, rest) = self.0.split_at(N);
        field.copy_from_slice(taken);
        self.0 = rest;
        field
    }

    fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

impl Unchecked {
    /// Reads everything but the digest. Host section and state are slices of these bytes.
    ///
    /// # Errors
    /// Whatever is not right, but for the digest.
    pub fn read(bytes: &Bytes, max: u64) -> Result<Self, SnapshotError> {
        let got = bytes.len() as u64;
        if bytes.len() < MAGIC.len() || bytes[..MAGIC.len()] != *MAGIC {
            return Err(SnapshotError::Magic);
        }
        check_size(got, max)?;
        let least = (FIXED_LEN + DIGEST_LEN) as u64;
        if bytes.len() < MAGIC.len() + 2 {
            return Err(SnapshotError::Truncated { wanted: least, got });
        }
        let mut fields = Fields(&bytes[MAGIC.len()..]);
        let version = u16::from_le_bytes(fields.take());
        if version != VERSION {
            return Err(SnapshotError::Version { got: version });
        }
        if got < least {
            return Err(SnapshotError::Truncated { wanted: least, got });
        }
        let [flags, kind] = fields.take();
        if flags & !HAS_STATE != 0 {
            return Err(SnapshotError::Flags(flags));
        }
        let state_version = u32::from_le_bytes(fields.take());
        let entity = EntityId(PublicKey(fields.take()));
        let head = Head::decode(&fields.take());
        let chain = Chain::resume(Origin(fields.number()), fields.number(), fields.number());
        let created_at = Wall(fields.number());
        let horizon = u32::from_le_bytes(fields.take());
        let lengths = [u64::from(kind), u64::from(horizon), fields.number(), fields.number()];
        let [kind, horizon, host, state] = sections(bytes, lengths)?;
        if flags & HAS_STATE == 0 && !state.is_empty() {
            return Err(SnapshotError::StateOfStateless { bytes: state.len() as u64 });
        }
        check_chain(entity, &head, &chain)?;

        let mut digest = [0; DIGEST_LEN];
        digest.copy_from_slice(&bytes[bytes.len() - DIGEST_LEN..]);
        let snapshot = Snapshot {
            entity,
            kind: check_kind(&kind)?.to_owned(),
            head,
            chain,
            horizon: codec::decode(&horizon).map_err(SnapshotError::Horizon)?,
            created_at,
            state_version,
            host,
            state: (flags & HAS_STATE != 0).then_some(state),
        };
        Ok(Self { snapshot, content: bytes.slice(..bytes.len() - DIGEST_LEN), digest })
    }

    /// Checks the digest: reads everything once.
    ///
    /// # Errors
    /// [`SnapshotError::Digest`].
    pub fn check(self) -> Result<Snapshot, SnapshotError> {
        if blake3::hash(&self.content) != blake3::Hash::from_bytes(self.digest) {
            return Err(SnapshotError::Digest);
        }
        Ok(self.snapshot)
    }

    /// The snapshot of bytes that were fetched by their own hashes, all of them, and so are what was written.
    #[must_use]
    pub fn known_by_content(self) -> Snapshot {
        self.snapshot
    }
}

/// Kind, horizon, host section and state, whose lengths must fill the bytes.
fn sections(bytes: &Bytes, lengths: [u64; 4]) -> Result<[Bytes; 4], SnapshotError> {
    if lengths[1] > MESSAGE_MAX as u64 {
        return Err(SnapshotError::HorizonTooLarge { bytes: lengths[1] });
    }
    let around = (FIXED_LEN + DIGEST_LEN) as u64;
    let wanted = lengths.iter().try_fold(around, |sum, length| sum.checked_add(*length));
    let wanted = wanted.ok_or(SnapshotError::Lengths)?;
    let got = bytes.len() as u64;
    if got < wanted {
        return Err(SnapshotError::Truncated { wanted, got });
    }
    if got > wanted {
        return Err(SnapshotError::Trailing { left: got - wanted });
    }
    let mut at = FIXED_LEN;
    Ok(lengths.map(|length| {
        // Fits: the sum is the length of bytes that are in memory.
        let end = at + length as usize;
        let section = bytes.slice(at..end);
        at = end;
        section
    }))
}
