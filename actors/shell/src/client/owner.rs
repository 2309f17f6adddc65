//! The client as the owner of its link.

use std::sync::Arc;

use ractor::ActorRef;
use wayfare_protocol::control::{Control, Welcome};
use wayfare_protocol::stream::Open;
use wayfare_protocol::{ErrorCode, Refusal, StreamId};

use super::{ClientCommand, ClientExecutor};
use crate::actor::Mail;
use crate::directory::Directory;
use crate::link::{LinkCommand, LinkOwner, LinkRef};

/// The client owns its link.
pub(super) struct ClientOwner {
    client: ActorRef<Mail<ClientExecutor>>,
    /// Of its documents, which use the link too.
    directory: Arc<Directory>,
}

impl ClientOwner {
    pub(super) fn new(client: ActorRef<Mail<ClientExecutor>>, directory: Arc<Directory>) -> Self {
        Self { client, directory }
    }

    fn command(&self, command: ClientCommand) {
        let _ = self.client.cast(Mail::Command(command)); // the client was closed
    }
}

impl LinkOwner for ClientOwner {
    fn up(&mut self, link: LinkRef, _welcome: &Welcome) {
        let id = self.directory.next_link();
        self.directory.set_link(id, link.clone());
        self.directory.set_documents_above(Some(id));
        self.command(ClientCommand::LinkUp(link));
    }

    fn control(&mut self, control: Control) {
        self.command(ClientCommand::Control(control));
    }

    fn stream_requested(&mut self, link: &LinkRef, stream: StreamId, _open: Open) {
        let refusal = Refusal::new(ErrorCode::Unsupported, "a client serves no streams");
        link.command(LinkCommand::End { stream, fault: Some(refusal) });
    }

    fn down(&mut self, why: &str) {
        if let Some(id) = self.directory.documents_above() {
            self.directory.remove_link(id);
            self.directory.set_documents_above(None);
        }
        self.command(ClientCommand::LinkDown(why.to_owned()));
    }

    fn gave_up(&mut self, refusal: &Refusal) {
        self.command(ClientCommand::GaveUp(refusal.clone()));
    }
}
