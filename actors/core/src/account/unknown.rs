//! Sessions that are not known here: some do not exist, and of some this place cannot say so yet.

use std::collections::BTreeSet;

use wayfare_protocol::session::OpenSession;
use wayfare_protocol::{Boot, ErrorCode, Refusal, RequestId, SessionId};

use super::{Account, LinkId};

/// What a node may be ignorant of.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    /// Sessions of this node whose logs are still being read.
    expected: BTreeSet<SessionId>,
    /// Whether there is a cloud that knows sessions elsewhere.
    is_paired: bool,
    /// Sessions asked for by name meanwhile: one of those being read may have the name.
    held: Vec<(LinkId, RequestId, OpenSession)>,
    /// In a cloud whose store was restored from backup: until then nodes may tell of what it never heard of.
    reporting_until: Option<Boot>,
}

impl Unknown {
    pub(super) fn restarted(&mut self, expected: BTreeSet<SessionId>, is_paired: bool) {
        *self = Self { expected, is_paired, held: Vec::new(), reporting_until: None };
    }

    /// The store came back from a backup; its nodes are given until then to tell what they hold.
    pub(super) fn await_reports(&mut self, until: Boot) {
        self.reporting_until = Some(until);
    }

    pub(super) fn deadline(&self) -> Option<Boot> {
        self.reporting_until
    }

    pub(super) fn wake(&mut self, now: Boot) {
        self.reporting_until = self.reporting_until.filter(|until| now < *until);
    }

    /// A session has told of itself. Returns the requests that may go on when it was the last one.
    pub(super) fn told(&mut self, session: SessionId) -> Vec<(LinkId, RequestId, OpenSession)> {
        self.expected.remove(&session);
        if self.expected.is_empty() { std::mem::take(&mut self.held) } else { Vec::new() }
    }

    /// Whether every name of this node is known.
    pub(super) fn knows_names(&self) -> bool {
        self.expected.is_empty()
    }

    /// Keeps a request until every name is known. One that is asked again replaces itself.
    pub(super) fn hold(&mut self, link: LinkId, request: RequestId, open: OpenSession) {
        self.held.retain(|(_, held, _)| *held != request);
        self.held.push((link, request, open));
    }

    /// How many are kept for a link.
    pub(super) fn held_for(&self, link: LinkId) -> usize {
        self.held.iter().filter(|(from, ..)| *from == link).count()
    }
}

impl Account {
    /// The answer to whoever asks for a session that is not known here and that nobody else can be asked for. `NotFound` is final: it
    /// is said only where it is certain.
    pub(super) fn unknown_session(&self, session: SessionId) -> Refusal {
        if self.unknown.expected.contains(&session) {
            return Refusal::new(ErrorCode::OwnerUnreachable, format!("session {session} is being read from its logs"));
        }
        if self.unknown.is_paired && self.links.upstream().is_none() {
            let detail = format!("session {session} is not on this node, and the cloud is not connected");
            return Refusal::new(ErrorCode::OwnerUnreachable, detail);
        }
        if self.unknown.reporting_until.is_some() {
            let detail = format!(
                "the cloud came back from a backup, and the node of session {session} may not have told of it yet"
            );
            return Refusal::new(ErrorCode::OwnerUnreachable, detail);
        }
        Refusal::new(ErrorCode::NotFound, format!("no session {session} in this account"))
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::capability::{Capabilities, Policy};
    use wayfare_protocol::capability_set::CapabilitySet;
    use wayfare_protocol::control::Control;
    use wayfare_protocol::session::{Environment, Language, SessionInfo, SessionKey, SessionName, SessionState};
    use wayfare_protocol::stream::{Class, Destination, Open};
    use wayfare_protocol::{Access, DeviceId, Epoch, Limits, NodeId, Now, RunId, StreamId};

    use super::super::{Config, Effect, Input, Peer, Place, Registered};
    use super::*;
    use crate::machine::Machine as _;

    fn session() -> SessionId {
        "00000000-0000-7000-8000-000000000001".parse().unwrap()
    }

    fn restarted(sessions: BTreeSet<SessionId>, is_paired: bool) -> Input {
        Input::Restarted { sessions, daemons: BTreeSet::new(), is_paired }
    }

    const DEVICE: DeviceId = DeviceId([1; 32]);
    const LINK: LinkId = LinkId(1);

    /// A node that has restarted, and a program that is linked to it.
    fn node(capabilities: Capabilities, sessions: BTreeSet<SessionId>, is_paired: bool) -> Account {
        let (name, os) = ("laptop".to_owned(), "linux".to_owned());
        let registered =
            Registered { device: DEVICE, name: name.clone(), os: os.clone(), node: None, access: Access::Everything };
        let place = Place::Node {
            node: NodeId(DEVICE),
            name,
            os,
            capabilities,
            announced: CapabilitySet::new(),
            policy: Policy::default(),
        };
        let mut account = Account::new(Config { place, limits: Limits::default() }, Now::default());
        let mut out = Vec::new();
        account.step(Now::default(), restarted(sessions, is_paired), &mut out);
        account.step(Now::default(), Input::LinkUp { link: LINK, peer: Peer::Device(registered) }, &mut out);
        assert_eq!(out, []);
        account
    }

    fn asked() -> OpenSession {
        let name = SessionName::new("analysis", "main").unwrap();
        OpenSession {
            key: SessionKey { name, language: Language::from_word("python") },
            id: SessionId(uuid::Uuid::from_u128(2)),
            environment: Environment::default(),
            needs: wayfare_protocol::capability::Needs::default(),
            device: None,
        }
    }

    /// What a local client is told that wants to see a run of a session which the node does not know.
    fn answer(sessions: &[SessionId], is_paired: bool) -> ErrorCode {
        let mut account = node(Capabilities::default(), sessions.iter().copied().collect(), is_paired);
        let mut out = Vec::new();
        let destination = Destination::Run { session: session(), run: RunId(session().0), from: 1 };
        let open = Open { destination, class: Class::Interactive, window: 1_000 };
        account.step(Now::default(), Input::StreamRequested { link: LINK, stream: StreamId(1), open }, &mut out);
        match out.pop() {
            Some(Effect::Reset { refusal, .. }) => refusal.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn not_found_is_said_only_where_it_is_certain() {
        assert_eq!(answer(&[], false), ErrorCode::NotFound);
        assert_eq!(answer(&[session()], false), ErrorCode::OwnerUnreachable);
        assert_eq!(answer(&[], true), ErrorCode::OwnerUnreachable);
    }

    /// A log in which nothing became durable has no name to wait for.
    #[test]
    fn a_name_does_not_wait_for_a_session_that_never_was() {
        let (now, link, open) = (Now::default(), LINK, asked());
        let mut account = node(super::super::tests::python(), [session()].into(), false);
        let mut out = Vec::new();
        let request = RequestId(uuid::Uuid::from_u128(3));
        let control = Control::Open { request, open: open.clone() };
        account.step(now, Input::Control { link, control }, &mut out);
        assert_eq!(out, []);
        account.step(now, Input::NeverWas { session: session() }, &mut out);
        assert_eq!(out, [Effect::Create(OpenSession { id: open.id.made_by(NodeId(DEVICE)), ..open })]);
    }

    /// A name asked for while logs are being read is that of a session which is being read: no second one is made.
    #[test]
    fn a_name_waits_until_every_session_has_told_its_own() {
        let (now, link, open) = (Now::default(), LINK, asked());
        let key = open.key.clone();
        let mut account = node(Capabilities::default(), [session()].into(), false);
        let mut out = Vec::new();
        let request = RequestId(uuid::Uuid::from_u128(3));
        account.step(now, Input::Control { link, control: Control::Open { request, open } }, &mut out);
        assert_eq!(out, []);
        let info = SessionInfo {
            id: session(),
            key,
            owner: NodeId(DEVICE),
            device_name: "laptop".into(),
            epoch: Epoch::LOCAL,
            state: SessionState::Cold,
            environment: Environment::default(),
        };
        account.step(now, Input::Session(info), &mut out);
        match out.as_slice() {
            [Effect::Send { control: Control::Opened { outcome: Ok(opened), .. }, .. }] => {
                assert_eq!((opened.session.id, opened.created), (session(), false));
            }
            other => panic!("{other:?}"),
        }
    }
}
