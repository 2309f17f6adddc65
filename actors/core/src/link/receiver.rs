//! What comes in on one stream, and what credit it costs.

use bytes::Bytes;
use wayfare_protocol::codec::{Codec, DecodeError};
use wayfare_protocol::limits::MESSAGE_MAX;
use wayfare_protocol::stream::Destination;
use wayfare_protocol::{ErrorCode, Refusal};

use super::assembly::{Assembled, Assembly};
use super::translation::{Translation, length};

/// The incoming side of a stream that the application knows.
#[derive(Debug)]
pub(super) struct Receiver {
    assembly: Assembly,
    /// Message bytes that the other end may still send; below zero after its overdraft.
    allowance: i64,
    /// Message bytes given to the application and not consumed, as the application counts them.
    held: u32,
    /// Message bytes consumed and not granted again.
    pending: u32,
    /// Where the link does not speak as applications do.
    translation: Option<Translation>,
}

impl Receiver {
    /// Of a stream that allows `window` bytes, on a link that speaks `codec`.
    pub(super) fn new(window: u32, destination: Destination, codec: Codec) -> Self {
        let translation = Translation::new(destination, codec);
        Self { assembly: Assembly::Idle, allowance: window.into(), held: 0, pending: 0, translation }
    }

    /// Whether no message is in the middle of coming in.
    pub(super) fn is_between_messages(&self) -> bool {
        self.assembly.is_idle()
    }

    /// Takes a data frame; gives the message that it completes.
    pub(super) fn take(&mut self, body: Bytes, more: bool) -> Result<Option<Bytes>, Refusal> {
        if body.is_empty() {
            return Err(Refusal::new(ErrorCode::Malformed, "a data frame without a byte of message"));
        }
        if self.assembly.is_idle() && self.allowance <= 0 {
            return Err(Refusal::new(ErrorCode::Overloaded, "a message was sent without credit"));
        }
        self.allowance -= i64::try_from(body.len()).unwrap_or(i64::MAX);
        match self.assembly.push(body, more, MESSAGE_MAX) {
            Assembled::Part => Ok(None),
            Assembled::Whole(message) => {
                let message = match &mut self.translation {
                    None => message,
                    Some(translation) => translation.inward(message).map_err(malformed)?,
                };
                self.held = self.held.saturating_add(length(&message));
                Ok(Some(message))
            }
            Assembled::TooLarge => Err(Refusal::new(ErrorCode::TooLarge, too_large())),
        }
    }

    /// A message of the application as it goes out, and the credit that it leaves over.
    pub(super) fn outward(&mut self, message: Bytes) -> Result<(Bytes, u32), Refusal> {
        match &mut self.translation {
            Some(translation) if !message.is_empty() => translation.outward(&message).map_err(malformed),
            _ => Ok((message, 0)),
        }
    }

    /// The other end grants; says what of that the application may use.
    pub(super) fn granted(&mut self, bytes: u32) -> u32 {
        self.translation.as_mut().map_or(bytes, |translation| translation.granted(bytes))
    }

    /// The application consumed; says what to grant, if it is worth a frame.
    pub(super) fn consume(&mut self, bytes: u32, window: u32) -> Option<u32> {
        let bytes = bytes.min(self.held);
        self.held -= bytes;
        let on_wire = self.translation.as_mut().map_or(bytes, |translation| translation.consumed(bytes));
        self.pending = self.pending.saturating_add(on_wire);
        if self.pending == 0 || self.pending < window / 2 {
            return None;
        }
        self.allowance += i64::from(self.pending);
        Some(std::mem::take(&mut self.pending))
    }
}

/// What is said of a message that does not decode.
pub(super) fn malformed(error: DecodeError) -> Refusal {
    Refusal::new(ErrorCode::Malformed, error.to_string())
}

/// What is said of a message over the limit.
pub(super) fn too_large() -> String {
    format!("a message may have at most {MESSAGE_MAX} bytes")
}
