//! The one actor: it feeds a machine, carries out its effects, and wakes it when it is due.
//!
//! No handler awaits IO. What takes time runs as a task of the actor and comes back as mail; tasks end with their actor.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{AbortHandle, JoinSet};
use wayfare_core::{EffectMark, Fact, Machine, Mark, Witness};
use wayfare_protocol::{Boot, Now};

use crate::ports::{Clock, Pending, Timer};

/// What ends an actor: it is rebuilt by its supervisor from what is durable.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fatal(pub String);

/// What an actor receives.
pub enum Mail<X: Executor> {
    /// The machine and its executor are ready.
    Started(Result<Box<Started<X>>, Fatal>),
    /// Something happened. The permit, if any, is given back when the step is done.
    Input(<X::Machine as Machine>::Input, Option<OwnedSemaphorePermit>),
    /// Something for the executor itself: what is not plain data.
    Command(X::Command),
    /// A timer fired.
    Wake,
    /// A task of the actor failed.
    Failed(Fatal),
}

impl<X: Executor> Debug for Mail<X> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Started(_) => f.write_str("Started"),
            Self::Input(input, _) => write!(f, "{input:?}"),
            Self::Command(_) => f.write_str("Command"),
            Self::Wake => f.write_str("Wake"),
            Self::Failed(fatal) => write!(f, "Failed({fatal})"),
        }
    }
}

/// Carries out the effects of one kind of machine. It decides nothing.
pub trait Executor: Sized + Send + 'static {
    /// Whose effects.
    type Machine: Machine<Input: Send + Sync, Effect: Send> + Send + 'static;
    /// What it is told besides inputs.
    type Command: Send + 'static;

    /// Carries out one effect.
    ///
    /// # Errors
    /// If the actor cannot go on.
    fn execute(&mut self, effect: <Self::Machine as Machine>::Effect, context: &mut Context<Self>)
    -> Result<(), Fatal>;

    /// Takes a command.
    ///
    /// # Errors
    /// If the actor cannot go on.
    fn command(&mut self, command: Self::Command, context: &mut Context<Self>) -> Result<(), Fatal>;

    /// Whether it has put something off until others have had a turn.
    fn has_put_off(&self) -> bool {
        false
    }

    /// Does what it has put off: those who were told something by the last step have had a turn.
    fn catch_up(&mut self, _context: &mut Context<Self>) {}
}

/// A machine and its executor at their beginning, and what the machine is told first.
pub struct Started<X: Executor> {
    /// The machine, folded from its records.
    pub machine: X::Machine,
    /// Its executor.
    pub executor: X,
    /// The first inputs.
    pub inputs: Vec<<X::Machine as Machine>::Input>,
}

/// Makes a machine and its executor: at the first start and at every restart.
pub type Start<X> = Arc<dyn Fn(Now) -> Pending<Result<Started<X>, Fatal>> + Send + Sync>;

/// What every actor has of its process.
#[derive(Clone)]
pub struct Runtime {
    /// Reads both clocks.
    pub clock: Arc<dyn Clock>,
    /// Wakes.
    pub timer: Arc<dyn Timer>,
    /// Told of every step and fact; `None` where nobody listens.
    pub trace: Option<Arc<dyn Trace>>,
}

/// Is told what each actor does.
pub trait Trace: Send + Sync {
    /// One line about one actor: an input that it took, or an effect that it decided.
    fn note(&self, actor: &str, what: std::fmt::Arguments<'_>);

    /// Something that oracles judge.
    fn fact(&self, _actor: &str, _fact: &Fact) {}

    /// Whether facts are to say what events say, so that they can be compared.
    fn compares_events(&self) -> bool {
        false
    }

    /// The phases that an actor's machine is in now, if they are not those of before.
    fn marks(&self, _actor: &str, _marks: &[Mark]) {}

    /// An actor decides an effect of that name, for the first time in its life.
    fn decides(&self, _effect: EffectMark) {}

    /// Whether anybody listens to [`Trace::marks`] and [`Trace::decides`].
    fn wants_marks(&self) -> bool {
        false
    }
}

/// What an executor can do besides sending to others.
pub struct Context<X: Executor> {
    myself: ActorRef<Mail<X>>,
    runtime: Runtime,
    tasks: JoinSet<()>,
    inputs: VecDeque<<X::Machine as Machine>::Input>,
}

impl<X: Executor> Context<X> {
    /// This moment.
    #[must_use]
    pub fn now(&self) -> Now {
        self.runtime.clock.now()
    }

    /// This actor's address.
    #[must_use]
    pub fn myself(&self) -> &ActorRef<Mail<X>> {
        &self.myself
    }

    /// Feeds the machine once the effects of the present step are carried out.
    pub fn feed(&mut self, input: <X::Machine as Machine>::Input) {
        self.inputs.push_back(input);
    }

    /// Runs a task that ends with the actor; its outcome is the machine's input.
    pub fn perform(
        &mut self,
        task: impl Future<Output = Result<<X::Machine as Machine>::Input, Fatal>> + Send + 'static,
    ) {
        self.run(async move {
            match task.await {
                Ok(input) => Mail::Input(input, None),
                Err(fatal) => Mail::Failed(fatal),
            }
        });
    }

    /// Runs a task that ends with the actor; its outcome is a command.
    pub fn obtain(&mut self, task: impl Future<Output = X::Command> + Send + 'static) {
        self.run(async move { Mail::Command(task.await) });
    }

    fn run(&mut self, task: impl Future<Output = Mail<X>> + Send + 'static) {
        let myself = self.myself.clone();
        self.spawn(async move {
            let mail = task.await;
            let _ = myself.cast(mail); // the actor has ended: nobody wants the outcome
        });
    }

    /// Runs a task that ends with the actor and tells nothing by itself.
    pub fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(task)
    }
}

/// The actor of a kind of machine.
pub struct MachineActor<X>(std::marker::PhantomData<fn() -> X>);

/// What an actor is started with.
pub struct Arguments<X: Executor> {
    /// For logs and traces: what the actor is.
    pub name: String,
    /// Makes its machine.
    pub start: Start<X>,
    /// Clock and timer.
    pub runtime: Runtime,
}

impl<X: Executor> Clone for Arguments<X> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), start: Arc::clone(&self.start), runtime: self.runtime.clone() }
    }
}

/// Where an actor stands.
pub struct State<X: Executor> {
    name: String,
    context: Context<X>,
    phase: Phase<X>,
    /// The earliest wake that is under way.
    armed: Option<(Boot, AbortHandle)>,
    /// The phases that were told.
    marks: Vec<Mark>,
    /// The effects that were told.
    decided: BTreeSet<EffectMark>,
}

enum Phase<X: Executor> {
    /// What came before the machine was ready, in order.
    Starting(Vec<Mail<X>>),
    Running(Box<(X::Machine, X)>),
}

/// Starts an actor under a supervisor. Its address is good at once; mail waits until its machine is ready.
///
/// # Errors
/// If the supervisor has ended.
pub async fn spawn<X: Executor>(
    arguments: Arguments<X>,
    supervisor: ActorCell,
) -> Result<ActorRef<Mail<X>>, ractor::SpawnErr> {
    let actor = MachineActor(std::marker::PhantomData);
    Actor::spawn_linked(None, actor, arguments, supervisor).await.map(|(actor, _)| actor)
}

impl<X: Executor> Actor for MachineActor<X> {
    type Msg = Mail<X>;
    type State = State<X>;
    type Arguments = Arguments<X>;

    async fn pre_start(
        &self,
        myself: ActorRef<Mail<X>>,
        arguments: Arguments<X>,
    ) -> Result<State<X>, ActorProcessingErr> {
        let Arguments { name, start, runtime } = arguments;
        let now = runtime.clock.now();
        let mut context = Context { myself, runtime, tasks: JoinSet::new(), inputs: VecDeque::new() };
        let starting = start(now);
        context.run(async move { Mail::Started(starting.await.map(Box::new)) });
        Ok(State {
            name,
            context,
            phase: Phase::Starting(Vec::new()),
            armed: None,
            marks: Vec::new(),
            decided: BTreeSet::new(),
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Mail<X>>,
        mail: Mail<X>,
        state: &mut State<X>,
    ) -> Result<(), ActorProcessingErr> {
        match (&mut state.phase, mail) {
            (_, Mail::Failed(fatal) | Mail::Started(Err(fatal))) => return Err(Box::new(fatal)),
            (_, Mail::Started(Ok(started))) => {
                let Started { machine, executor, inputs } = *started;
                state.context.inputs.extend(inputs);
                let running = Phase::Running(Box::new((machine, executor)));
                if let Phase::Starting(waiting) = std::mem::replace(&mut state.phase, running) {
                    state.feed_all()?;
                    for mail in waiting {
                        state.take(mail)?;
                    }
                }
            }
            (Phase::Starting(waiting), mail) => waiting.push(mail),
            (Phase::Running(_), mail) => state.take(mail)?,
        }
        if state.has_put_off() {
            tokio::task::yield_now().await;
            state.catch_up();
        }
        state.arm();
        Ok(())
    }
}

impl<X: Executor> State<X> {
    fn take(&mut self, mail: Mail<X>) -> Result<(), Fatal> {
        let Phase::Running(running) = &mut self.phase else { return Ok(()) };
        let (machine, executor) = running.as_mut();
        match mail {
            Mail::Input(input, _permit) => {
                self.context.inputs.push_back(input);
                self.feed_all()
            }
            Mail::Command(command) => {
                executor.command(command, &mut self.context)?;
                self.feed_all()
            }
            Mail::Wake => {
                self.armed = None;
                let now = self.context.now();
                let mut effects = Vec::new();
                machine.wake(now, &mut effects);
                self.carry_out(effects)?;
                self.feed_all()
            }
            Mail::Started(_) | Mail::Failed(_) => Ok(()),
        }
    }

    fn feed_all(&mut self) -> Result<(), Fatal> {
        while let Some(input) = self.context.inputs.pop_front() {
            let Phase::Running(running) = &mut self.phase else { return Ok(()) };
            if let Some(trace) = &self.context.runtime.trace {
                trace.note(&self.name, format_args!("< {input:?}"));
            }
            let mut effects = Vec::new();
            running.0.step(self.context.runtime.clock.now(), input, &mut effects);
            self.carry_out(effects)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, effects: Vec<<X::Machine as Machine>::Effect>) -> Result<(), Fatal> {
        let Phase::Running(running) = &mut self.phase else { return Ok(()) };
        let (machine, executor) = running.as_mut();
        if let Some(trace) = self.context.runtime.trace.as_ref().filter(|trace| trace.wants_marks()) {
            let mut marks = Vec::with_capacity(self.marks.len());
            machine.marks(&mut marks);
            if marks != self.marks {
                trace.marks(&self.name, &marks);
                self.marks = marks;
            }
            let mut decided = Vec::with_capacity(effects.len());
            effects.iter().for_each(|effect| X::Machine::effect_marks(effect, &mut decided));
            for mark in decided {
                if self.decided.insert(mark) {
                    trace.decides(mark);
                }
            }
        }
        for effect in effects {
            if let Some(trace) = &self.context.runtime.trace {
                trace.note(&self.name, format_args!("> {effect:?}"));
                let mut witness = Witness::new(trace.compares_events());
                machine.witness(&effect, &mut witness);
                for fact in witness.take() {
                    trace.fact(&self.name, &fact);
                }
            }
            executor.execute(effect, &mut self.context)?;
        }
        Ok(())
    }

    fn has_put_off(&self) -> bool {
        matches!(&self.phase, Phase::Running(running) if running.1.has_put_off())
    }

    fn catch_up(&mut self) {
        if let Phase::Running(running) = &mut self.phase {
            running.1.catch_up(&mut self.context);
        }
    }

    /// Sets a timer when the machine wants to be woken before any that is set: a late or needless wake does no harm.
    fn arm(&mut self) {
        let Phase::Running(running) = &self.phase else { return };
        let Some(deadline) = running.0.deadline() else { return };
        if self.armed.as_ref().is_some_and(|(at, _)| *at <= deadline) {
            return;
        }
        if let Some((_, timer)) = self.armed.take() {
            timer.abort();
        }
        let sleep = self.context.runtime.timer.sleep_until(deadline);
        let myself = self.context.myself.clone();
        let timer = self.context.spawn(async move {
            sleep.await;
            let _ = myself.cast(Mail::Wake); // the actor has ended
        });
        self.armed = Some((deadline, timer));
    }
}
