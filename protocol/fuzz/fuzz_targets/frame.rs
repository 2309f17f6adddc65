//! Any bytes: they are no frame, or they are the only form of one. The bodies of frames go on to the codec.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wayfare_protocol::codec;
use wayfare_protocol::control::Control;
use wayfare_protocol::frame::{Frame, Kind};
use wayfare_protocol::stream::{Open, RunUpdate};

fuzz_target!(|message: &[u8]| {
    let message = Bytes::copy_from_slice(message);
    let Ok(frame) = Frame::decode(&message) else { return };
    assert_eq!(frame.encode(), message);
    match frame.kind {
        Kind::Open => drop(codec::decode::<Open>(&frame.body)),
        Kind::Data { .. } => {
            if let Ok(control) = codec::decode::<Control>(&frame.body) {
                assert_eq!(codec::decode::<Control>(&codec::encode(&control)), Ok(control));
            }
            drop(codec::decode_named::<Control>(&frame.body));
            drop(codec::decode::<RunUpdate>(&frame.body));
        }
        Kind::Credit | Kind::Close | Kind::Reset => {}
    }
});
