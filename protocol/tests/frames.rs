//! Frames: what is written is read back, and whatever else comes is refused without harm.

use bytes::Bytes;
use proptest::prelude::*;
use wayfare_protocol::StreamId;
use wayfare_protocol::frame::{Frame, FrameError, HEADER_LEN, Kind};
use wayfare_protocol::limits::FRAME_BODY_MAX;

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Open),
        any::<bool>().prop_map(|more| Kind::Data { more }),
        Just(Kind::Credit),
        Just(Kind::Close),
        Just(Kind::Reset),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    let body = prop_oneof![
        9 => prop::collection::vec(any::<u8>(), 0..64),
        1 => prop::collection::vec(any::<u8>(), FRAME_BODY_MAX..=FRAME_BODY_MAX),
    ];
    (any::<u32>(), kind(), body).prop_map(|(stream, kind, body)| Frame {
        stream: StreamId(stream),
        kind,
        body: body.into(),
    })
}

proptest! {
    #[test]
    fn a_frame_is_read_back_as_it_was_written(frame in frame()) {
        prop_assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }

    /// There is one way to write a frame: what is read writes the same bytes again.
    #[test]
    fn bytes_that_are_a_frame_are_its_only_form(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let bytes = Bytes::from(bytes);
        if let Ok(frame) = Frame::decode(&bytes) {
            prop_assert_eq!(frame.encode(), bytes);
        }
    }

    /// The same for bytes that are nearly a frame: one byte of one is another.
    #[test]
    fn a_damaged_header_is_refused_or_means_another_frame(frame in frame(), at in 0..HEADER_LEN, byte in any::<u8>()) {
        let mut bytes = frame.encode().to_vec();
        bytes[at] = byte;
        let bytes = Bytes::from(bytes);
        if let Ok(read) = Frame::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn a_frame_cut_short_is_refused(frame in frame(), cut in any::<prop::sample::Index>()) {
        let bytes = frame.encode();
        prop_assert!(Frame::decode(&bytes.slice(..cut.index(bytes.len()))).is_err());
    }
}

fn header(kind: u8, flags: u8, reserved: u16, length: u32, body: usize) -> Bytes {
    let mut bytes = vec![1, 0, 0, 0, kind, flags];
    bytes.extend(reserved.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.resize(HEADER_LEN + body, 0);
    bytes.into()
}

#[test]
fn each_fault_is_named() {
    let body = FRAME_BODY_MAX + 1;
    let said = u32::try_from(body).unwrap();
    for (bytes, error) in [
        (Bytes::new(), FrameError::Short(0)),
        (header(2, 0, 0, 0, 0).slice(..HEADER_LEN - 1), FrameError::Short(HEADER_LEN - 1)),
        (header(0, 0, 0, 0, 0), FrameError::Kind(0)),
        (header(6, 0, 0, 0, 0), FrameError::Kind(6)),
        (header(2, 2, 0, 0, 0), FrameError::Flags { flags: 2, reserved: 0 }),
        (header(1, 1, 0, 0, 0), FrameError::Flags { flags: 1, reserved: 0 }),
        (header(2, 0, 1, 0, 0), FrameError::Flags { flags: 0, reserved: 1 }),
        (header(2, 0, 0, u32::MAX, 3), FrameError::Length { said: u32::MAX, got: 3 }),
        (header(2, 0, 0, 2, 3), FrameError::Length { said: 2, got: 3 }),
        (header(2, 0, 0, said, body), FrameError::TooLarge(body)),
    ] {
        assert_eq!(Frame::decode(&bytes), Err(error));
    }
}

/// Reading copies nothing: the body is the message's own memory.
#[test]
fn a_body_shares_the_memory_of_its_message() {
    let message = header(2, 0, 0, 3, 3);
    let frame = Frame::decode(&message).unwrap();
    assert_eq!(frame.body.as_ptr(), message[HEADER_LEN..].as_ptr());
}
