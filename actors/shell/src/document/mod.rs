//! The actor of a document's replica, in the cloud or on a node.

mod beginning;
mod editor;
mod files;
mod library;
mod passing;
mod projects;
mod versions;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use wayfare_core::document::{self, Ask, AskId, Config, Document, Effect, Input, PeerId, PeerKind, Record, Told};
use wayfare_core::{Durable as _, Machine as _, OpId, link};
use wayfare_protocol::document::DocumentMessage;
use wayfare_protocol::stream::{Class, Destination};
use wayfare_protocol::{AccountId, DocumentId, Limits, Refusal, StreamId, codec};

use crate::actor::{Arguments, Context, Executor, Fatal, Runtime, Start, Started};
use crate::directory::Directory;
use crate::ids::Ids;
use crate::link::{LinkCommand, LinkRef, Server, StreamPeer, Unserved, restarting};
use crate::logs;
use crate::ports::{AssetStore, Log, LogName, LogStore};
pub use editor::{Editor, EditorFeed, EditorNews};
pub(crate) use library::unexpected;
pub use library::{Library, LibraryError};
use passing::PassingLogs;

/// What documents need of where they are.
#[derive(Clone)]
pub struct Environs {
    /// Whose they are: documents of two accounts never meet, whatever their ids.
    pub account: AccountId,
    /// Finds links.
    pub directory: Arc<Directory>,
    /// Where their logs are.
    pub logs: Arc<dyn LogStore>,
    /// Where their assets are.
    pub assets: Arc<dyn AssetStore>,
    /// Numbers of the lives of replicas.
    pub ids: Arc<Ids>,
    /// Clock, timer and trace.
    pub runtime: Runtime,
    /// Bounds.
    pub limits: Arc<Limits>,
    /// Whether a cloud may have replicas of them too.
    pub has_above: bool,
    /// Whether the logs outlive the process.
    pub keeps: bool,
}

/// How somebody is connected.
enum Connection {
    /// By a stream of a link.
    Stream(LinkRef, StreamId),
    /// From within the process: a client of y-websocket.
    Editor(mpsc::UnboundedSender<EditorNews>),
}

/// The executor of a document.
pub struct DocumentExecutor {
    document: DocumentId,
    environs: Environs,
    /// Where its versions are.
    library: Library,
    log: Arc<dyn Log>,
    peers: BTreeMap<PeerId, Connection>,
    last_peer: u64,
    /// The peer for which a stream to the cloud is being opened.
    opening: Option<PeerId>,
    asks: BTreeMap<AskId, oneshot::Sender<Told>>,
    last_ask: u64,
    /// What is to be appended once those who wait for the change have had their turn to send it: waking the thread that writes takes
    /// longer than a keystroke may.
    appends: Vec<(OpId, Vec<Record>)>,
}

/// What a document is told besides its machine's inputs.
pub enum DocumentCommand {
    /// A stream wants to take part.
    Serve(Unserved),
    /// A client of y-websocket wants to.
    Join {
        /// Whether it may write.
        may_write: bool,
        /// Takes what it is told.
        news: mpsc::UnboundedSender<EditorNews>,
        /// Takes its number.
        joined: oneshot::Sender<PeerId>,
    },
    /// A message came on a peer's stream.
    Message {
        /// Whose.
        peer: PeerId,
        /// The message.
        message: DocumentMessage,
        /// Its bytes.
        bytes: u32,
    },
    /// A peer's stream or connection is gone.
    Gone {
        /// Whose.
        peer: PeerId,
    },
    /// The stream to the cloud's replica is open.
    AboveOpened {
        /// The peer that it was opened for.
        peer: PeerId,
        /// Its link.
        link: LinkRef,
        /// The stream.
        stream: StreamId,
    },
    /// Somebody in this process asks.
    Ask {
        /// What.
        what: Ask,
        /// Takes the answer.
        told: oneshot::Sender<Told>,
    },
}

/// The arguments of a document's actor.
pub(crate) fn arguments(document: DocumentId, library: Library) -> Arguments<DocumentExecutor> {
    let runtime = library.environs().runtime.clone();
    let name = format!("document {document}");
    let start: Start<DocumentExecutor> = Arc::new(move |now| {
        let (library, environs) = (library.clone(), library.environs().clone());
        Box::pin(async move {
            let name = LogName::Document(environs.account, document);
            let log: Arc<dyn Log> = environs.logs.open(name).await?.into();
            let config = Config {
                document,
                client: environs.ids.client(),
                has_above: environs.has_above,
                keeps: environs.keeps,
                limits: environs.limits.as_ref().clone(),
            };
            let mut machine = Document::new(config, now);
            machine.starts_at(log.first());
            logs::fold(log.as_ref(), |record: Record| machine.apply(&record)).await?;
            let above = environs.directory.documents_above().map(|_| Input::AboveUp);
            let executor = DocumentExecutor {
                document,
                environs,
                library,
                log,
                peers: BTreeMap::new(),
                last_peer: 0,
                opening: None,
                asks: BTreeMap::new(),
                last_ask: 0,
                appends: Vec::new(),
            };
            let inputs = [Input::Recovered].into_iter().chain(above).collect();
            Ok(Started { machine, executor, inputs })
        })
    });
    Arguments { name, start, runtime }
}

impl DocumentExecutor {
    fn add(&mut self, connection: Connection) -> PeerId {
        let peer = self.next_peer();
        self.peers.insert(peer, connection);
        peer
    }

    fn next_peer(&mut self) -> PeerId {
        self.last_peer += 1;
        PeerId(self.last_peer)
    }

    fn open_above(&mut self, context: &mut Context<Self>) {
        let directory = &self.environs.directory;
        let Some(link) = directory.documents_above().and_then(|link| directory.link(link)) else {
            return context.feed(Input::AboveClosed);
        };
        let peer = self.next_peer();
        self.opening = Some(peer);
        link.command(LinkCommand::Open {
            destination: Destination::Document { document: self.document },
            class: Class::Interactive,
            peer: StreamPeer::Document(context.myself().clone(), peer),
        });
    }

    fn send(&mut self, peer: PeerId, message: Bytes) {
        match self.peers.get(&peer) {
            Some(Connection::Stream(link, stream)) => {
                link.input(link::Input::SendMessage { stream: *stream, bytes: message });
            }
            Some(Connection::Editor(news)) => {
                let _ = news.send(EditorNews::Frame(message)); // it has gone, which is told apart
            }
            None => {}
        }
    }

    fn close(&mut self, peer: PeerId, refusal: Refusal) {
        match self.peers.remove(&peer) {
            Some(Connection::Stream(link, stream)) => link.command(LinkCommand::End { stream, fault: Some(refusal) }),
            Some(Connection::Editor(news)) => {
                let _ = news.send(EditorNews::Closed(refusal));
            }
            None => {}
        }
    }

    fn gone(&mut self, peer: PeerId, context: &mut Context<Self>) {
        if self.opening == Some(peer) {
            self.opening = None;
            return context.feed(Input::AboveClosed);
        }
        self.peers.remove(&peer);
        context.feed(Input::PeerClosed { peer });
    }

    fn message(&mut self, peer: PeerId, message: DocumentMessage, bytes: u32, context: &mut Context<Self>) {
        if let Some(Connection::Stream(link, stream)) = self.peers.get(&peer) {
            link.input(link::Input::Consumed { stream: *stream, bytes });
        }
        context.feed(match message {
            DocumentMessage::Frame { more, bytes } => Input::Frame { peer, more, bytes },
            DocumentMessage::Kept { through } => Input::Kept { peer, through },
        });
    }
}

impl Executor for DocumentExecutor {
    type Machine = Document;
    type Command = DocumentCommand;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::Append { op, records } => {
                self.library.assets().changed(self.document);
                if records.iter().any(|record| !record.is_history) {
                    self.environs.directory.document_changed(self.document);
                }
                self.appends.push((op, records));
            }
            Effect::Send { peer, message } => self.send(peer, message),
            Effect::Close { peer, refusal } => {
                tracing::info!(document = %self.document, %refusal, "a peer of a document is let go");
                self.close(peer, refusal);
            }
            Effect::OpenAbove => self.open_above(context),
            Effect::Tell { ask, told } => {
                if told == Told::Settled {
                    self.environs.directory.document_in_step(self.document);
                }
                if let Some(asked) = self.asks.remove(&ask) {
                    let _ = asked.send(told); // nobody waits any more
                }
            }
            Effect::Verify { op, history, expected } => {
                context.perform(async move {
                    let outcome = document::verify(&history, &expected);
                    Ok(Input::Verified { op, outcome })
                });
            }
            Effect::NotMerged { why } => {
                metrics::counter!("wayfare_documents_not_merged_total").increment(1);
                tracing::error!(document = %self.document, why, "a merged history is another document; the log stays");
            }
            Effect::Version { op, text } => {
                let (library, document) = (self.library.clone(), self.document);
                context.perform(async move {
                    let taken = library.take_version(document, &text).await;
                    if let Err(why) = &taken {
                        tracing::warn!(%document, %why, "a version of a document is not taken now");
                    }
                    Ok(Input::Versioned { op, is_taken: taken.is_ok() })
                });
            }
            Effect::Trim { before } => {
                let trimmed = self.log.trim(before);
                context.spawn(async move { logs::tell_trim(trimmed.await) });
            }
            Effect::Broken { why } => {
                return Err(Fatal(format!("the log of document {} holds no document: {why}", self.document)));
            }
            Effect::Unload => {
                self.environs.directory.document_leaves(self.document);
                context.myself().stop(None);
            }
        }
        Ok(())
    }

    fn has_put_off(&self) -> bool {
        !self.appends.is_empty()
    }

    fn catch_up(&mut self, context: &mut Context<Self>) {
        for (op, records) in self.appends.drain(..) {
            let appended = self.log.append(records.iter().map(codec::encode).collect());
            context.perform(async move {
                appended.await?;
                Ok(Input::Appended { op })
            });
        }
    }

    fn command(&mut self, command: DocumentCommand, context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {
            DocumentCommand::Serve(stream) => {
                let (link, stream) = stream.serve();
                let peer = self.add(Connection::Stream(link.clone(), stream));
                let server = Server::new(StreamPeer::Document(context.myself().clone(), peer));
                link.command(LinkCommand::Bind { stream, peer: server });
                context.feed(Input::PeerOpened { peer, kind: PeerKind::Replica });
            }
            DocumentCommand::Join { may_write, news, joined } => {
                let peer = self.add(Connection::Editor(news));
                context.feed(Input::PeerOpened { peer, kind: PeerKind::Editor { may_write } });
                if joined.send(peer).is_err() {
                    self.gone(peer, context);
                }
            }
            DocumentCommand::Message { peer, message, bytes } => self.message(peer, message, bytes, context),
            DocumentCommand::Gone { peer } => self.gone(peer, context),
            DocumentCommand::AboveOpened { peer, link, stream } => {
                if self.opening == Some(peer) {
                    self.opening = None;
                    self.peers.insert(peer, Connection::Stream(link, stream));
                    context.feed(Input::AboveOpened { peer });
                } else {
                    link.command(LinkCommand::End { stream, fault: None });
                }
            }
            DocumentCommand::Ask { what, told } => {
                self.last_ask += 1;
                let ask = AskId(self.last_ask);
                self.asks.insert(ask, told);
                context.feed(Input::Ask { ask, what });
            }
        }
        Ok(())
    }
}

impl Drop for DocumentExecutor {
    /// However the actor ended, whoever was connected comes again.
    fn drop(&mut self) {
        let peers: Vec<PeerId> = self.peers.keys().copied().collect();
        peers.into_iter().for_each(|peer| self.close(peer, restarting()));
    }
}
