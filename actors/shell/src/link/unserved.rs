//! A stream that the other end of a link opened and that nobody serves yet, and somebody who serves one that is perhaps gone.

use std::sync::atomic::{AtomicBool, Ordering};

use wayfare_protocol::StreamId;

use super::{LinkCommand, LinkRef, StreamPeer, streams};

/// See the module. It goes by mail to whoever is to serve it. Mail to an actor that ends is dropped, and a stream that is dropped
/// unserved is ended, so that who opened it asks again instead of waiting for ever.
pub struct Unserved {
    link: LinkRef,
    stream: StreamId,
    is_served: AtomicBool,
}

impl Unserved {
    /// A stream of a link.
    #[must_use]
    pub fn new(link: LinkRef, stream: StreamId) -> Self {
        Self { link, stream, is_served: AtomicBool::new(false) }
    }

    /// It is served from now on.
    #[must_use]
    pub fn serve(&self) -> (LinkRef, StreamId) {
        self.is_served.store(true, Ordering::Relaxed);
        (self.link.clone(), self.stream)
    }
}

impl Drop for Unserved {
    fn drop(&mut self) {
        if !self.is_served.load(Ordering::Relaxed) {
            self.link.command(LinkCommand::End { stream: self.stream, fault: Some(super::restarting()) });
        }
    }
}

/// Somebody on the way to the stream that they serve. Mail to a link that ends is dropped, and who is dropped unbound hears that the
/// stream is closed, so that a reader does not keep its place for ever.
pub struct Server(Option<StreamPeer>);

impl Server {
    /// Who is to be put behind a stream.
    #[must_use]
    pub fn new(peer: StreamPeer) -> Self {
        Self(Some(peer))
    }

    pub(super) fn arrive(mut self) -> Option<StreamPeer> {
        self.0.take()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(peer) = &self.0 {
            streams::closed(peer, Some(super::restarting()));
        }
    }
}
