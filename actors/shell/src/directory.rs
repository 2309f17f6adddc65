//! Where the actors of one account are. Messages between them go by name, so that a restarted actor is found again, and so that an
//! account may live in another process one day. Nobody holds an address across accounts.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ractor::ActorRef;
use wayfare_core::account::{self, LinkId};
use wayfare_core::{journal, link, session};
use wayfare_protocol::control::Control;
use wayfare_protocol::{DeviceId, SessionId};

use crate::account::AccountExecutor;
use crate::actor::Mail;
use crate::device::DeviceExecutor;
use crate::journal::{JournalCommand, JournalExecutor};
use crate::link::LinkRef;
use crate::session::{SessionCommand, SessionExecutor};
use crate::supervisor::SupervisorRef;

/// The actors of one account in this process.
#[derive(Default)]
pub struct Directory(Mutex<Known>);

#[derive(Default)]
struct Known {
    supervisor: Option<SupervisorRef>,
    account: Option<ActorRef<Mail<AccountExecutor>>>,
    devices: BTreeMap<DeviceId, ActorRef<Mail<DeviceExecutor>>>,
    sessions: BTreeMap<SessionId, ActorRef<Mail<SessionExecutor>>>,
    journals: BTreeMap<SessionId, ActorRef<Mail<JournalExecutor>>>,
    links: BTreeMap<LinkId, LinkRef>,
    next_link: u64,
}

impl Directory {
    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        // A panic while the lock is held cannot leave the maps half-changed: each change is one call.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of a new link.
    pub fn next_link(&self) -> LinkId {
        self.with(|known| {
            known.next_link += 1;
            LinkId(known.next_link)
        })
    }

    /// Forgets everybody: all of them begin anew. Numbers of links go on.
    pub fn clear(&self) {
        self.with(|known| *known = Known { next_link: known.next_link, ..Known::default() });
    }

    /// Makes the supervisor of the account's actors known.
    pub fn set_supervisor(&self, supervisor: SupervisorRef) {
        self.with(|known| known.supervisor = Some(supervisor));
    }

    /// The supervisor of the account's actors.
    pub fn supervisor(&self) -> Option<SupervisorRef> {
        self.with(|known| known.supervisor.clone())
    }

    /// Makes the account known.
    pub fn set_account(&self, account: ActorRef<Mail<AccountExecutor>>) {
        self.with(|known| known.account = Some(account));
    }

    /// Makes a device known.
    pub fn set_device(&self, device: DeviceId, actor: ActorRef<Mail<DeviceExecutor>>) {
        self.with(|known| known.devices.insert(device, actor));
    }

    /// The actor of a device.
    pub fn device(&self, device: DeviceId) -> Option<ActorRef<Mail<DeviceExecutor>>> {
        self.with(|known| known.devices.get(&device).cloned())
    }

    /// Makes a session known.
    pub fn set_session(&self, session: SessionId, actor: ActorRef<Mail<SessionExecutor>>) {
        self.with(|known| known.sessions.insert(session, actor));
    }

    /// Makes a journal known.
    pub fn set_journal(&self, session: SessionId, actor: ActorRef<Mail<JournalExecutor>>) {
        self.with(|known| known.journals.insert(session, actor));
    }

    /// The journal of a session.
    pub fn journal(&self, session: SessionId) -> Option<ActorRef<Mail<JournalExecutor>>> {
        self.with(|known| known.journals.get(&session).cloned())
    }

    /// Makes a link known.
    pub fn set_link(&self, id: LinkId, link: LinkRef) {
        self.with(|known| known.links.insert(id, link));
    }

    /// A link.
    pub fn link(&self, id: LinkId) -> Option<LinkRef> {
        self.with(|known| known.links.get(&id).cloned())
    }

    /// A link is gone.
    pub fn remove_link(&self, id: LinkId) {
        self.with(|known| known.links.remove(&id));
    }

    /// Every link, to say goodbye.
    pub fn links(&self) -> Vec<LinkRef> {
        self.with(|known| known.links.values().cloned().collect())
    }

    /// Says something on every dialed link.
    pub fn tell_upstreams(&self, control: Control) {
        for link in self.links() {
            if matches!(link, LinkRef::Dialed(..)) {
                link.input(link::Input::Send(Box::new(control.clone())));
            }
        }
    }

    /// Tells the account. When it is not there, it begins anew and so do the links: nothing is lost that was promised.
    pub fn tell_account(&self, input: account::Input) {
        if let Some(account) = self.with(|known| known.account.clone()) {
            let _ = account.cast(Mail::Input(input, None));
        }
    }

    /// Tells a session; `false` if it is not here.
    pub fn tell_session(&self, session: SessionId, input: session::Input) -> bool {
        self.cast_session(session, Mail::Input(input, None))
    }

    /// Gives a session a command; `false` if it is not here.
    pub fn command_session(&self, session: SessionId, command: SessionCommand) -> bool {
        self.cast_session(session, Mail::Command(command))
    }

    fn cast_session(&self, session: SessionId, mail: Mail<SessionExecutor>) -> bool {
        let actor = self.with(|known| known.sessions.get(&session).cloned());
        actor.is_some_and(|actor| actor.cast(mail).is_ok())
    }

    /// Tells a journal; `false` if it is not here.
    pub fn tell_journal(&self, session: SessionId, input: journal::Input) -> bool {
        self.cast_journal(session, Mail::Input(input, None))
    }

    /// Gives a journal a command; `false` if it is not here.
    pub fn command_journal(&self, session: SessionId, command: JournalCommand) -> bool {
        self.cast_journal(session, Mail::Command(command))
    }

    fn cast_journal(&self, session: SessionId, mail: Mail<JournalExecutor>) -> bool {
        let actor = self.with(|known| known.journals.get(&session).cloned());
        actor.is_some_and(|actor| actor.cast(mail).is_ok())
    }
}
