//! Devices that may read and not write.
//!
//! Lists, what is known of sessions, and outputs are theirs. Documents and assets they read at the HTTP door, where a document knows that
//! they are readers. Whoever asks for anything else is let go with the reason.

use wayfare_protocol::control::Control;
use wayfare_protocol::session::SessionCall;
use wayfare_protocol::stream::Destination;
use wayfare_protocol::{ErrorCode, Refusal};

use super::{Account, Effect, LinkId};
use crate::machine::Sink;

impl Account {
    /// Whether a message is refused, since it came from a reader and changes something. The link ends with it.
    pub(super) fn refuses_reader(&mut self, link: LinkId, control: &Control, out: &mut impl Sink<Effect>) -> bool {
        let is_refused = !self.links.may_write(link) && !is_reading(control);
        if is_refused {
            self.close(link, refusal(), out);
        }
        is_refused
    }

    /// Why a reader may not open a stream.
    pub(super) fn reluctant_to_open(&self, link: LinkId, destination: &Destination) -> Option<Refusal> {
        let is_reading = match destination {
            Destination::Run { .. } | Destination::Daemon { .. } => true,
            Destination::Outputs { .. }
            | Destination::Chunk { .. }
            | Destination::Document { .. }
            | Destination::Asset { .. } => false,
        };
        (!is_reading && !self.links.may_write(link)).then(refusal)
    }
}

fn is_reading(control: &Control) -> bool {
    match control {
        Control::ListDevices { .. }
        | Control::ListSessions { .. }
        | Control::ListDaemons { .. }
        | Control::GoingToSleep => true,
        Control::MrpRequest(asked) => matches!(asked.call, SessionCall::Describe | SessionCall::Runs { .. }),
        _ => false,
    }
}

fn refusal() -> Refusal {
    Refusal::new(ErrorCode::Forbidden, "this device may read and not write")
}
