//! The actor that judges pairing codes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ractor::ActorRef;
use tokio::sync::oneshot;
use wayfare_core::Machine as _;
use wayfare_core::pairing::{Code, Effect, Input, Pairing};
use wayfare_protocol::{ErrorCode, Limits, Refusal};

use crate::actor::{Arguments, Context, Executor, Fatal, Mail, Runtime, Start, Started};
use crate::supervisor::Child;

type Answer = oneshot::Sender<Result<(), Refusal>>;

/// The executor of pairing.
pub struct PairingExecutor {
    waiting: BTreeMap<String, Answer>,
    attempts: u64,
}

/// What pairing is told besides its machine's inputs.
pub enum PairingCommand {
    /// A code is good from now on.
    Issue(Code),
    /// Somebody brings a code.
    Attempt(Code, String, Answer),
}

/// Where codes are issued and brought.
#[derive(Clone, Default)]
pub struct PairingDesk(Arc<Mutex<Desk>>);

/// Whether the actor is there.
enum Desk {
    /// Not yet: this waits for it. Attempts are bounded by the links that may be unauthenticated.
    Opening(Vec<PairingCommand>),
    Open(ActorRef<Mail<PairingExecutor>>),
}

impl Default for Desk {
    fn default() -> Self {
        Self::Opening(Vec::new())
    }
}

impl PairingDesk {
    fn tell(&self, command: PairingCommand) {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Desk::Opening(waiting) => waiting.push(command),
            Desk::Open(actor) => {
                let _ = actor.cast(Mail::Command(command)); // a dropped answer is a refusal
            }
        }
    }

    fn opened(&self, actor: ActorRef<Mail<PairingExecutor>>) {
        let mut desk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Desk::Opening(waiting) = std::mem::replace(&mut *desk, Desk::Open(actor.clone())) {
            for command in waiting {
                let _ = actor.cast(Mail::Command(command)); // as above
            }
        }
    }

    /// Makes a code good.
    pub fn issue(&self, code: Code) {
        self.tell(PairingCommand::Issue(code));
    }

    /// Brings a code. `peer` is where from, for logs.
    ///
    /// # Errors
    /// If it is wrong, used or expired, or if too many wrong ones came.
    pub async fn attempt(&self, code: Code, peer: String) -> Result<(), Refusal> {
        let (answer, answered) = oneshot::channel();
        self.tell(PairingCommand::Attempt(code, peer, answer));
        let lost = |_| Refusal::new(ErrorCode::PairingRefused, "pairing is being restarted; get a new pairing string");
        answered.await.map_err(lost)?
    }

    /// The actor under its supervisor. Restarted it knows no code: a new one has to be issued.
    #[must_use]
    pub fn child(&self, limits: Limits, runtime: Runtime) -> Child {
        let desk = self.clone();
        let start: Start<PairingExecutor> = Arc::new(move |now| {
            let machine = Pairing::new(limits.clone(), now);
            let executor = PairingExecutor { waiting: BTreeMap::new(), attempts: 0 };
            Box::pin(async move { Ok(Started { machine, executor, inputs: Vec::new() }) })
        });
        let arguments = Arguments { name: "pairing".to_owned(), start, runtime };
        Child::of(arguments, move |actor| desk.opened(actor))
    }
}

impl PairingExecutor {
    fn answer(&mut self, source: &str, answer: Result<(), Refusal>) {
        if let Some(waiting) = self.waiting.remove(source) {
            let _ = waiting.send(answer); // the connection is gone
        }
    }
}

impl Executor for PairingExecutor {
    type Machine = Pairing;
    type Command = PairingCommand;

    fn execute(&mut self, effect: Effect, _context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::Accept { source } => self.answer(&source, Ok(())),
            Effect::Refuse { source, refusal } => {
                tracing::warn!(source, %refusal, "pairing refused");
                self.answer(&source, Err(refusal));
            }
            Effect::Expired => tracing::info!("the pairing string has expired"),
        }
        Ok(())
    }

    fn command(&mut self, command: PairingCommand, context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {
            PairingCommand::Issue(code) => context.feed(Input::Issue { code }),
            PairingCommand::Attempt(code, peer, answer) => {
                self.attempts += 1;
                let source = format!("{peer} attempt {}", self.attempts);
                self.waiting.insert(source.clone(), answer);
                context.feed(Input::Attempt { code, source });
            }
        }
        Ok(())
    }
}
