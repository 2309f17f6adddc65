//! The sessions of the account, by id and by name.

use std::collections::BTreeMap;

use wayfare_protocol::control::{Control, PresenceInfo};
use wayfare_protocol::ownership::Row;
use wayfare_protocol::session::{Environment, SessionInfo, SessionKey, SessionState};
use wayfare_protocol::{DeviceId, Epoch, Now, RequestId, ResourceId, SessionId, Wall};

use super::pending::{Ask, Kind};
use super::{Account, Effect, LinkId, Place, Registered};
use crate::machine::Sink;

#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_id: BTreeMap<SessionId, SessionInfo>,
    by_key: BTreeMap<SessionKey, SessionId>,
    /// In the cloud: the owners whose outputs are being copied, over which link, under which epoch.
    copied: BTreeMap<SessionId, (LinkId, Epoch)>,
}

impl Sessions {
    pub(super) fn put(&mut self, info: SessionInfo) {
        if let Some(before) = self.by_id.get(&info.id)
            && before.key != info.key
            && self.by_key.get(&before.key) == Some(&info.id)
        {
            self.by_key.remove(&before.key);
        }
        self.by_key.insert(info.key.clone(), info.id);
        self.by_id.insert(info.id, info);
    }

    pub(super) fn get(&self, session: SessionId) -> Option<&SessionInfo> {
        self.by_id.get(&session)
    }

    pub(super) fn get_mut(&mut self, session: SessionId) -> Option<&mut SessionInfo> {
        self.by_id.get_mut(&session)
    }

    pub(super) fn named(&self, key: &SessionKey) -> Option<&SessionInfo> {
        self.by_key.get(key).and_then(|session| self.by_id.get(session))
    }

    /// Notes that a session's outputs are copied from there; `false` if they are already.
    pub(super) fn copy_from(&mut self, session: SessionId, link: LinkId, epoch: Epoch) -> bool {
        self.copied.insert(session, (link, epoch)) != Some((link, epoch))
    }

    /// The link is gone; returns the sessions that were copied over it.
    pub(super) fn copied_over(&mut self, link: LinkId) -> Vec<SessionId> {
        let over: Vec<_> = self.copied.iter().filter(|(_, (by, _))| *by == link).map(|(id, _)| *id).collect();
        for session in &over {
            self.copied.remove(session);
        }
        over
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// What is owned by that device is shown as of that name.
    pub(super) fn call_owner(&mut self, device: DeviceId, name: &str) {
        for info in self.by_id.values_mut().filter(|info| info.owner.0 == device) {
            name.clone_into(&mut info.device_name);
        }
    }

    pub(super) fn all(&self) -> Vec<SessionInfo> {
        self.by_id.values().cloned().collect()
    }
}

impl Account {
    /// After its start the cloud waits for its devices (architecture §6): until then they are suspect.
    pub(super) fn load(
        &mut self,
        now: Now,
        devices: Vec<(Registered, Wall)>,
        revoked: &BTreeMap<DeviceId, Wall>,
        rows: Vec<Row>,
        given: BTreeMap<DeviceId, String>,
    ) {
        let offline_at = now.boot.after(self.config.limits.suspect_after_start);
        // Whoever asks meanwhile for what was made since the backup is not told that it does not exist.
        if matches!(self.config.place, Place::Cloud { generation } if generation > 1) {
            self.unknown.await_reports(offline_at);
        }
        for (registered, last_seen) in devices {
            self.devices.load(registered, last_seen, offline_at);
        }
        for (device, name) in given {
            self.devices.rename(device, name);
        }
        for (device, at) in revoked {
            self.devices.revoke(*device, *at);
        }
        for row in rows {
            self.put_row(&row);
        }
    }

    /// A row is the truth about name, owner and epoch; what else is known of the session stays.
    pub(super) fn put_row(&mut self, row: &Row) {
        self.put_daemon_row(row);
        let (Some(id), Some(key)) = (row.resource.session(), row.key.session()) else { return };
        let before = self.sessions.get(id);
        let same_owner = before.is_some_and(|info| info.owner == row.owner);
        let state = match before {
            Some(info) if same_owner => info.state.clone(),
            _ => SessionState::Unreachable,
        };
        let environment = before.map_or_else(Environment::default, |info| info.environment.clone());
        let device_name = self.devices.name(row.owner.0).unwrap_or("unknown device").to_owned();
        self.sessions.put(SessionInfo {
            id,
            key: key.clone(),
            owner: row.owner,
            device_name,
            epoch: row.epoch,
            state,
            environment,
        });
    }

    /// A session of this node changed: the cloud hears of it, and whoever asked for it.
    pub(super) fn on_session(&mut self, now: Now, info: SessionInfo, out: &mut impl Sink<Effect>) {
        let is_new = self.sessions.get(info.id).is_none();
        self.sessions.put(info.clone());
        if let Some(upstream) = self.links.upstream() {
            out.push(Effect::Send { link: upstream, control: Control::RuntimeUp(info.clone()) });
            // Also to a session whose actor was restarted: it no longer knows that the store is in reach.
            if let Some(super::Peer::Upstream { generation }) = self.links.peer(upstream)
                && (is_new || info.epoch.generation < *generation)
            {
                let input = crate::ownership::Input::StoreReachable { generation: *generation };
                out.push(Effect::Ownership { resource: ResourceId::Session(info.id), input });
            }
        }
        self.answer_opens(&info, out);
        self.all_told(now, info.id, out);
    }

    /// A session of this node has told of itself, or there is none: names that waited for the last one are looked for.
    pub(super) fn all_told(&mut self, now: Now, session: SessionId, out: &mut impl Sink<Effect>) {
        for (link, request, open) in self.unknown.told(session) {
            if self.links.peer(link).is_some() {
                self.on_open(now, link, request, open, out);
            }
        }
    }

    /// A node tells of a session of its own. The row decides whether it is believed; if so its outputs are copied from here on.
    pub(super) fn on_runtime(&mut self, link: LinkId, info: SessionInfo, out: &mut impl Sink<Effect>) {
        let Some(device) = self.links.device(link) else { return };
        let Some(known) = self.sessions.get_mut(info.id) else { return };
        if known.owner.0 != device || known.epoch != info.epoch {
            return;
        }
        known.state = info.state;
        known.environment = info.environment;
        known.device_name = self.devices.given(device).map_or(info.device_name, str::to_owned);
        let known = known.clone();
        if self.sessions.copy_from(known.id, link, known.epoch) {
            let executor = self.executor_of(&known);
            out.push(Effect::JournalUp { session: known.id, executor, link, epoch: known.epoch });
        }
    }

    pub(super) fn on_runtime_state(
        &mut self,
        link: LinkId,
        session: SessionId,
        state: SessionState,
        _out: &mut impl Sink<Effect>,
    ) {
        let device = self.links.device(link);
        if let Some(known) = self.sessions.get_mut(session)
            && Some(known.owner.0) == device
        {
            known.state = state;
        }
    }

    pub(super) fn on_runtime_down(&mut self, link: LinkId, session: SessionId, out: &mut impl Sink<Effect>) {
        self.on_runtime_state(link, session, SessionState::Cold, out);
    }

    /// A session as it can be seen from here: the owner's presence goes before its last word.
    pub(super) fn seen(&self, info: &SessionInfo) -> SessionInfo {
        let mut info = info.clone();
        if matches!(self.config.place, Place::Cloud { .. })
            && !matches!(self.presence(info.owner.0), PresenceInfo::Online)
        {
            info.state = SessionState::Unreachable;
            info.device_name = self.devices.shown_name(info.owner.0, &info.device_name);
        }
        info
    }

    fn session_list(&self) -> Vec<SessionInfo> {
        let mut sessions: Vec<_> = self.sessions.all().iter().map(|info| self.seen(info)).collect();
        sessions.sort_by(|a, b| (&a.key, a.id).cmp(&(&b.key, b.id)));
        sessions
    }

    pub(super) fn on_list_sessions(&mut self, now: Now, link: LinkId, request: RequestId, out: &mut impl Sink<Effect>) {
        match self.links.upstream() {
            Some(upstream) if upstream != link => {
                self.forward_list(now, link, upstream, request, Control::ListSessions { request }, out);
            }
            _ => {
                let sessions = self.session_list();
                out.push(Effect::Send { link, control: Control::SessionList { request, sessions } });
            }
        }
    }

    /// The cloud's list, with this node's own view of its own sessions.
    pub(super) fn on_session_list(
        &mut self,
        link: LinkId,
        request: RequestId,
        mut sessions: Vec<SessionInfo>,
        out: &mut impl Sink<Effect>,
    ) {
        let own = self.sessions.all();
        sessions.retain(|info| own.iter().all(|mine| mine.id != info.id));
        sessions.extend(own);
        sessions.sort_by(|a, b| (&a.key, a.id).cmp(&(&b.key, b.id)));
        self.on_list_answer(link, request, Control::SessionList { request, sessions }, out);
    }

    /// The list that an unanswered question gets.
    pub(super) fn own_list(&self, question: &Control) -> Option<Control> {
        match question {
            Control::ListDevices { request } => {
                Some(Control::DeviceList { request: *request, devices: self.device_list() })
            }
            Control::ListDaemons { request } => {
                Some(Control::DaemonList { request: *request, daemons: self.daemon_list() })
            }
            Control::ListSessions { request } => {
                Some(Control::SessionList { request: *request, sessions: self.session_list() })
            }
            _ => None,
        }
    }

    /// Requests that wait for that session to be made.
    pub(super) fn waiting_creates(&self, session: SessionId) -> Vec<Ask> {
        self.pending.find(|pending| matches!(&pending.kind, Kind::Create(open) if open.id == session))
    }
}
