//! Following one run at the pace of whoever reads it.
//!
//! What comes is kept until it is read, up to [`HTTP_BACKLOG_MAX`] bytes. A reader who is further behind loses his link, not his
//! place: the session keeps its outputs, and when everything kept is read the run is attached to again at the next number.

use std::collections::VecDeque;

use wayfare_core::kernel_host::event_bytes;
use wayfare_protocol::limits::HTTP_BACKLOG_MAX;
use wayfare_protocol::stream::RunUpdate;
use wayfare_protocol::{RunId, SessionId};

use super::clients::Borrowed;
use crate::client::{ClientError, Happening};

/// What an update weighs besides its texts.
const UPDATE_BYTES: u64 = 64;

/// A run that is followed.
pub(super) struct Follow {
    client: Borrowed,
    session: SessionId,
    run: RunId,
    /// Number of the next event.
    next: u64,
    waiting: VecDeque<RunUpdate>,
    bytes: u64,
    end: Option<Result<(), ClientError>>,
}

impl Follow {
    /// Follows what a client shows from an event number on.
    pub(super) fn new(client: Borrowed, session: SessionId, run: RunId, from: u64) -> Self {
        Self { client, session, run, next: from, waiting: VecDeque::new(), bytes: 0, end: None }
    }

    /// Whether there is something to read.
    pub(super) fn has_news(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether [`Follow::fill`] may be called.
    pub(super) fn has_room(&self) -> bool {
        self.end.is_none() && (!self.client.is_closed() || self.waiting.is_empty())
    }

    /// How it ended, once everything is read.
    pub(super) fn end(&self) -> Option<&Result<(), ClientError>> {
        self.end.as_ref().filter(|_| self.waiting.is_empty())
    }

    /// What is to be read, in order.
    pub(super) fn take(&mut self) -> VecDeque<RunUpdate> {
        self.bytes = 0;
        std::mem::take(&mut self.waiting)
    }

    /// Waits for what happens next. Dropping the future loses nothing.
    pub(super) async fn fill(&mut self) {
        if self.client.is_closed() {
            match self.client.reopen().await {
                Ok(()) => self.client.attach(self.session, self.run, self.next),
                // Its node is being restarted: the next attempt is another one.
                Err(ClientError::Unreachable { .. }) => {}
                Err(error) => self.end = Some(Err(error)),
            }
            return;
        }
        match self.client.next().await {
            Ok(Happening::Run(update)) => self.take_in(update),
            Ok(_) => {}
            Err(error) => self.end = Some(Err(error)),
        }
    }

    fn take_in(&mut self, update: RunUpdate) {
        match &update {
            RunUpdate::Event { number, event } => self.next = number + event.span(),
            RunUpdate::Ended(_) | RunUpdate::Refused(_) => self.end = Some(Ok(())),
            RunUpdate::Attached { .. } | RunUpdate::Waiting => {}
        }
        self.bytes += weight(&update);
        self.waiting.push_back(update);
        if self.bytes > HTTP_BACKLOG_MAX as u64 && self.end.is_none() {
            self.client.close();
        }
    }

    /// It is over: its client serves somebody else.
    pub(super) fn finish(self) {
        if matches!(self.end, Some(Ok(()))) {
            self.client.give_back();
        }
    }
}

fn weight(update: &RunUpdate) -> u64 {
    match update {
        RunUpdate::Event { event, .. } => UPDATE_BYTES + event_bytes(event),
        _ => UPDATE_BYTES,
    }
}
