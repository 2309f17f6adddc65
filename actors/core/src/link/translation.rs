//! The messages of a stream on a link that does not speak bincode.
//!
//! Applications write and read bincode, whatever the link speaks, so that two streams of different links can be joined and a
//! journal need not know who reads it. Where the link speaks something else each message is written anew here. It has another
//! length then: credit is counted in bytes of the wire at the other end, in bytes of bincode at the application.
//!
//! | | at the application | on the wire |
//! |---|---|---|
//! | a message goes out | its bincode's length, from its credit | its own length, from what the other end granted |
//! | the other end grants | what is left of that when the surplus of earlier messages is paid | the grant |
//! | a message comes in | its bincode's length is held | its own length, from the allowance |
//! | the application consumes | so much of what is held | the same part of the message's own length is granted again |

use std::collections::VecDeque;

use bytes::Bytes;
use wayfare_protocol::codec::{Codec, DecodeError};
use wayfare_protocol::stream::Destination;

/// The codec of every application.
const HERE: Codec = Codec::Bincode;

/// A message that was given to the application: bytes of it that are not consumed, counted here and there.
#[derive(Clone, Copy, Debug)]
struct Held {
    here: u32,
    on_wire: u32,
}

/// How the messages of one stream are written anew.
#[derive(Debug)]
pub(super) struct Translation {
    destination: Destination,
    codec: Codec,
    held: VecDeque<Held>,
    /// Bytes by which what went out was longer on the wire than here, and that no grant has paid yet.
    surplus: i64,
}

/// The length of a message, of which none has more bytes than a `u32` counts.
pub(super) fn length(message: &Bytes) -> u32 {
    u32::try_from(message.len()).unwrap_or(u32::MAX)
}

impl Translation {
    /// Of a stream of a link that speaks `codec`; `None` where there is nothing to translate.
    pub(super) fn new(destination: Destination, codec: Codec) -> Option<Self> {
        (codec != HERE).then(|| Self { destination, codec, held: VecDeque::new(), surplus: 0 })
    }

    /// A message that came, as the application reads it.
    pub(super) fn inward(&mut self, message: Bytes) -> Result<Bytes, DecodeError> {
        let here = self.destination.recode(&message, self.codec, HERE)?;
        self.held.push_back(Held { here: length(&here), on_wire: length(&message) });
        Ok(here)
    }

    /// The application consumed so many bytes of what it was given; says how many of the wire those are.
    pub(super) fn consumed(&mut self, mut bytes: u32) -> u32 {
        let mut on_wire = 0_u32;
        while let Some(held) = self.held.front_mut() {
            if bytes < held.here {
                let part = u64::from(held.on_wire) * u64::from(bytes) / u64::from(held.here);
                let part = u32::try_from(part).unwrap_or(held.on_wire);
                *held = Held { here: held.here - bytes, on_wire: held.on_wire - part };
                return on_wire.saturating_add(part);
            }
            bytes -= held.here;
            on_wire = on_wire.saturating_add(held.on_wire);
            self.held.pop_front();
        }
        on_wire
    }

    /// A message of the application as it goes out, and the credit that it leaves over where it is the shorter one.
    pub(super) fn outward(&mut self, message: &Bytes) -> Result<(Bytes, u32), DecodeError> {
        let on_wire = self.destination.recode(message, HERE, self.codec)?;
        self.surplus += i64::from(length(&on_wire)) - i64::from(length(message));
        let spare = u32::try_from(-self.surplus).unwrap_or(0); // a surplus leaves nothing over
        self.surplus += i64::from(spare);
        Ok((on_wire, spare))
    }

    /// The other end grants so many bytes; says how many of them the application may use.
    pub(super) fn granted(&mut self, bytes: u32) -> u32 {
        let paid = u32::try_from(self.surplus.min(bytes.into())).unwrap_or(0);
        self.surplus -= i64::from(paid);
        bytes - paid
    }
}
