//! Reads a snapshot's envelope without copying its sections.

use bytes::Bytes;

use super::{
    DIGEST_LEN, FIXED_LEN, HAS_STATE, MAGIC, Snapshot, SnapshotBytes, SnapshotError, VERSION, VERSION_BEFORE,
    check_chain, check_kind, check_size, digest, leaves,
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
    version: u16,
    /// All of it but the digest, and in version 2 the state.
    content: Bytes,
    digest: Bytes,
}

/// Where a version has what.
struct Sections {
    kind: Bytes,
    horizon: Bytes,
    host: Bytes,
    digest: Bytes,
    state: Bytes,
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

/// Where the state of a snapshot begins, by its first bytes: [`FIXED_LEN`] at least, and of a version in which it comes last.
pub(super) fn state_begins(bytes: &[u8]) -> Option<u64> {
    if bytes.len() < FIXED_LEN || bytes[..MAGIC.len()] != *MAGIC {
        return None;
    }
    let mut fields = Fields(&bytes[MAGIC.len()..]);
    if u16::from_le_bytes(fields.take()) != VERSION {
        return None;
    }
    let [_, kind] = fields.take();
    let mut lengths = Fields(&bytes[FIXED_LEN - 20..]);
    let horizon = u32::from_le_bytes(lengths.take());
    let around = (FIXED_LEN + DIGEST_LEN) as u64;
    (around + u64::from(kind) + u64::from(horizon)).checked_add(lengths.number())
}

impl Unchecked {
    /// Reads everything but the digest. Host section and state are slices of these bytes.
    ///
    /// # Errors
    /// Whatever is not right, but for the digest.
    pub fn read(bytes: &SnapshotBytes, max: u64) -> Result<Self, SnapshotError> {
        let (got, bytes, state) = (bytes.size(), &bytes.envelope, &bytes.state);
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
        if !matches!(version, VERSION | VERSION_BEFORE) {
            return Err(SnapshotError::Version { got: version });
        }
        if bytes.len() < FIXED_LEN || got < least {
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
        let Sections { kind, horizon, host, digest, state } = sections(version, bytes, state, lengths)?;
        if flags & HAS_STATE == 0 && !state.is_empty() {
            return Err(SnapshotError::StateOfStateless { bytes: state.len() as u64 });
        }
        check_chain(entity, &head, &chain)?;
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
        Ok(Self { snapshot, version, content: bytes.slice(..bytes.len() - DIGEST_LEN), digest })
    }

    /// Checks the digest: reads everything once.
    ///
    /// # Errors
    /// [`SnapshotError::Digest`].
    pub fn check(self) -> Result<Snapshot, SnapshotError> {
        let computed = match self.version {
            VERSION_BEFORE => blake3::hash(&self.content).into(),
            _ => digest(&[&self.content], &self.snapshot.state.as_ref().map(leaves).unwrap_or_default()),
        };
        if computed == self.digest[..] { Ok(self.snapshot) } else { Err(SnapshotError::Digest) }
    }

    /// The snapshot of bytes that were fetched by their own hashes, all of them, and so are what was written.
    #[must_use]
    pub fn known_by_content(self) -> Snapshot {
        self.snapshot
    }
}

/// What the lengths of kind, horizon, host section and state say, which must fill the bytes.
fn sections(version: u16, envelope: &Bytes, state: &Bytes, lengths: [u64; 4]) -> Result<Sections, SnapshotError> {
    let [kind, horizon, host, of_state] = lengths;
    if horizon > MESSAGE_MAX as u64 {
        return Err(SnapshotError::HorizonTooLarge { bytes: horizon });
    }
    let around = (FIXED_LEN + DIGEST_LEN) as u64;
    let wanted = lengths.iter().try_fold(around, |sum, length| sum.checked_add(*length));
    let wanted = wanted.ok_or(SnapshotError::Lengths)?;
    let got = envelope.len() as u64 + state.len() as u64;
    if got < wanted {
        return Err(SnapshotError::Truncated { wanted, got });
    }
    if got > wanted {
        return Err(SnapshotError::Trailing { left: got - wanted });
    }
    let mut at = FIXED_LEN;
    // Fits: the sum is the length of bytes that are in memory.
    let mut next = |length: u64| {
        let end = at + length as usize;
        let section = envelope.slice(at..end);
        at = end;
        section
    };
    let (kind, horizon, host) = (next(kind), next(horizon), next(host));
    let (state, digest) = match version {
        VERSION_BEFORE => (next(of_state), next(DIGEST_LEN as u64)),
        _ => (state.clone(), next(DIGEST_LEN as u64)),
    };
    Ok(Sections { kind, horizon, host, digest, state })
}
