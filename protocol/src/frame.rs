//! Frames: a fixed header outside the codec, then a body. One transport message (a WebSocket message) is one frame.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | stream id, little-endian |
//! | 4 | 1 | kind: 1 open, 2 data, 3 credit, 4 close, 5 reset |
//! | 5 | 1 | flags: bit 0 on a data frame = the message goes on in the stream's next data frame |
//! | 6 | 2 | reserved, 0 |
//! | 8 | 4 | length of the body, little-endian |
//!
//! The bodies: `open` a [`crate::stream::Open`]; `data` a piece of a message; `credit` a `u32` of bytes granted; `close` nothing;
//! `reset` a [`crate::Refusal`].

use bytes::{BufMut, Bytes, BytesMut};

use crate::StreamId;
use crate::limits::FRAME_BODY_MAX;

/// Bytes before the body.
pub const HEADER_LEN: usize = 12;
const FLAG_MORE: u8 = 1;

/// What a frame does to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Opens it.
    Open,
    /// Carries a piece of a message.
    Data {
        /// The message goes on in the next data frame of the stream.
        more: bool,
    },
    /// Allows the other end to send more.
    Credit,
    /// Ends it in order.
    Close,
    /// Ends it because of a fault.
    Reset,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The stream it belongs to.
    pub stream: StreamId,
    /// What it does.
    pub kind: Kind,
    /// Its body.
    pub body: Bytes,
}

/// Bytes that are not a frame. A link that receives them is closed: its two ends no longer agree on anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Fewer bytes than a header.
    #[error("{0} bytes are too short for a frame header of {HEADER_LEN}")]
    Short(usize),
    /// A kind that does not exist.
    #[error("frame kind {0} does not exist")]
    Kind(u8),
    /// Flags or reserved bytes that mean nothing.
    #[error("frame flags {flags:#x} and reserved {reserved:#x} mean nothing")]
    Flags {
        /// The flags.
        flags: u8,
        /// The reserved bytes.
        reserved: u16,
    },
    /// A length other than the body's.
    #[error("frame says {said} bytes of body and has {got}")]
    Length {
        /// What the header says.
        said: u32,
        /// What came.
        got: usize,
    },
    /// A body over the limit.
    #[error("frame body of {0} bytes is over the limit of {FRAME_BODY_MAX}")]
    TooLarge(usize),
}

impl Frame {
    /// The frame as one transport message.
    ///
    /// # Panics
    /// If the body is over [`FRAME_BODY_MAX`]: senders split messages before.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        assert!(self.body.len() <= FRAME_BODY_MAX, "senders split messages into frames");
        let (kind, flags) = match self.kind {
            Kind::Open => (1, 0),
            Kind::Data { more } => (2, if more { FLAG_MORE } else { 0 }),
            Kind::Credit => (3, 0),
            Kind::Close => (4, 0),
            Kind::Reset => (5, 0),
        };
        let mut bytes = BytesMut::with_capacity(HEADER_LEN + self.body.len());
        bytes.put_u32_le(self.stream.0);
        bytes.put_u8(kind);
        bytes.put_u8(flags);
        bytes.put_u16_le(0);
        bytes.put_u32_le(u32::try_from(self.body.len()).expect("bounded above"));
        bytes.put_slice(&self.body);
        bytes.freeze()
    }

    /// Reads one transport message. The body shares the message's memory.
    ///
    /// # Errors
    /// If the bytes are not exactly one frame within the limit.
    pub fn decode(message: &Bytes) -> Result<Self, FrameError> {
        let header = message.first_chunk::<HEADER_LEN>().ok_or(FrameError::Short(message.len()))?;
        let [s0, s1, s2, s3, kind, flags, r0, r1, l0, l1, l2, l3] = *header;
        let reserved = u16::from_le_bytes([r0, r1]);
        let said = u32::from_le_bytes([l0, l1, l2, l3]);
        let got = message.len() - HEADER_LEN;
        if got > FRAME_BODY_MAX {
            return Err(FrameError::TooLarge(got));
        }
        if said as usize != got {
            return Err(FrameError::Length { said, got });
        }
        let kind = match kind {
            1 => Kind::Open,
            2 => Kind::Data { more: flags & FLAG_MORE != 0 },
            3 => Kind::Credit,
            4 => Kind::Close,
            5 => Kind::Reset,
            other => return Err(FrameError::Kind(other)),
        };
        let known = if matches!(kind, Kind::Data { .. }) { FLAG_MORE } else { 0 };
        if flags & !known != 0 || reserved != 0 {
            return Err(FrameError::Flags { flags, reserved });
        }
        Ok(Self { stream: StreamId(u32::from_le_bytes([s0, s1, s2, s3])), kind, body: message.slice(HEADER_LEN..) })
    }
}
