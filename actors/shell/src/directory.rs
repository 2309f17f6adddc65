//! Where the actors of one account are. Messages between them go by name, so that a restarted actor is found again, and so that an
//! account may live in another process one day. Nobody holds an address across accounts.

mod asking;
mod told;
mod waiting;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ractor::ActorRef;
use wayfare_core::account::{self, LinkId};
use wayfare_core::change_log::ChangeLog;
use wayfare_core::outputs::Executor as RunsOn;
use wayfare_core::{daemon, document, link, session};
use wayfare_protocol::control::Control;
use wayfare_protocol::{DeviceId, DocumentId, EntityId, Epoch, ErrorCode, Refusal, SessionId};

use crate::account::AccountExecutor;
use crate::actor::Mail;
use crate::daemon::{DaemonCommand, DaemonExecutor};
use crate::device::DeviceExecutor;
use crate::document::{DocumentCommand, DocumentExecutor};
use crate::journal::{JournalCommand, JournalExecutor};
use crate::link::LinkRef;
use crate::prefetch::PrefetchExecutor;
use crate::session::{SessionCommand, SessionExecutor};
use crate::supervisor::SupervisorRef;
use asking::Asking;
use waiting::QueueSlot;

/// The actors of one account in this process.
#[derive(Default)]
pub struct Directory(Mutex<Known>);

#[derive(Default)]
struct Known {
    supervisor: Option<SupervisorRef>,
    account: AccountSlot,
    devices: BTreeMap<DeviceId, ActorRef<Mail<DeviceExecutor>>>,
    device_links: BTreeMap<DeviceId, LinkId>,
    sessions: BTreeMap<SessionId, ActorRef<Mail<SessionExecutor>>>,
    daemons: BTreeMap<EntityId, ActorRef<Mail<DaemonExecutor>>>,
    journals: BTreeMap<SessionId, JournalSlot>,
    journal_owners: BTreeMap<SessionId, JournalOwner>,
    asking: Asking,
    documents: BTreeMap<DocumentId, DocumentSlot>,
    documents_above: Option<LinkId>,
    called: Option<String>,
    changes: ChangeLog,
    prefetch: Option<ActorRef<Mail<PrefetchExecutor>>>,
    run_queue: Option<QueueSlot>,
    links: BTreeMap<LinkId, LinkRef>,
    next_link: u64,
}

/// The account, or what it is told before it is there.
enum AccountSlot {
    Expected(Vec<account::Input>),
    Here(ActorRef<Mail<AccountExecutor>>),
}

impl Default for AccountSlot {
    fn default() -> Self {
        Self::Expected(Vec::new())
    }
}

/// A journal, or what it is told before it is there.
enum JournalSlot {
    Expected(Vec<JournalCommand>),
    Here(ActorRef<Mail<JournalExecutor>>),
}

/// A document, or what it is told while it is not there.
enum DocumentSlot {
    Expected(Vec<DocumentCommand>),
    Here(ActorRef<Mail<DocumentExecutor>>),
    /// It is being unloaded; if anything waits for it by then, it is loaded again.
    Leaving(Vec<DocumentCommand>),
}

/// Inputs kept for an account that is being started. Links beyond it time out and dial again.
const EXPECTED: usize = 1_024;

/// A journal's owner: over which link, who, under which fencing number.
pub type JournalOwner = (LinkId, RunsOn, Epoch);

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
        self.with(|known| {
            if let AccountSlot::Expected(waiting) =
                std::mem::replace(&mut known.account, AccountSlot::Here(account.clone()))
            {
                for input in waiting {
                    let _ = account.cast(Mail::Input(input, None)); // it was started this moment
                }
            }
        });
    }

    /// Makes a device known.
    pub fn set_device(&self, device: DeviceId, actor: ActorRef<Mail<DeviceExecutor>>) {
        self.with(|known| known.devices.insert(device, actor));
    }

    /// The actor of a device.
    pub fn device(&self, device: DeviceId) -> Option<ActorRef<Mail<DeviceExecutor>>> {
        self.with(|known| known.devices.get(&device).cloned())
    }

    /// Notes the newest link of a device, so that its actor finds it when it is started.
    pub fn set_device_link(&self, device: DeviceId, link: LinkId) {
        self.with(|known| known.device_links.insert(device, link));
    }

    /// The newest link of a device, if it is still there.
    pub fn device_link(&self, device: DeviceId) -> Option<LinkId> {
        self.with(|known| known.device_links.get(&device).copied().filter(|link| known.links.contains_key(link)))
    }

    /// Makes a session known.
    pub fn set_session(&self, session: SessionId, actor: ActorRef<Mail<SessionExecutor>>) {
        self.with(|known| known.sessions.insert(session, actor));
    }

    /// Makes a daemon known.
    pub fn set_daemon(&self, daemon: EntityId, actor: ActorRef<Mail<DaemonExecutor>>) {
        self.with(|known| known.daemons.insert(daemon, actor));
    }

    /// Tells a daemon; `false` if it is not here.
    pub fn tell_daemon(&self, daemon: EntityId, input: daemon::Input) -> bool {
        self.cast_daemon(daemon, Mail::Input(input, None))
    }

    /// Gives a daemon a command; `false` if it is not here.
    pub fn command_daemon(&self, daemon: EntityId, command: DaemonCommand) -> bool {
        self.cast_daemon(daemon, Mail::Command(command))
    }

    /// Whether a daemon is here, running or being started again.
    pub fn has_daemon(&self, daemon: EntityId) -> bool {
        self.with(|known| known.daemons.contains_key(&daemon))
    }

    /// A daemon is here no more.
    pub fn remove_daemon(&self, daemon: EntityId) {
        self.with(|known| known.daemons.remove(&daemon));
    }

    fn cast_daemon(&self, daemon: EntityId, mail: Mail<DaemonExecutor>) -> bool {
        let actor = self.with(|known| known.daemons.get(&daemon).cloned());
        actor.is_some_and(|actor| actor.cast(mail).is_ok())
    }

    /// A journal is being started.
    pub fn expect_journal(&self, session: SessionId) {
        self.with(|known| known.journals.insert(session, JournalSlot::Expected(Vec::new())));
    }

    /// Makes a journal known, and tells it of its owner and of what waited for it.
    pub fn set_journal(&self, session: SessionId, actor: ActorRef<Mail<JournalExecutor>>) {
        self.with(|known| {
            if let Some((link, runs_on, epoch)) = known.journal_owners.get(&session).cloned() {
                let _ = actor.cast(Mail::Command(JournalCommand::OwnerUp { link, runs_on, epoch }));
            }
            if let Some(JournalSlot::Expected(waiting)) =
                known.journals.insert(session, JournalSlot::Here(actor.clone()))
            {
                for command in waiting {
                    let _ = actor.cast(Mail::Command(command)); // it was started this moment
                }
            }
        });
    }

    /// Whether a session has a journal, or one is being started.
    pub fn has_journal(&self, session: SessionId) -> bool {
        self.with(|known| known.journals.contains_key(&session))
    }

    /// Gives a document a command; what comes while it is being started or unloaded waits for it. `false`: it was not there, is
    /// expected now, and is to be started.
    ///
    /// # Errors
    /// If as many documents are loaded as may be, or too much waits for this one.
    pub fn command_document(
        &self,
        document: DocumentId,
        command: DocumentCommand,
        limit: usize,
    ) -> Result<bool, Refusal> {
        let full = |why: String| Err(Refusal::new(ErrorCode::Overloaded, why));
        self.with(|known| {
            let loaded = known.documents.len();
            match known.documents.get_mut(&document) {
                Some(DocumentSlot::Here(actor)) => {
                    let _ = actor.cast(Mail::Command(command)); // it is being restarted: whoever asked hears it
                    Ok(true)
                }
                Some(DocumentSlot::Expected(waiting) | DocumentSlot::Leaving(waiting)) if waiting.len() < EXPECTED => {
                    waiting.push(command);
                    Ok(true)
                }
                Some(_) => full(format!("document {document} is being loaded, and too much waits for it")),
                None if loaded >= limit => full(format!("{limit} documents are loaded, the limit")),
                None => {
                    known.documents.insert(document, DocumentSlot::Expected(vec![command]));
                    Ok(false)
                }
            }
        })
    }

    /// Makes a document known, and tells it what waited for it.
    pub fn set_document(&self, document: DocumentId, actor: ActorRef<Mail<DocumentExecutor>>) {
        self.with(|known| {
            if let Some(DocumentSlot::Expected(waiting)) =
                known.documents.insert(document, DocumentSlot::Here(actor.clone()))
            {
                for command in waiting {
                    let _ = actor.cast(Mail::Command(command)); // it was started this moment
                }
            }
        });
    }

    /// The actor of a document.
    pub fn document(&self, document: DocumentId) -> Option<ActorRef<Mail<DocumentExecutor>>> {
        self.with(|known| match known.documents.get(&document) {
            Some(DocumentSlot::Here(actor)) => Some(actor.clone()),
            Some(DocumentSlot::Expected(_) | DocumentSlot::Leaving(_)) | None => None,
        })
    }

    /// A document is about to be unloaded.
    pub fn document_leaves(&self, document: DocumentId) {
        self.with(|known| known.documents.insert(document, DocumentSlot::Leaving(Vec::new())));
    }

    /// The actor of a document has ended. `true`: it was unloaded, is asked for, and is to be started.
    pub fn document_left(&self, document: DocumentId) -> bool {
        self.with(|known| match known.documents.remove(&document) {
            Some(DocumentSlot::Leaving(waiting)) if !waiting.is_empty() => {
                known.documents.insert(document, DocumentSlot::Expected(waiting));
                true
            }
            Some(DocumentSlot::Leaving(_)) | None => false,
            Some(other) => {
                known.documents.insert(document, other); // it failed, and its supervisor starts it again
                false
            }
        })
    }

    /// Tells every document of the link to the cloud, or that there is none. Kept for those that are loaded later.
    pub fn set_documents_above(&self, link: Option<LinkId>) {
        self.with(|known| {
            known.documents_above = link;
            for slot in known.documents.values() {
                if let DocumentSlot::Here(actor) = slot {
                    let input = if link.is_some() { document::Input::AboveUp } else { document::Input::AboveDown };
                    let _ = actor.cast(Mail::Input(input, None)); // it is told when it is back
                }
            }
        });
    }

    /// The link to the cloud's documents.
    pub fn documents_above(&self) -> Option<LinkId> {
        self.with(|known| known.documents_above)
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

    /// The newest link that this process dialed.
    pub fn upstream(&self) -> Option<LinkRef> {
        self.links().into_iter().rfind(|link| matches!(link, LinkRef::Dialed(..)))
    }

    /// Says something on every dialed link.
    pub fn tell_upstreams(&self, control: Control) {
        for link in self.links() {
            if matches!(link, LinkRef::Dialed(..)) {
                link.input(link::Input::Send(Box::new(control.clone())));
            }
        }
    }

    /// Tells the account; what comes while it is being started waits for it.
    pub fn tell_account(&self, input: account::Input) {
        self.with(|known| match &mut known.account {
            AccountSlot::Here(account) => {
                let _ = account.cast(Mail::Input(input, None)); // it failed: its links begin anew with it
            }
            AccountSlot::Expected(waiting) if waiting.len() < EXPECTED => waiting.push(input),
            AccountSlot::Expected(_) => tracing::warn!("the account is not there, and too much waits for it"),
        });
    }

    /// Tells a journal that its owner is connected, or away. Kept, so that a restarted journal finds its owner.
    pub fn set_journal_owner(&self, session: SessionId, owner: Option<JournalOwner>) {
        let told = self.with(|known| {
            let command = match owner {
                Some((link, runs_on, epoch)) => {
                    known.journal_owners.insert(session, (link, runs_on.clone(), epoch));
                    JournalCommand::OwnerUp { link, runs_on, epoch }
                }
                None => {
                    known.journal_owners.remove(&session);
                    JournalCommand::OwnerDown
                }
            };
            match known.journals.get(&session) {
                Some(JournalSlot::Here(actor)) => Some((actor.clone(), command)),
                Some(JournalSlot::Expected(_)) | None => None, // it is told when it is there
            }
        });
        if let Some((actor, command)) = told {
            let _ = actor.cast(Mail::Command(command)); // it is being restarted and is told then
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

    /// Gives a journal a command; what comes while it is being started waits for it.
    pub fn command_journal(&self, session: SessionId, command: JournalCommand) {
        self.with(|known| match known.journals.get_mut(&session) {
            Some(JournalSlot::Here(actor)) => {
                let _ = actor.cast(Mail::Command(command)); // it is being restarted: its readers attach anew
            }
            Some(JournalSlot::Expected(waiting)) if waiting.len() < EXPECTED => waiting.push(command),
            Some(JournalSlot::Expected(_)) | None => tracing::warn!(%session, "no journal takes this"),
        });
    }
}
