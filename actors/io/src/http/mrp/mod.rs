//! MRP v1 (MRMD Runtime Protocol) over HTTP: what a session of the mesh looks like to programs that know a runtime by its URL.
//!
//! | route | what becomes of it |
//! |---|---|
//! | `GET capabilities` | the session's language and what can be asked |
//! | `POST execute`, `execute/stream` | a run of the session |
//! | `POST input`, `input/cancel` | a line for the cell that asks; an interrupt of that cell |
//! | `POST interrupt` | an interrupt of what runs |
//! | `POST reset` | the kernel ends; the next run starts another |
//! | `POST complete`, `inspect`, `hover`, `variables`, `variables/{name}`, `is_complete`, `history` | what the kernel answers ([`question`]) |
//! | `POST format` | 501: kernels do not format |
//! | `GET assets/{path}` | 404: a session keeps no files for documents yet |
//!
//! Requests of one session run one after the other, whoever sends them. An `execId` is the client's own name for a run; the run's
//! id in the mesh is in the header `wayfare-run`.

mod call;
mod execute;
mod fold;
mod frames;
mod question;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::routing::{get, post};
use wayfare_protocol::RunId;
use wayfare_protocol::limits::HTTP_EXEC_IDS;
use wayfare_protocol::session::SessionKey;

use super::Door;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/capabilities", get(call::capabilities))
        .route("/execute", post(execute::whole))
        .route("/execute/stream", post(execute::stream))
        .route("/input", post(call::input))
        .route("/input/cancel", post(call::cancel_input))
        .route("/interrupt", post(call::interrupt))
        .route("/reset", post(call::reset))
        .route("/complete", post(question::complete))
        .route("/inspect", post(question::inspect))
        .route("/hover", post(question::hover))
        .route("/variables", post(question::variables))
        .route("/variables/{name}", post(question::variable))
        .route("/is_complete", post(question::is_complete))
        .route("/format", post(question::format))
        .route("/history", post(question::history))
        .route("/assets/{*path}", get(call::no_asset))
}

/// Which run a client means by an `execId` of its own, for the newest of them.
#[derive(Debug, Default)]
pub(super) struct ExecIds(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    runs: BTreeMap<(SessionKey, String), RunId>,
    order: VecDeque<(SessionKey, String)>,
}

impl ExecIds {
    /// From now on it is this run.
    fn set(&self, key: &SessionKey, exec_id: &str, run: RunId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (key.clone(), exec_id.to_owned());
        if known.runs.insert(name.clone(), run).is_none() {
            known.order.push_back(name);
        }
        if known.order.len() > HTTP_EXEC_IDS
            && let Some(oldest) = known.order.pop_front()
        {
            known.runs.remove(&oldest);
        }
    }

    /// The run of that name; a run's own id names itself.
    fn get(&self, key: &SessionKey, exec_id: &str) -> Option<RunId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let named = known.runs.get(&(key.clone(), exec_id.to_owned())).copied();
        named.or_else(|| exec_id.parse().ok())
    }
}
