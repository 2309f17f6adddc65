//! Frames of y-protocols, as y-websocket sends them: a number says what follows (0 synchronisation, 1 presence, 3 a question for
//! presence), for synchronisation a second one (0 state vector, 1 what the other end lacked, 2 an update), then the bytes.

use bytes::Bytes;
use yrs::encoding::read::{Cursor, Read as _};
use yrs::encoding::write::Write as _;

const SYNC: u8 = 0;
const AWARENESS: u8 = 1;
const AWARENESS_QUERY: u8 = 3;
const VECTOR: u8 = 0;
const MISSING: u8 = 1;
const UPDATE: u8 = 2;

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// What the sender has; it wants what it lacks.
    Vector(&'a [u8]),
    /// What the receiver lacked.
    Missing(&'a [u8]),
    /// What is new.
    Update(&'a [u8]),
    /// States of presence.
    Awareness(&'a [u8]),
    /// The sender wants them.
    AwarenessQuery,
    /// Something that means nothing here.
    Other,
}

/// Bytes that are no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a frame of y-protocols: {0}")]
pub struct FrameError(String);

/// Reads the frames that one message holds; nearly always one.
///
/// # Errors
/// If it is cut off or of an unknown form.
pub fn read(message: &[u8]) -> Result<Vec<Frame<'_>>, FrameError> {
    let mut cursor = Cursor::new(message);
    let mut frames = Vec::with_capacity(1);
    while cursor.has_content() {
        let frame = match number(&mut cursor)? {
            SYNC => match number(&mut cursor)? {
                VECTOR => Frame::Vector(rest(message, &mut cursor)?),
                MISSING => Frame::Missing(rest(message, &mut cursor)?),
                UPDATE => Frame::Update(rest(message, &mut cursor)?),
                other => return Err(FrameError(format!("synchronisation {other} does not exist"))),
            },
            AWARENESS => Frame::Awareness(rest(message, &mut cursor)?),
            AWARENESS_QUERY => Frame::AwarenessQuery,
            _ => {
                frames.push(Frame::Other); // how long it is is not known
                break;
            }
        };
        frames.push(frame);
    }
    Ok(frames)
}

fn number(cursor: &mut Cursor<'_>) -> Result<u8, FrameError> {
    cursor.read_var().map_err(|error| FrameError(error.to_string()))
}

/// The bytes that come next, borrowed from the message.
fn rest<'a>(message: &'a [u8], cursor: &mut Cursor<'a>) -> Result<&'a [u8], FrameError> {
    let length: u32 = cursor.read_var().map_err(|error| FrameError(error.to_string()))?;
    let (start, length) = (cursor.next, length as usize);
    let bytes = start.checked_add(length).and_then(|end| message.get(start..end));
    let bytes = bytes.ok_or_else(|| FrameError(format!("{length} bytes are announced, fewer came")))?;
    cursor.next = start + length;
    Ok(bytes)
}

/// A frame of synchronisation.
fn sync(what: u8, bytes: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(bytes.len() + 12);
    frame.write_var(SYNC);
    frame.write_var(what);
    frame.write_buf(bytes);
    frame.into()
}

/// Says what the sender has.
#[must_use]
pub fn vector(vector: &[u8]) -> Bytes {
    sync(VECTOR, vector)
}

/// Says what the other end lacked.
#[must_use]
pub fn missing(update: &[u8]) -> Bytes {
    sync(MISSING, update)
}

/// Says what is new.
#[must_use]
pub fn update(update: &[u8]) -> Bytes {
    sync(UPDATE, update)
}

/// The changes that a frame carries, if it is of that sort.
#[must_use]
pub fn changes(frame: &[u8]) -> Option<&[u8]> {
    match read(frame).ok()?.first()? {
        Frame::Missing(update) | Frame::Update(update) => Some(update),
        Frame::Vector(_) | Frame::Awareness(_) | Frame::AwarenessQuery | Frame::Other => None,
    }
}

/// States of presence.
#[must_use]
pub fn awareness(states: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(states.len() + 12);
    frame.write_var(AWARENESS);
    frame.write_buf(states);
    frame.into()
}

/// Says of one who takes part what they show: a text of JSON, under a number of their own that grows.
#[must_use]
pub fn shown(client: u64, clock: u32, json: &str) -> Bytes {
    let mut states = Vec::new();
    states.write_var(1_u32);
    states.write_var(client);
    states.write_var(clock);
    states.write_string(json);
    awareness(&states)
}
