//! The actor of a session's journal in the cloud.

use std::sync::Arc;

use wayfare_core::account::LinkId;
use wayfare_core::journal::{Config, Effect, Input, SessionJournal};
use wayfare_core::outputs::{Executor as RunsOn, ReaderEffect, ReaderId, Want};
use wayfare_core::{Durable as _, Machine as _, link};
use wayfare_protocol::output::OutputRecord;
use wayfare_protocol::stream::{Class, Destination};
use wayfare_protocol::{Epoch, SessionId, StreamId, codec};

use crate::actor::{Arguments, Context, Executor, Fatal, Runtime, Start, Started};
use crate::directory::Directory;
use crate::link::{LinkCommand, StreamPeer, Unserved};
use crate::logs;
use crate::ports::{Log, LogName, LogStore};
use crate::readers::{LogNeed, Readers};

/// The executor of a journal.
pub struct JournalExecutor {
    session: SessionId,
    directory: Arc<Directory>,
    log: Arc<dyn Log>,
    /// Sequence of a record less its number in the log: not 0 when the owner had trimmed before the copy began.
    offset: Option<u64>,
    /// Over which link the owner is connected.
    owner: Option<LinkId>,
    /// The newest subscription; what older ones bring is ignored.
    subscription: u64,
    /// The stream of the newest subscription, and the link that it is one of.
    copied_on: Option<(LinkId, StreamId)>,
    readers: Readers,
}

/// What a journal is told besides its machine's inputs.
pub enum JournalCommand {
    /// The owner is connected over that link.
    OwnerUp {
        /// Which.
        link: LinkId,
        /// Who, as readers are told.
        runs_on: RunsOn,
        /// Its fencing number.
        epoch: Epoch,
    },
    /// The owner's link is gone.
    OwnerDown,
    /// A stream wants to read.
    Read {
        /// Which.
        stream: Unserved,
        /// What.
        want: Want,
    },
    /// A reader's stream is closed.
    ReaderGone {
        /// Whose.
        reader: ReaderId,
    },
    /// A record of the owner came.
    Record {
        /// Over which subscription.
        number: u64,
        /// The record.
        record: OutputRecord,
        /// Bytes of its message.
        bytes: u32,
    },
    /// A subscription's stream is open.
    CopyOpened {
        /// Which subscription.
        number: u64,
        /// The stream.
        stream: StreamId,
    },
    /// A subscription has ended.
    CopyEnded {
        /// Which.
        number: u64,
    },
}

/// The arguments of a journal's actor.
pub fn arguments(
    config: Config,
    directory: Arc<Directory>,
    store: Arc<dyn LogStore>,
    runtime: Runtime,
) -> Arguments<JournalExecutor> {
    let name = format!("journal {}", config.session);
    let start: Start<JournalExecutor> = Arc::new(move |now| {
        let (config, directory, store) = (config.clone(), Arc::clone(&directory), Arc::clone(&store));
        Box::pin(async move {
            let session = config.session;
            let log: Arc<dyn Log> = store.open(LogName::Journal(session)).await?.into();
            let first = log.first();
            let mut machine = SessionJournal::new(config, now);
            let mut offset = None;
            logs::fold(log.as_ref(), |record: OutputRecord| {
                if offset.is_none() {
                    machine.starts_at(record.sequence);
                    offset = Some(record.sequence - first);
                }
                machine.apply(&record);
            })
            .await?;
            let executor = JournalExecutor {
                session,
                directory,
                log,
                offset,
                owner: None,
                subscription: 0,
                copied_on: None,
                readers: Readers::default(),
            };
            Ok(Started { machine, executor, inputs: vec![Input::Recovered] })
        })
    });
    Arguments { name, start, runtime }
}

impl JournalExecutor {
    /// Ends the subscription that is open, so that the owner forgets its reader.
    fn unsubscribe(&mut self) {
        let Some((link, stream)) = self.copied_on.take() else { return };
        if let Some(link) = self.directory.link(link) {
            link.command(LinkCommand::End { stream, fault: None });
        }
    }

    fn subscribe(&mut self, from: u64, epoch: Epoch, context: &Context<Self>) {
        self.subscription += 1;
        self.unsubscribe();
        let Some(link) = self.owner.and_then(|link| self.directory.link(link)) else { return };
        link.command(LinkCommand::Open {
            destination: Destination::Outputs { session: self.session, epoch, from },
            class: Class::Interactive,
            peer: StreamPeer::Copy(context.myself().clone(), self.subscription),
        });
    }

    fn reader(&mut self, effect: ReaderEffect, context: &mut Context<Self>) {
        match self.readers.carry_out(effect) {
            Some(LogNeed::Read { op, from, bytes_max }) => {
                let read = self.log.read(from - self.offset.unwrap_or(0), bytes_max);
                context.perform(async move { Ok(Input::Read { op, records: logs::decode_all(&read.await?)? }) });
            }
            Some(LogNeed::Trim { before }) => {
                let trimmed = self.log.trim(before - self.offset.unwrap_or(0));
                context.spawn(async move { logs::tell_trim(trimmed.await) });
            }
            None => {}
        }
    }
}

impl Executor for JournalExecutor {
    type Machine = SessionJournal;
    type Command = JournalCommand;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::Subscribe { from, epoch } => self.subscribe(from, epoch, context),
            Effect::Append { op, record } => {
                if self.offset.is_none() {
                    self.offset = Some(record.sequence - self.log.next());
                }
                let appended = self.log.append(vec![codec::encode(&record)]);
                context.perform(async move {
                    appended.await?;
                    metrics::counter!("wayfare_journal_records_total").increment(1);
                    Ok(Input::Appended { op })
                });
            }
            Effect::Consumed { bytes } => {
                let stream = self.copied_on.and_then(|(link, stream)| Some((self.directory.link(link)?, stream)));
                if let Some((link, stream)) = stream {
                    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
                    link.input(link::Input::Consumed { stream, bytes });
                }
            }
            Effect::Reader(effect) => self.reader(effect, context),
            Effect::RefuseReader { reader, refusal } => self.readers.end(reader, Some(refusal)),
            Effect::Broken { wanted, got } => {
                return Err(Fatal(format!("the owner has no record {wanted} any more, only from {got} on")));
            }
        }
        Ok(())
    }

    fn command(&mut self, command: JournalCommand, context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {
            JournalCommand::OwnerUp { link, runs_on, epoch } => {
                self.owner = Some(link);
                context.feed(Input::OwnerUp { executor: runs_on, epoch });
            }
            JournalCommand::OwnerDown => {
                self.owner = None;
                context.feed(Input::OwnerDown);
            }
            JournalCommand::Read { stream, want } => {
                let myself = context.myself().clone();
                let reader = self.readers.add(stream, |reader| StreamPeer::Journal(myself, reader));
                context.feed(Input::ReaderOpened { reader, want });
            }
            JournalCommand::ReaderGone { reader } => {
                self.readers.gone(reader);
                context.feed(Input::ReaderClosed { reader });
            }
            JournalCommand::Record { number, record, bytes } => {
                if number == self.subscription {
                    context.feed(Input::Record { record, bytes: u64::from(bytes) });
                }
            }
            JournalCommand::CopyOpened { number, stream } => {
                if number == self.subscription {
                    self.copied_on = self.owner.map(|link| (link, stream));
                }
            }
            JournalCommand::CopyEnded { number } => {
                if number == self.subscription {
                    self.copied_on = None;
                    context.feed(Input::SubscriptionLost);
                }
            }
        }
        Ok(())
    }
}

impl Drop for JournalExecutor {
    /// However the actor ended, its next life subscribes anew.
    fn drop(&mut self) {
        self.unsubscribe();
    }
}
