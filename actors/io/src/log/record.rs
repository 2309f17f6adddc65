//! How a record lies in a segment: 16 bytes of header, little endian, and the bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the record |
//! | 4 | its number, the low 32 bits |
//! | 4 | its place in the write that it came with, from 0 |
//! | 4 | CRC-32 of its whole number (8 bytes), place, length and bytes |
//! | n | the record |
//!
//! A write is made durable before the next one begins. So a record whose write began after record `n` proves that `n` was
//! durable: that is how damage is told from a torn end.

use crc32fast::Hasher;

/// Bytes before each record.
pub(super) const HEADER: usize = 16;

/// Appends the framed record.
pub(super) fn encode(number: u64, place: u32, record: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(record.len()).expect("records are bounded far below 4 GiB");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&low(number).to_le_bytes());
    out.extend_from_slice(&place.to_le_bytes());
    out.extend_from_slice(&checksum(number, place, record).to_le_bytes());
    out.extend_from_slice(record);
}

/// A header, before anything is known of its truth.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) length: u32,
    pub(super) number_low: u32,
    pub(super) place: u32,
    checksum: u32,
}

impl Header {
    /// Reads a header; `None` if there are too few bytes.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (words, _) = bytes.get(..HEADER)?.as_chunks::<4>();
        let word = |at: usize| u32::from_le_bytes(words[at]);
        Some(Self { length: word(0), number_low: word(1), place: word(2), checksum: word(3) })
    }

    /// Whether these bytes are record `number` with this header.
    pub(super) fn holds(&self, number: u64, record: &[u8]) -> bool {
        self.number_low == low(number)
            && self.length as usize == record.len()
            && self.checksum == checksum(number, self.place, record)
    }
}

/// Whether a record after `number`, from a later write, lies anywhere in these bytes.
pub(super) fn later_write_in(number: u64, bytes: &[u8]) -> bool {
    let records_max = bytes.len() / HEADER;
    (1..bytes.len().saturating_sub(HEADER - 1)).any(|at| {
        let Some(header) = Header::read(&bytes[at..]) else { return false };
        let ahead = header.number_low.wrapping_sub(low(number));
        ahead > header.place
            && ahead as usize <= records_max
            && bytes[at + HEADER..]
                .get(..header.length as usize)
                .is_some_and(|record| header.holds(number + u64::from(ahead), record))
    })
}

fn low(number: u64) -> u32 {
    (number & u64::from(u32::MAX)) as u32
}

fn checksum(number: u64, place: u32, record: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(&place.to_le_bytes());
    hasher.update(&(record.len() as u64).to_le_bytes());
    hasher.update(record);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_holds_only_under_its_number_and_unchanged() {
        let mut bytes = Vec::new();
        encode(7, 2, b"seven", &mut bytes);
        let header = Header::read(&bytes).unwrap();
        assert!(header.holds(7, b"seven"));
        assert!(!header.holds(8, b"seven"));
        assert!(!header.holds(7, b"sevem"));
        assert!(!header.holds(7 + (1 << 32), b"seven"));
    }

    #[test]
    fn zeros_are_no_record() {
        let header = Header::read(&[0; HEADER]).unwrap();
        assert!(!header.holds(0, b"") && !header.holds(1 << 32, b""));
    }

    #[test]
    fn only_a_later_write_proves_that_a_record_was_durable() {
        let mut bytes = vec![0xff; 40];
        encode(5, 1, b"of the same write", &mut bytes);
        assert!(!later_write_in(4, &bytes));
        encode(6, 0, b"of the next write", &mut bytes);
        assert!(later_write_in(4, &bytes));
        bytes.pop();
        assert!(!later_write_in(4, &bytes));
    }
}
