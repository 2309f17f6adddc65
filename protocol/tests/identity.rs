//! Device identity: what a signature proves, and what it does not.

use wayfare_protocol::codec::{BINCODE_SUBPROTOCOL, MSGPACK_SUBPROTOCOL};
use wayfare_protocol::identity::{
    DeviceKey, IdentityError, PublicKey, ServerIdentity, SignatureBytes, challenge_payload, keyed_hash,
    sealing_key_payload,
};

/// The order of the base point, little-endian (RFC 8032 §5.1).
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn key() -> DeviceKey {
    DeviceKey::from_seed(&[7; 32])
}

fn plus(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    std::array::from_fn(|at| {
        let sum = u16::from(a[at]) + u16::from(b[at]) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    })
}

/// RFC 8032 §7.1, test 2.
#[test]
fn signatures_are_those_of_the_standard() {
    let hex = |text: &str| -> [u8; 32] { data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap() };
    let key = DeviceKey::from_seed(&hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
    assert_eq!(key.public().0, hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
    let signature = key.sign(&[0x72]);
    assert_eq!(signature.0, hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"));
    assert_eq!(signature.1, hex("085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"));
}

#[test]
fn a_signature_holds_for_its_payload_and_key_only() {
    let signature = key().sign(b"payload");
    assert_eq!(key().public().verify(b"payload", &signature), Ok(()));
    assert_eq!(key().public().verify(b"payloae", &signature), Err(IdentityError::InvalidSignature));
    let other = DeviceKey::from_seed(&[8; 32]).public();
    assert_eq!(other.verify(b"payload", &signature), Err(IdentityError::InvalidSignature));
}

/// A server that passes another server's challenge on gets a signature that the other refuses: it names the wrong server.
#[test]
fn a_relayed_challenge_is_refused() {
    let (nonce, device) = ([9; 32], key().device_id());
    let servers = [
        ServerIdentity::Ca([1; 32]),
        ServerIdentity::Ca([2; 32]),
        ServerIdentity::Origin("https://mesh.example:443".into()),
        ServerIdentity::Origin("https://mesh.example:4433".into()),
        ServerIdentity::Node(device),
    ];
    for connected in &servers {
        let proof = key().sign(&challenge_payload(&nonce, device, BINCODE_SUBPROTOCOL, connected));
        for judging in &servers {
            let payload = challenge_payload(&nonce, device, BINCODE_SUBPROTOCOL, judging);
            let verdict = key().public().verify(&payload, &proof);
            assert_eq!(verdict.is_ok(), connected == judging, "signed for {connected:?}, judged by {judging:?}");
        }
    }
}

/// The proof is for one nonce, device and subprotocol.
#[test]
fn a_proof_means_one_challenge() {
    let (device, server) = (key().device_id(), ServerIdentity::Ca([1; 32]));
    let payload = challenge_payload(&[9; 32], device, BINCODE_SUBPROTOCOL, &server);
    let other = DeviceKey::from_seed(&[8; 32]).device_id();
    assert_ne!(payload, challenge_payload(&[8; 32], device, BINCODE_SUBPROTOCOL, &server));
    assert_ne!(payload, challenge_payload(&[9; 32], other, BINCODE_SUBPROTOCOL, &server));
    assert_ne!(payload, challenge_payload(&[9; 32], device, MSGPACK_SUBPROTOCOL, &server));
}

/// Adding the group's order to the second half gives another number for the same point: lax verifiers take it.
#[test]
fn a_malleable_signature_is_refused() {
    let SignatureBytes(r, s) = key().sign(b"payload");
    let twin = SignatureBytes(r, plus(s, GROUP_ORDER));
    assert_eq!(key().public().verify(b"payload", &twin), Err(IdentityError::InvalidSignature));
}

/// For a key of small order a signature can be made that holds for (nearly) every payload.
#[test]
fn a_key_of_small_order_is_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    // R the identity, s zero: s·B = R + h·A holds without strictness whenever h·A is the identity.
    let forged = SignatureBytes(identity, [0; 32]);
    for point in [identity, minus_one, [0; 32]] {
        for payload in [&b"a"[..], b"b", b"c", b"d"] {
            assert!(PublicKey(point).verify(payload, &forged).is_err(), "{point:?}");
        }
    }
}

#[test]
fn bytes_that_are_no_point_are_refused() {
    let mut none = [0; 32];
    none[0] = 2; // x² = (y²-1)/(dy²+1) has no root for y = 2
    assert_eq!(PublicKey(none).verify(b"a", &key().sign(b"a")), Err(IdentityError::InvalidPublicKey));
}

/// A hash made for one use is nothing in another.
#[test]
fn labels_separate_uses() {
    assert_ne!(keyed_hash(b"one", &[b"value"]), keyed_hash(b"two", &[b"value"]));
    assert_eq!(keyed_hash(b"one", &[b"va", b"lue"]), keyed_hash(b"one", &[b"value"]), "parts are joined");
    assert_eq!(key().device_id(), key().public().device_id());
    assert_ne!(sealing_key_payload(&[1; 32]), sealing_key_payload(&[2; 32]));
}

#[test]
fn a_secret_is_not_shown() {
    let shown = format!("{:?}", key());
    assert!(!shown.contains(&data_encoding::HEXLOWER.encode(&key().seed()[..4])), "{shown}");
    assert_eq!(key().public(), DeviceKey::from_seed(&key().seed()).public());
}
