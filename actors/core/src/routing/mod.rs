//! Routing: which node does an open request go to, and why? One pure function over what the router sees.
//!
//! The first line that applies decides:
//!
//! | the session | further condition | answer |
//! |---|---|---|
//! | lives anywhere | its device is known to lack what is needed | refused, `NoCapability`, with what it lacks |
//! | lives on this node | | `LocalOwner` |
//! | lives elsewhere | owner Online | `RunningElsewhere` |
//! | | owner Suspect | `RunningElsewhere`, noted: the request probes it |
//! | | owner Offline, Sleeping or not registered | refused, `OwnerUnreachable` |
//! | | owner revoked | refused, `Forbidden` |
//! | is new | the user chose a device that is there and can | `ChosenByUser` |
//! | | the user chose another one | refused: `NotFound`, `OwnerUnreachable` or `NoCapability` |
//! | | this node can | `ColdStartHere` |
//! | | some device that is Online can | `ColdStartByCapability`: the least loaded; then by name, then by id |
//! | | none can | refused, `NoCapability`, with what each device lacks |
//!
//! A session that lives is never started a second time: a choice of another device is then only noted; [`elsewhere`] is what a person is
//! asked before. A device that takes nothing from others at the moment cannot, save for what its own user asks.

mod elsewhere;
mod fitness;
#[cfg(test)]
mod tests;

use std::fmt;

use wayfare_protocol::capability::{Accepting, Capabilities, Load};
use wayfare_protocol::control::{DeviceInfo, PresenceInfo};
use wayfare_protocol::session::{OpenSession, RouteReason, SessionState};
use wayfare_protocol::{ErrorCode, NodeId, Refusal};

pub use elsewhere::{Elsewhere, elsewhere};
use fitness::{Venv, lacking, load_score, unmet};

/// What the router sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The node that routes; `None` in the cloud, which runs nothing itself.
    pub here: Option<NodeId>,
    /// The account's nodes as far as the router knows them, this one included.
    pub devices: Vec<DeviceView>,
    /// The session by the name that is asked for, if there is one.
    pub session: Option<SessionView>,
}

/// A device with a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Its node.
    pub node: NodeId,
    /// For people.
    pub name: String,
    /// Whether it is there.
    pub presence: PresenceInfo,
    /// What it offers.
    pub capabilities: Capabilities,
    /// How busy it is, if it has told.
    pub load: Option<Load>,
    /// What it takes from the device that asks.
    pub accepting: Accepting,
}

impl DeviceView {
    /// A listed device as the router sees it; `None` for one without a node.
    #[must_use]
    pub fn of(info: &DeviceInfo, accepting: Accepting) -> Option<Self> {
        info.node.as_ref().map(|capabilities| Self {
            node: NodeId(info.device),
            name: info.name.clone(),
            presence: info.presence,
            capabilities: capabilities.clone(),
            load: info.load,
            accepting,
        })
    }
}

/// A session that has an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its owner.
    pub owner: NodeId,
    /// What it is doing.
    pub state: SessionState,
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// To which node.
    pub node: NodeId,
    /// Why.
    pub reason: RouteReason,
    /// What the user should know about it.
    pub notes: Vec<RouteNote>,
}

/// Something about a route that the user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteNote {
    /// The device has not been heard of for a moment; it may not answer.
    Suspect {
        /// The device.
        device: String,
    },
    /// The session lives on another device than the one chosen.
    LivesElsewhere {
        /// The device it lives on.
        device: String,
    },
    /// The session has no kernel now: the next run starts one, with no variables.
    Cold,
}

impl fmt::Display for RouteNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suspect { device } => write!(f, "{device} has been silent for a moment and may not answer"),
            Self::LivesElsewhere { device } => write!(f, "the session lives on {device}; it was not started again"),
            Self::Cold => f.write_str("the session has no kernel; the next run starts one without variables"),
        }
    }
}

/// Decides where a request for a session goes.
///
/// # Errors
/// If no device may take it; the refusal names each device and what it lacks.
pub fn route(view: &View, want: &OpenSession) -> Result<Route, Refusal> {
    if let Some(session) = &view.session {
        return to_owner(view, session, want);
    }
    if let Some(chosen) = want.device {
        return to_chosen(view, chosen, want);
    }
    if let Some(here) = view.here
        && let Some(device) = find(view, here)
        && lacking(device, want, Venv::Trusted).is_empty()
    {
        return Ok(Route { node: here, reason: RouteReason::ColdStartHere, notes: Vec::new() });
    }
    to_most_capable(view, want)
}

/// Whether a new session that nobody chose a device for is started on the node that routes rather than wherever the cloud says.
#[must_use]
pub fn is_for_here(view: &View, want: &OpenSession) -> bool {
    view.here.and_then(|here| find(view, here)).is_some_and(|device| {
        let offers = &device.capabilities;
        offers.runtimes_for(&want.key.language).next().is_some() && unmet(offers, &want.needs).is_empty()
    })
}

fn find(view: &View, node: NodeId) -> Option<&DeviceView> {
    view.devices.iter().find(|device| device.node == node)
}

/// Whether a request can be sent there at all.
fn reach(device: &DeviceView) -> Result<Vec<RouteNote>, Refusal> {
    let unreachable = |why: String| Refusal::new(ErrorCode::OwnerUnreachable, format!("{} {why}", device.name));
    match device.presence {
        PresenceInfo::Online => Ok(Vec::new()),
        PresenceInfo::Suspect => Ok(vec![RouteNote::Suspect { device: device.name.clone() }]),
        PresenceInfo::Offline { last_seen } => Err(unreachable(format!("is offline, last seen {last_seen}"))),
        PresenceInfo::Sleeping { since } => Err(unreachable(format!("sleeps since {since}"))),
        PresenceInfo::Revoked { at } => {
            let detail = format!("{} was revoked {at}: pair it anew, or use another name", device.name);
            Err(Refusal::new(ErrorCode::Forbidden, detail))
        }
    }
}

fn to_owner(view: &View, session: &SessionView, want: &OpenSession) -> Result<Route, Refusal> {
    let node = session.owner;
    if let Some(owner) = find(view, node) {
        let lacks = unmet(&owner.capabilities, &want.needs);
        if !lacks.is_empty() {
            let (key, device, lacks) = (&want.key, &owner.name, fitness::listed(&lacks));
            let detail =
                format!("{key} lives on {device}, which {lacks}; another session would find a device that has it");
            return Err(Refusal::new(ErrorCode::NoCapability, detail));
        }
    }
    let (reason, mut notes) = if view.here == Some(node) {
        (RouteReason::LocalOwner, Vec::new())
    } else {
        let owner = find(view, node).ok_or_else(|| {
            let detail = format!("{} lives on device {}, which is not registered", want.key, node.0.short());
            Refusal::new(ErrorCode::OwnerUnreachable, detail)
        })?;
        let notes = reach(owner)
            .map_err(|refusal| Refusal::new(refusal.code, format!("{} lives on {}", want.key, refusal.detail)))?;
        (RouteReason::RunningElsewhere, notes)
    };
    if want.device.is_some_and(|chosen| chosen != node) {
        let device = find(view, node).map_or_else(|| node.0.short(), |device| device.name.clone());
        notes.push(RouteNote::LivesElsewhere { device });
    }
    match session.state {
        SessionState::Cold => notes.push(RouteNote::Cold),
        SessionState::Starting | SessionState::Idle | SessionState::Busy { .. } | SessionState::Unreachable => {}
    }
    Ok(Route { node, reason, notes })
}

fn to_chosen(view: &View, chosen: NodeId, want: &OpenSession) -> Result<Route, Refusal> {
    let device = find(view, chosen).ok_or_else(|| {
        Refusal::new(ErrorCode::NotFound, format!("there is no device {} that runs a node", chosen.0.short()))
    })?;
    let notes = if view.here == Some(chosen) { Vec::new() } else { reach(device)? };
    let lacks = lacking(device, want, Venv::Trusted);
    if lacks.is_empty() {
        Ok(Route { node: chosen, reason: RouteReason::ChosenByUser, notes })
    } else {
        Err(Refusal::new(ErrorCode::NoCapability, fitness::told(device, &lacks)))
    }
}

fn to_most_capable(view: &View, want: &OpenSession) -> Result<Route, Refusal> {
    let judged = || view.devices.iter().map(|device| (device, lacks_of(view, device, want)));
    let best = judged()
        .filter(|(_, lacks)| lacks.is_empty())
        .map(|(device, _)| device)
        .min_by_key(|device| (load_score(device, want), &device.name, device.node));
    if let Some(device) = best {
        return Ok(Route { node: device.node, reason: RouteReason::ColdStartByCapability, notes: Vec::new() });
    }
    let mut reasons: Vec<_> = judged().map(|(device, lacks)| fitness::told(device, &lacks)).collect();
    reasons.sort();
    if reasons.is_empty() {
        reasons.push("no device runs a node; start one and pair it".to_owned());
    }
    Err(Refusal::new(ErrorCode::NoCapability, format!("{}: {}", want.key, reasons.join("; "))))
}

/// What keeps a device from taking a new session that nobody chose it for.
fn lacks_of(view: &View, device: &DeviceView, want: &OpenSession) -> Vec<fitness::Lack> {
    if view.here == Some(device.node) {
        return lacking(device, want, Venv::Trusted);
    }
    match device.presence {
        PresenceInfo::Online => lacking(device, want, Venv::Elsewhere),
        PresenceInfo::Suspect => vec![fitness::Lack::Suspect],
        PresenceInfo::Offline { last_seen } => vec![fitness::Lack::Offline { last_seen }],
        PresenceInfo::Sleeping { since } => vec![fitness::Lack::Sleeping { since }],
        PresenceInfo::Revoked { at } => vec![fitness::Lack::Revoked { at }],
    }
}
