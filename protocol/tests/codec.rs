//! The codec: messages are read back as written; hostile bytes are refused, and cost no more memory than the limit.

#![expect(unsafe_code, reason = "an allocator that counts is the only way to see what a decode allocates")]

mod strategies;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_protocol::announcement::Announcement;
use wayfare_protocol::asset::AssetMessage;
use wayfare_protocol::capability::Capabilities;
use wayfare_protocol::capability_filter::CapabilityFilter;
use wayfare_protocol::capability_set::CapabilitySet;
use wayfare_protocol::codec::{self, DecodeError};
use wayfare_protocol::control::Control;
use wayfare_protocol::document::DocumentMessage;
use wayfare_protocol::host::{HostMessage, HostRequest};
use wayfare_protocol::identity::{PublicKey, ServerIdentity, SignatureBytes};
use wayfare_protocol::limits::MESSAGE_MAX;
use wayfare_protocol::output::OutputRecord;
use wayfare_protocol::predicate::{Predicate, PredicateNode};
use wayfare_protocol::stream::{Open, RunUpdate};
use wayfare_protocol::{DeviceId, NodeId, SessionId};

thread_local! {
    /// Bytes that this thread holds, and the most it has held since the count was set to zero.
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

/// The system's allocator, counting.
struct Counting;

fn count(change: isize) {
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        held.set((now + change, most.max(now + change)));
    });
}

fn signed(size: usize) -> isize {
    isize::try_from(size).unwrap_or(isize::MAX)
}

// SAFETY: every call is passed on unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that `work` holds at one time.
fn most_held(work: impl FnOnce()) -> usize {
    HELD.set((0, 0));
    work();
    usize::try_from(HELD.get().1).unwrap_or(0)
}

fn decode_both_ways<T: DeserializeOwned>(bytes: &[u8]) {
    drop(codec::decode::<T>(bytes));
    drop(codec::decode_named::<T>(bytes));
}

fn decode_as_everything(bytes: &[u8]) {
    decode_both_ways::<Control>(bytes);
    decode_both_ways::<Open>(bytes);
    decode_both_ways::<RunUpdate>(bytes);
    decode_both_ways::<DocumentMessage>(bytes);
    decode_both_ways::<AssetMessage>(bytes);
    decode_both_ways::<OutputRecord>(bytes);
    decode_both_ways::<HostRequest>(bytes);
    decode_both_ways::<HostMessage>(bytes);
    decode_both_ways::<Announcement>(bytes);
    decode_both_ways::<CapabilityFilter>(bytes);
    decode_both_ways::<Predicate>(bytes);
}

proptest! {
    #[test]
    fn a_control_message_is_read_back_as_it_was_written(message in strategies::control()) {
        prop_assert_eq!(codec::decode::<Control>(&codec::encode(&message)), Ok(message.clone()));
        prop_assert_eq!(codec::decode_named::<Control>(&codec::encode_named(&message)), Ok(message));
    }

    /// A message with a byte too many or too few is another message or none, never the same.
    #[test]
    fn a_message_takes_all_of_its_bytes(message in strategies::control(), extra in any::<u8>()) {
        let mut bytes = codec::encode(&message).to_vec();
        bytes.push(extra);
        let trailing = matches!(codec::decode::<Control>(&bytes), Err(DecodeError::Trailing { left: 1, .. }));
        prop_assert!(trailing);
        bytes.truncate(bytes.len() - 2);
        prop_assert_ne!(codec::decode::<Control>(&bytes), Ok(message));
    }

    #[test]
    fn arbitrary_bytes_never_panic_nor_cost_more_than_the_limit(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let held = most_held(|| decode_as_everything(&bytes));
        prop_assert!(held <= MESSAGE_MAX, "{held} bytes held");
    }

    /// Messages with some bytes changed reach deeper than arbitrary ones: their length prefixes lie.
    #[test]
    fn damaged_messages_never_panic_nor_cost_more_than_the_limit(
        message in strategies::control(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        for bytes in [codec::encode(&message), codec::encode_named(&message)] {
            let mut bytes = bytes.to_vec();
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            let held = most_held(|| decode_as_everything(&bytes));
            prop_assert!(held <= MESSAGE_MAX, "{held} bytes held");
        }
    }
}

/// `variant`, then a prefix that claims nearly as many elements as an integer can say, then nothing.
#[test]
fn a_length_that_lies_is_refused_before_it_is_believed() {
    let names = ["Sync", "DeviceList", "SessionList", "MigrateIn"];
    for variant in 0..=40u8 {
        for length in
            [&[253, 255, 255, 255, 255, 255, 255, 255, 127][..], &[252, 255, 255, 255, 255], &[252, 0, 0, 63, 0]]
        {
            // With and without 16 bytes of an id before it.
            for id in [&[][..], &[16], &[16; 17]] {
                let bytes = [&[variant], id, length].concat();
                let held = most_held(|| decode_as_everything(&bytes));
                assert!(held <= MESSAGE_MAX, "variant {variant}: {held} bytes held");
            }
        }
    }
    for name in names {
        // A map of one entry: the variant's name, then an array, a binary or a text of four billion.
        for claim in [0xdd, 0xc6, 0xdb, 0xdf] {
            let mut bytes = vec![0x81, 0xa0 + u8::try_from(name.len()).unwrap()];
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(&[claim, 255, 255, 255, 255]);
            let held = most_held(|| decode_as_everything(&bytes));
            assert!(held <= MESSAGE_MAX, "{name}: {held} bytes held");
        }
    }
}

/// What browsers compare, show and use as keys is text; what they hash, sign and check is bytes.
#[test]
fn in_messagepack_ids_are_texts_and_keys_are_byte_strings() {
    let session = SessionId(uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
    let text = b"\xd9\x2401900000-0000-7000-8000-000000000001";
    assert_eq!(&codec::encode_named(&session)[..], text);
    let device = DeviceId([0xab; 32]);
    assert_eq!(&codec::encode_named(&device)[..], [&b"\xd9\x40"[..], "ab".repeat(32).as_bytes()].concat());
    assert_eq!(codec::encode_named(&NodeId(device)), codec::encode_named(&device));

    assert_eq!(&codec::encode_named(&PublicKey([1; 32]))[..], [&b"\xc4\x20"[..], &[1; 32]].concat());
    let signature = SignatureBytes([1; 32], [2; 32]);
    assert_eq!(&codec::encode_named(&signature)[..], [&b"\xc4\x40"[..], &[1; 32], &[2; 32]].concat());
    let server = ServerIdentity::Ca([3; 32]);
    assert_eq!(&codec::encode_named(&server)[..], [&b"\x81\xa2Ca\xc4\x20"[..], &[3; 32]].concat());
    for wrong in [&b"\xc4\x1f"[..], b"\xc4\x21"] {
        let bytes = [wrong, &vec![1; wrong[1].into()]].concat();
        assert!(codec::decode_named::<PublicKey>(&bytes).is_err(), "32 bytes and no other number");
    }
}

#[test]
fn a_message_over_the_limit_is_refused_unread() {
    let bytes = vec![0; MESSAGE_MAX + 1];
    assert_eq!(codec::decode::<Control>(&bytes), Err(DecodeError::TooLarge(MESSAGE_MAX + 1)));
    assert_eq!(codec::decode_named::<Control>(&bytes), Err(DecodeError::TooLarge(MESSAGE_MAX + 1)));
}

/// What the tests here stand on.
#[test]
fn the_allocator_counts() {
    let held = most_held(|| drop(std::hint::black_box(vec![1u8; MESSAGE_MAX + 1])));
    assert!((MESSAGE_MAX + 1..2 * MESSAGE_MAX).contains(&held), "{held} bytes held");
}

/// The most that a message of the greatest length can cost: empty texts, a byte each on the wire. Bincode's limit counts eight
/// bytes for each length and so refuses early; MessagePack is bounded by its bytes alone.
#[test]
fn a_message_of_many_small_things_costs_a_bounded_multiple() {
    let tagged = |texts| Capabilities { tags: vec![String::new(); texts], ..Capabilities::default() };
    let many = tagged(MESSAGE_MAX - 1_000);
    let bytes = codec::encode(&many);
    let held = most_held(|| assert!(codec::decode::<Capabilities>(&bytes).is_err()));
    assert!(held <= 8 * MESSAGE_MAX, "{held} bytes held");

    let bytes = codec::encode_named(&many);
    let held = most_held(|| assert_eq!(codec::decode_named(&bytes), Ok(many)));
    assert!(held <= 64 * MESSAGE_MAX, "{held} bytes held");
}

/// Capabilities, filters and predicates are refused at their bound, long before the end of a message.
#[test]
fn a_list_over_its_bound_costs_no_more_than_the_bound() {
    #[derive(Serialize)]
    struct Tags {
        tags: Vec<&'static str>,
        metadata: BTreeMap<String, String>,
    }
    let many = Tags { tags: vec!["a"; 500_000], metadata: BTreeMap::new() };
    let nodes: Vec<_> = (0..500_000).map(|_| PredicateNode::Not).collect();
    for bytes in [codec::encode(&many), codec::encode_named(&many), codec::encode(&nodes), codec::encode_named(&nodes)]
    {
        let held = most_held(|| {
            assert!(
                codec::decode::<CapabilitySet>(&bytes).is_err()
                    && codec::decode_named::<CapabilitySet>(&bytes).is_err()
            );
            assert!(codec::decode::<Predicate>(&bytes).is_err() && codec::decode_named::<Predicate>(&bytes).is_err());
        });
        assert!(held <= 64 * 1024, "{held} bytes held");
    }
}

/// Deep nesting in MessagePack is skipped or refused, without a deep stack.
#[test]
fn nesting_does_not_exhaust_the_stack() {
    decode_as_everything(&vec![0x91; 1_000_000]);
    decode_as_everything(&vec![0x81; 1_000_000]);
}
