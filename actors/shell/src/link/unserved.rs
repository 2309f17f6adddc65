//! A stream that the other end of a link opened and that nobody serves yet.

use std::sync::atomic::{AtomicBool, Ordering};

use wayfare_protocol::StreamId;

use super::{LinkCommand, LinkRef};

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
