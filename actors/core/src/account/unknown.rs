//! Sessions that are not known here: some do not exist, and of some this place cannot say so yet.

use std::collections::BTreeSet;

use wayfare_protocol::{ErrorCode, Refusal, SessionId};

use super::Account;

/// What a node may be ignorant of.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    /// Sessions of this node whose logs are still being read.
    expected: BTreeSet<SessionId>,
    /// Whether there is a cloud that knows sessions elsewhere.
    is_paired: bool,
}

impl Unknown {
    pub(super) fn restarted(&mut self, expected: BTreeSet<SessionId>, is_paired: bool) {
        *self = Self { expected, is_paired };
    }

    /// A session has told of itself.
    pub(super) fn told(&mut self, session: SessionId) {
        self.expected.remove(&session);
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
        Refusal::new(ErrorCode::NotFound, format!("no session {session} in this account"))
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::capability::Capabilities;
    use wayfare_protocol::stream::{Class, Destination, Open};
    use wayfare_protocol::{DeviceId, Limits, NodeId, Now, RunId, StreamId};

    use super::super::{Config, Effect, Input, LinkId, Peer, Place, Registered};
    use super::*;
    use crate::machine::Machine as _;

    fn session() -> SessionId {
        "00000000-0000-7000-8000-000000000001".parse().unwrap()
    }

    /// What a local client is told that wants to see a run of a session which the node does not know.
    fn answer(sessions: &[SessionId], is_paired: bool) -> ErrorCode {
        let device = DeviceId([1; 32]);
        let place = Place::Node {
            node: NodeId(device),
            name: "laptop".to_owned(),
            os: "linux".to_owned(),
            capabilities: Capabilities::default(),
        };
        let now = Now::default();
        let mut account = Account::new(Config { place, limits: Limits::default() }, now);
        let (link, mut out) = (LinkId(1), Vec::new());
        let registered = Registered { device, name: "laptop".to_owned(), os: "linux".to_owned(), node: None };
        account.step(now, Input::Restarted { sessions: sessions.iter().copied().collect(), is_paired }, &mut out);
        account.step(now, Input::LinkUp { link, peer: Peer::Device(registered) }, &mut out);
        let destination = Destination::Run { session: session(), run: RunId(session().0), from: 1 };
        let open = Open { destination, class: Class::Interactive, window: 1_000 };
        account.step(now, Input::StreamRequested { link, stream: StreamId(1), open }, &mut out);
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
}
