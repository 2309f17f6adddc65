//! Who is let in, and every way not to be.

use wayfare_protocol::Access;
use wayfare_protocol::ErrorCode;
use wayfare_protocol::control::{Challenge, Pair as PairRequest, Register};
use wayfare_protocol::frame::Kind;
use wayfare_protocol::identity::challenge_payload;
use wayfare_protocol::limits::DEVICE_NAME_MAX;

use super::*;
use crate::link::HandshakeError;

fn registering() -> Config {
    dialer(&Limits::default(), Purpose::Register(introduction()))
}

fn pairing() -> Config {
    dialer(
        &Limits::default(),
        Purpose::Pair { code: "1234-5678".into(), name: "laptop".into(), access: Access::Everything },
    )
}

fn both(dialer: Config) -> Pair {
    Pair::new(dialer, acceptor(&Limits::default()))
}

/// The registration that the dialing end answers the challenge with, not delivered.
fn registration() -> (Pair, Box<Register>) {
    let mut pair = both(registering());
    pair.wake();
    pair.deliver(Acceptor);
    let frame = pair.dialer.wire.pop_front().expect("an answer");
    match control(&Frame::decode(&frame).expect("a frame")) {
        Control::Register(register) => (pair, register),
        other => panic!("not a registration but {other:?}"),
    }
}

fn refused_by_acceptor(pair: &mut Pair) -> (Reason, Control) {
    let reason = pair.down(Acceptor);
    let frames = pair.frames(Acceptor);
    (reason, control(frames.last().expect("a goodbye")))
}

#[test]
fn an_admitted_device_brings_both_ends_up() {
    let mut pair = both(registering());
    assert_eq!(pair.acceptor.link.deadline(), Some(pair.now.boot), "the acceptor wants to speak at once");
    pair.run();
    let [Effect::Authenticate(register)] = &pair.acceptor.told[..] else { panic!("{:?}", pair.acceptor.told) };
    assert_eq!((register.key, register.sealing_key), (key().public(), key().sealing_public()));
    assert!(pair.dialer.told.is_empty());
    pair.give(Acceptor, Input::Admit(Ok(welcome())));
    pair.run();
    assert_eq!(pair.dialer.told, [Effect::Up(welcome())]);
    assert_eq!(pair.acceptor.told.last(), Some(&Effect::Up(welcome())));
}

#[test]
fn both_codecs_bring_a_link_up() {
    let (mut one, mut other) = (registering(), acceptor(&Limits::default()));
    (one.codec, other.codec) = (Codec::MessagePack, Codec::MessagePack);
    let mut pair = Pair::new(one, other);
    pair.run();
    pair.give(Acceptor, Input::Admit(Ok(welcome())));
    pair.run();
    assert!(pair.dialer.link.is_up());
}

/// The subprotocol is part of what is signed: nobody in between can change it.
#[test]
fn a_proof_for_another_codec_does_not_hold() {
    let (mut pair, mut register) = registration();
    let payload = challenge_payload(&[9; 32], key().device_id(), Codec::MessagePack.subprotocol(), &server());
    register.proof = key().sign(&payload);
    pair.give_control(Acceptor, &Control::Register(register));
    assert!(matches!(pair.down(Acceptor), Reason::Handshake(HandshakeError::Proof(_))));
}

#[test]
fn a_device_that_the_owner_refuses_learns_why() {
    let mut pair = both(registering());
    pair.run();
    pair.give(Acceptor, Input::Admit(Err(refusal(ErrorCode::Unauthenticated))));
    pair.run();
    assert_eq!(pair.down(Acceptor), Reason::Goodbye(refusal(ErrorCode::Unauthenticated)));
    assert_eq!(pair.dialer.told, [Effect::Down { reason: Reason::Refused(refusal(ErrorCode::Unauthenticated)) }]);
}

#[test]
fn whoever_asks_to_read_alone_is_paired_so() {
    let purpose = Purpose::Pair { code: "1234-5678".into(), name: "editor".into(), access: Access::Reading };
    let mut pair = both(dialer(&Limits::default(), purpose));
    pair.run();
    let [Effect::AuthenticatePairing(_, access)] = &pair.acceptor.told[..] else { panic!("{:?}", pair.acceptor.told) };
    assert_eq!(*access, Access::Reading);
}

#[test]
fn pairing_ends_the_link_with_the_account() {
    let account = AccountId(uuid::Uuid::from_u128(5));
    let mut pair = both(pairing());
    pair.run();
    let [Effect::AuthenticatePairing(asked, Access::Everything)] = &pair.acceptor.told[..] else {
        panic!("{:?}", pair.acceptor.told)
    };
    assert_eq!((asked.code.as_str(), asked.key), ("1234-5678", key().public()));
    pair.give(Acceptor, Input::AdmitPairing(Ok(account)));
    pair.run();
    assert_eq!(pair.down(Acceptor), Reason::Paired(account));
    assert_eq!(pair.dialer.told, [Effect::Paired { account }, Effect::Down { reason: Reason::Paired(account) }]);
}

#[test]
fn a_refused_code_is_told() {
    let mut pair = both(pairing());
    pair.run();
    pair.give(Acceptor, Input::AdmitPairing(Err(refusal(ErrorCode::PairingRefused))));
    pair.run();
    assert_eq!(pair.down(Dialer), Reason::Refused(refusal(ErrorCode::PairingRefused)));
}

#[test]
fn a_proof_by_another_key_is_refused() {
    let (mut pair, mut register) = registration();
    register.key = DeviceKey::from_seed(&[8; 32]).public();
    pair.give_control(Acceptor, &Control::Register(register));
    let (reason, goodbye) = refused_by_acceptor(&mut pair);
    assert!(matches!(reason, Reason::Handshake(HandshakeError::Proof(_))), "{reason:?}");
    assert!(matches!(goodbye, Control::Goodbye(Refusal { code: ErrorCode::Unauthenticated, .. })));
}

#[test]
fn a_sealing_key_that_the_device_did_not_sign_is_refused() {
    let (mut pair, mut register) = registration();
    register.sealing_key = [1; 32];
    pair.give_control(Acceptor, &Control::Register(register));
    assert!(matches!(pair.down(Acceptor), Reason::Handshake(HandshakeError::SealingKey(_))));
}

/// Another server relays the real server's challenge under its own name: the device signs for neither.
#[test]
fn a_device_signs_only_for_the_server_that_it_expects() {
    let mut pair = both(registering());
    let other = ServerIdentity::Ca([3; 32]);
    let challenge = Challenge { nonce: [9; 32], server: other.clone(), version: String::new() };
    pair.give_control(Dialer, &Control::Challenge(challenge));
    assert_eq!(pair.down(Dialer), Reason::WrongServer { expected: server(), found: other });
    let [frame] = &pair.frames(Dialer)[..] else { panic!("more than a goodbye") };
    assert!(matches!(control(frame), Control::Goodbye(_)));
}

/// A device connected to a false server, which relays the real server's challenge as its own: the proof names the false one.
#[test]
fn a_relayed_challenge_is_refused() {
    let (mut pair, mut register) = registration();
    let payload =
        challenge_payload(&[9; 32], key().device_id(), Codec::Bincode.subprotocol(), &ServerIdentity::Ca([3; 32]));
    register.proof = key().sign(&payload);
    pair.give_control(Acceptor, &Control::Register(register));
    assert!(matches!(pair.down(Acceptor), Reason::Handshake(HandshakeError::Proof(_))));
}

#[test]
fn a_proof_is_good_for_one_link_only() {
    let (_, register) = registration();
    let mut config = acceptor(&Limits::default());
    let Role::Acceptor { nonce, .. } = &mut config.role else { panic!("an acceptor") };
    *nonce = [10; 32];
    let mut pair = Pair::new(registering(), config);
    pair.wake();
    pair.give_control(Acceptor, &Control::Register(register));
    assert!(matches!(pair.down(Acceptor), Reason::Handshake(HandshakeError::Proof(_))));
}

#[test]
fn a_proof_is_taken_once() {
    let (mut pair, register) = registration();
    pair.give_control(Acceptor, &Control::Register(register.clone()));
    pair.give_control(Acceptor, &Control::Register(register));
    assert!(matches!(pair.down(Acceptor), Reason::Handshake(HandshakeError::Unexpected { .. })));
}

#[test]
fn a_challenge_expires() {
    let limits = Limits { challenge_valid: seconds(3), ..Limits::default() };
    let mut pair = Pair::new(registering(), acceptor(&limits));
    pair.wake();
    pair.deliver(Acceptor);
    pair.pass(seconds(3));
    pair.deliver(Dialer);
    assert_eq!(pair.down(Acceptor), Reason::Handshake(HandshakeError::Expired));
}

#[test]
fn a_handshake_has_a_deadline_at_both_ends() {
    let mut pair = both(registering());
    pair.run();
    pair.pass(Limits::default().handshake);
    assert_eq!(pair.dialer.link.deadline(), Some(pair.now.boot));
    pair.wake();
    for side in [Dialer, Acceptor] {
        assert_eq!(pair.down(side), Reason::Handshake(HandshakeError::TimedOut));
    }
}

/// What comes after the deadline is too late even where the timer has not fired yet.
#[test]
fn a_late_admission_brings_nothing_up() {
    let mut pair = both(registering());
    pair.run();
    pair.pass(Limits::default().handshake);
    pair.give(Acceptor, Input::Admit(Ok(welcome())));
    assert_eq!(pair.down(Acceptor), Reason::Handshake(HandshakeError::TimedOut));
}

#[test]
fn nothing_but_the_handshake_may_come_before_it_is_done() {
    let ping = Frame {
        stream: StreamId::CONTROL,
        kind: Kind::Data { more: false },
        body: Codec::Bincode.encode(&Control::Ping { token: 1 }),
    };
    let undecodable = Frame { body: Bytes::from_static(&[255; 9]), ..ping.clone() };
    let credit = Frame { kind: Kind::Credit, ..ping.clone() };
    let stream = Frame { stream: StreamId(1), ..ping.clone() };
    for frame in [ping, undecodable, credit, stream] {
        for side in [Dialer, Acceptor] {
            let mut pair = both(registering());
            pair.give_frame(side, &frame);
            let reason = pair.down(side);
            assert!(matches!(reason, Reason::Handshake(_)), "{frame:?} led to {reason:?}");
            let last = pair.frames(side).pop().expect("a goodbye");
            assert!(matches!(control(&last), Control::Goodbye(_)));
        }
    }
}

#[test]
fn strangers_get_little_memory() {
    let mut pair = both(registering());
    let piece = Frame { stream: StreamId::CONTROL, kind: Kind::Data { more: true }, body: vec![0; 16 * 1024].into() };
    for _ in 0..5 {
        pair.give_frame(Acceptor, &piece);
    }
    assert_eq!(pair.down(Acceptor), Reason::Handshake(HandshakeError::TooLarge));
}

#[test]
fn an_overlong_name_is_refused() {
    let mut pair = both(registering());
    pair.wake();
    let name = "x".repeat(DEVICE_NAME_MAX + 1);
    let payload = challenge_payload(&[9; 32], key().device_id(), Codec::Bincode.subprotocol(), &server());
    let asked = PairRequest { code: "1".into(), key: key().public(), name, proof: key().sign(&payload) };
    pair.give_control(Acceptor, &Control::Pair(Box::new(asked)));
    assert_eq!(pair.down(Acceptor), Reason::Handshake(HandshakeError::NameTooLong(DEVICE_NAME_MAX + 1)));
}

#[test]
fn a_closed_connection_ends_the_handshake_once() {
    let mut pair = both(registering());
    for _ in 0..2 {
        pair.give(Dialer, Input::Closed { why: "reset".into() });
        pair.give(Dialer, Input::OpenStream { ticket: 1, destination: destination(), class: Class::Bulk });
        pair.wake();
    }
    assert_eq!(pair.dialer.told, [Effect::Down { reason: Reason::Closed { why: "reset".into() } }]);
    assert_eq!(pair.dialer.link.deadline(), None);
}

fn of_versions(device: &str, server: &str) -> (Config, Config) {
    let introduction = Introduction { version: device.to_owned(), ..introduction() };
    let (dialing, mut accepting) =
        (dialer(&Limits::default(), Purpose::Register(introduction)), acceptor(&Limits::default()));
    if let Role::Acceptor { version, .. } = &mut accepting.role {
        server.clone_into(version);
    }
    (dialing, accepting)
}

#[test]
fn a_device_of_an_older_version_is_told_to_update_and_signs_nothing() {
    let (dialing, accepting) = of_versions("0.1.7", "0.2.0");
    let mut pair = Pair::new(dialing, accepting);
    pair.run();
    let [Effect::Down { reason: Reason::Refused(refusal) }] = &pair.dialer.told[..] else {
        panic!("{:?}", pair.dialer.told)
    };
    assert_eq!(refusal.code, ErrorCode::VersionMismatch);
    assert!(refusal.detail.contains("update this device"), "{refusal}");
    assert!(!pair.acceptor.told.iter().any(|effect| matches!(effect, Effect::Authenticate(_))));
}

#[test]
fn a_server_refuses_a_device_whose_version_it_does_not_speak() {
    // A device that does not look at the server's version.
    let (mut pair, mut register) = registration();
    register.version = "9.0.0".to_owned();
    pair.give_control(Acceptor, &Control::Register(register));
    let (reason, last) = refused_by_acceptor(&mut pair);
    assert!(matches!(&reason, Reason::Goodbye(refusal) if refusal.code == ErrorCode::VersionMismatch), "{reason:?}");
    assert!(matches!(last, Control::Goodbye(refusal) if refusal.detail.contains("update the server")));
}
