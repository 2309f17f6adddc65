//! Streams that other ends open: who serves them.

use wayfare_protocol::stream::{Destination, Open};
use wayfare_protocol::{AssetId, DocumentId, ErrorCode, Refusal, SessionId, StreamId};

use super::{Account, Effect, LinkId, Place};
use crate::machine::Sink;
use crate::outputs::Want;

impl Account {
    pub(super) fn on_stream(&mut self, link: LinkId, stream: StreamId, open: Open, out: &mut impl Sink<Effect>) {
        if self.links.peer(link).is_none() {
            return; // of a link that was replaced
        }
        if let Some(refusal) = self.reluctant_to_open(link, &open.destination) {
            return out.push(Effect::Reset { link, stream, refusal });
        }
        let (session, want) = match open.destination {
            Destination::Run { session, run, from } => (session, Want::Run { run, from }),
            Destination::Outputs { session, epoch, from } => {
                if let Err(refusal) = self.may_copy(link, session, epoch) {
                    return out.push(Effect::Reset { link, stream, refusal });
                }
                (session, Want::Session { from })
            }
            Destination::Daemon { daemon, from } => {
                return self.on_daemon_stream(link, stream, (daemon, from), open, out);
            }
            Destination::Chunk { node, chunk } => {
                return self.on_chunk_stream(link, stream, (node, chunk), open, out);
            }
            Destination::Document { document } => return self.on_document_stream(link, stream, document, out),
            Destination::Asset { asset } => return self.on_asset_stream(link, stream, asset, out),
        };
        let is_here = |owner| matches!(self.config.place, Place::Cloud { .. }) || self.here() == Some(owner);
        match self.sessions.get(session) {
            Some(info) if is_here(info.owner) => {
                let executor = self.executor_of(info);
                out.push(Effect::Read { link, stream, session, executor, want });
            }
            _ => match self.links.upstream() {
                Some(onward) if onward != link => out.push(Effect::Join { link, stream, onward, open }),
                _ => {
                    let refusal = self.unknown_session(session);
                    out.push(Effect::Reset { link, stream, refusal });
                }
            },
        }
    }

    /// Every place has a replica of its own: whoever is linked with it uses that one.
    fn on_document_stream(&self, link: LinkId, stream: StreamId, document: DocumentId, out: &mut impl Sink<Effect>) {
        if self.links.is_upstream(link) {
            let refusal = Refusal::new(ErrorCode::Forbidden, "a node's replica opens its document at the cloud's");
            return out.push(Effect::Reset { link, stream, refusal });
        }
        out.push(Effect::OpenDocument { link, stream, document });
    }

    /// The cloud has every asset, and a node fetches what it lacks: whoever is linked with a place asks that place.
    fn on_asset_stream(&self, link: LinkId, stream: StreamId, asset: AssetId, out: &mut impl Sink<Effect>) {
        if self.links.is_upstream(link) {
            let refusal = Refusal::new(ErrorCode::Forbidden, "a node brings its assets to the cloud by itself");
            return out.push(Effect::Reset { link, stream, refusal });
        }
        out.push(Effect::OpenAsset { link, stream, asset });
    }

    /// A session's outputs are copied by its cloud only, from the owner that is meant.
    fn may_copy(&self, link: LinkId, session: SessionId, epoch: wayfare_protocol::Epoch) -> Result<(), Refusal> {
        if !self.links.is_upstream(link) {
            return Err(Refusal::new(ErrorCode::Forbidden, "only the cloud copies a session's outputs"));
        }
        match self.sessions.get(session) {
            Some(info) if info.epoch == epoch => Ok(()),
            Some(info) => {
                let detail = format!("{} is at epoch {}, the request is for {epoch}", info.key, info.epoch);
                Err(Refusal::new(ErrorCode::StaleEpoch, detail))
            }
            None => Err(self.unknown_session(session)),
        }
    }
}
