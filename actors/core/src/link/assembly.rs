//! Puts messages together from the data frames of one stream.

use bytes::{Bytes, BytesMut};

/// The message that is coming in.
#[derive(Debug, Default)]
pub(super) enum Assembly {
    /// None: the next frame begins one.
    #[default]
    Idle,
    /// The pieces so far.
    Partial(BytesMut),
    /// It was too large; the rest of it is passed over.
    Skipping,
}

/// What a frame made of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Assembled {
    /// The message goes on.
    Part,
    /// It is whole. A message of one frame shares that frame's memory.
    Whole(Bytes),
    /// It is larger than allowed: said once per message.
    TooLarge,
}

impl Assembly {
    /// Whether the next frame begins a message.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self, Self::Idle)
    }

    /// Takes the next frame of the stream; the message may have `max` bytes.
    pub(super) fn push(&mut self, body: Bytes, more: bool, max: usize) -> Assembled {
        let (state, assembled) = match (std::mem::take(self), more) {
            (Self::Skipping, more) => (if more { Self::Skipping } else { Self::Idle }, Assembled::Part),
            (Self::Idle, false) if body.len() <= max => (Self::Idle, Assembled::Whole(body)),
            (Self::Idle, true) if body.len() <= max => (Self::Partial(BytesMut::from(body)), Assembled::Part),
            (Self::Partial(mut pieces), more) if body.len() <= max - pieces.len() => {
                pieces.extend_from_slice(&body);
                if more {
                    (Self::Partial(pieces), Assembled::Part)
                } else {
                    (Self::Idle, Assembled::Whole(pieces.freeze()))
                }
            }
            (_, true) => (Self::Skipping, Assembled::TooLarge),
            (_, false) => (Self::Idle, Assembled::TooLarge),
        };
        *self = state;
        assembled
    }
}
