//! A device of a person, in this process: its own key, its own link, and everything that it is shown, kept and checked.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use wayfare_actors::actor::Runtime;
use wayfare_actors::client::{Client, News};
use wayfare_actors::ids::Ids;
use wayfare_actors::link::uplink;
use wayfare_actors::ports::Address;
use wayfare_core::client::Told;
use wayfare_core::link::Introduction;
use wayfare_io::transport::WsTransport;
use wayfare_io::{BootTimer, OsRandom, SystemClock};
use wayfare_protocol::ask::{KernelAsk, KernelTold};
use wayfare_protocol::capability::Needs;
use wayfare_protocol::codec::Codec;
use wayfare_protocol::control::{OpenedSession, PresenceInfo};
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::mrp::{ExecuteRequest, ExecuteResult, RunEvent, Transcript};
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::{
    Environment, Language, OpenSession, SessionAnswer, SessionCall, SessionKey, SessionName,
};
use wayfare_protocol::{Limits, RunId, SessionId};

use crate::patience::{LOOK_AGAIN, within};

/// What a device was shown of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// The device that executes it, as it was named.
    pub ran_on: Option<String>,
    /// Events by their numbers, in the order in which they were shown.
    pub events: Vec<(u64, RunEvent)>,
    /// How it ended.
    pub outcome: Option<RunOutcome>,
}

impl Shown {
    /// The number of the next event if there is no gap.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.events.last().map_or(1, |(number, event)| number + event.span())
    }

    /// Everything folded together.
    #[must_use]
    pub fn whole(&self) -> ExecuteResult {
        let mut transcript = Transcript::default();
        for (_, event) in &self.events {
            transcript.push(event);
        }
        transcript.finish()
    }

    /// Which kernel of its session executed it; kernels are counted from 1.
    ///
    /// # Errors
    /// If it did not start.
    pub fn kernel(&self) -> Result<u32> {
        let kernel = self.events.iter().find_map(|(_, event)| match event {
            RunEvent::Start { kernel, .. } => Some(*kernel),
            _ => None,
        });
        kernel.with_context(|| format!("no start in {self:?}"))
    }
}

/// A device with one conversation.
pub struct Device {
    client: Client,
    session: Option<SessionId>,
    run: Option<RunId>,
    shown: Shown,
    /// How often its link came up.
    links: u32,
}

impl Device {
    /// Starts a device that is registered: it dials from now on.
    ///
    /// # Errors
    /// If its actors cannot be started.
    pub async fn start(name: &str, key: DeviceKey, address: Address, limits: &Limits) -> Result<Self> {
        let clock = Arc::new(SystemClock);
        let runtime = Runtime { clock: clock.clone(), timer: Arc::new(BootTimer::new()?), trace: None };
        let ids = Arc::new(Ids::new(clock, Arc::new(OsRandom)));
        let seed = u64::from_le_bytes(key.device_id().0[..8].try_into()?);
        let introduction = Introduction {
            name: name.to_owned(),
            os: "linux".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            node: None,
        };
        let machine = wayfare_core::uplink::Config {
            key,
            expects: address.identity.clone(),
            introduction,
            codec: Codec::Bincode,
            limits: limits.clone(),
            seed,
        };
        let config = uplink::Config { machine, address, transport: Arc::new(WsTransport::new(false)) };
        let client = Client::start(config, limits.clone(), ids, runtime).await?;
        Ok(Self { client, session: None, run: None, shown: Shown::default(), links: 0 })
    }

    /// The conversation itself.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How often its link came up so far.
    #[must_use]
    pub fn links(&self) -> u32 {
        self.links
    }

    /// What it was shown of the run that it shows or showed last.
    #[must_use]
    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    /// The session that it has open.
    ///
    /// # Errors
    /// If it has opened none.
    pub fn session(&self) -> Result<SessionId> {
        self.session.context("no session is open")
    }

    /// The run that it shows or showed last.
    ///
    /// # Errors
    /// If there is none.
    pub fn run_shown(&self) -> Result<RunId> {
        self.run.context("no run is shown")
    }

    /// Opens the Python session of a name, `project:name`.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn open(&mut self, name: &str) -> Result<OpenedSession> {
        self.open_in(name, "python").await
    }

    /// Opens the session of a name in a language.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn open_in(&mut self, name: &str, language: &str) -> Result<OpenedSession> {
        let name: SessionName = name.parse()?;
        let key = SessionKey { name, language: Language::from_word(language) };
        self.client.open(OpenSession {
            key,
            id: self.client.new_session_id(),
            environment: Environment::default(),
            needs: Needs::default(),
            device: None,
        });
        loop {
            match self.news("the session's opening").await? {
                News::Told(told) => match *told {
                    Told::Opened(opened) => {
                        self.session = Some(opened.session.id);
                        return Ok(opened);
                    }
                    Told::OpenRefused(refusal) => bail!("the session is refused: {refusal}"),
                    _ => {}
                },
                News::Refused(refusal) => bail!("the device is refused: {refusal}"),
                News::Linked | News::Unlinked { .. } => {}
            }
        }
    }

    /// Begins to execute code.
    pub fn begin(&mut self, code: &str) -> RunId {
        let run = self.client.run(ExecuteRequest::of(code));
        (self.run, self.shown) = (Some(run), Shown::default());
        run
    }

    /// Begins to show a run from its first event on.
    pub fn attach(&mut self, session: SessionId, run: RunId) {
        (self.session, self.run, self.shown) = (Some(session), Some(run), Shown::default());
        self.client.attach(session, run, 1);
    }

    /// Executes code to its end.
    ///
    /// # Errors
    /// If it is refused, or an event is missing or shown twice.
    pub async fn run(&mut self, code: &str) -> Result<Shown> {
        self.begin(code);
        self.end().await
    }

    /// Executes code, and gives what it printed.
    ///
    /// # Errors
    /// If it fails.
    pub async fn prints(&mut self, code: &str) -> Result<String> {
        let shown = self.run(code).await?;
        ensure!(shown.outcome == Some(RunOutcome::Succeeded), "{code:?} gave {shown:?}");
        Ok(shown.whole().stdout.trim().to_owned())
    }

    /// Waits for an event of the run that is shown.
    ///
    /// # Errors
    /// If the run ends without one.
    pub async fn sees(&mut self, what: &str, wanted: impl Fn(&RunEvent) -> bool) -> Result<()> {
        while !self.shown.events.iter().any(|(_, event)| wanted(event)) {
            ensure!(self.shown.outcome.is_none(), "no {what}: the run ended as {:?}", self.shown);
            self.step(what).await?;
        }
        Ok(())
    }

    /// Asks something of the open session; a refusal is an answer too.
    ///
    /// # Errors
    /// If no answer comes.
    pub async fn call(&mut self, call: SessionCall) -> Result<SessionAnswer> {
        let asked = self.client.call(call);
        loop {
            let News::Told(told) = self.news("an answer").await? else { continue };
            match *told {
                Told::Answer { request, answer } if request == asked => return Ok(answer),
                other => self.take(other)?,
            }
        }
    }

    /// Asks the kernel of the open session.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn ask(&mut self, what: KernelAsk) -> Result<KernelTold> {
        match self.call(SessionCall::Ask(what)).await? {
            SessionAnswer::Told(told) => Ok(told),
            other => bail!("{other:?}"),
        }
    }

    /// Waits for the end of the run that is shown.
    ///
    /// # Errors
    /// If it is refused, or an event is missing or shown twice.
    pub async fn end(&mut self) -> Result<Shown> {
        while self.shown.outcome.is_none() {
            self.step("the run's end").await?;
        }
        Ok(self.shown.clone())
    }

    /// Waits until so many more events are shown.
    ///
    /// # Errors
    /// If the run ends before, or an event is missing or shown twice.
    pub async fn goes_on_by(&mut self, events: u64) -> Result<()> {
        let wanted = self.shown.next() + events;
        while self.shown.next() < wanted {
            ensure!(self.shown.outcome.is_none(), "the run ended as {:?}", self.shown.outcome);
            self.step("more events").await?;
        }
        Ok(())
    }

    /// Waits until the run's last event, its result or error, is shown.
    ///
    /// # Errors
    /// If the run ends without one.
    pub async fn last_event(&mut self) -> Result<()> {
        while !self.shown.events.last().is_some_and(|(_, event)| event.is_last()) {
            ensure!(self.shown.outcome.is_none(), "the run ended as {:?}", self.shown.outcome);
            self.step("the last event").await?;
        }
        Ok(())
    }

    /// Waits until the account has a device of this name that is online.
    ///
    /// # Errors
    /// If it never has.
    pub async fn sees_online(&mut self, name: &str) -> Result<()> {
        let seen = async {
            loop {
                let devices = self.client.devices().await.unwrap_or_default();
                if devices.iter().any(|device| device.name == name && device.presence == PresenceInfo::Online) {
                    return;
                }
                // No answer comes while there is no link.
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        within(&format!("{name} is online"), seen).await
    }

    /// Waits until the link came up so many times.
    ///
    /// # Errors
    /// If it does not.
    pub async fn linked(&mut self, times: u32) -> Result<()> {
        while self.links < times {
            self.step("the link").await?;
        }
        Ok(())
    }

    /// Waits until the server refuses this device, or is another than it was paired with.
    ///
    /// # Errors
    /// If it does not.
    pub async fn refused(&mut self) -> Result<String> {
        loop {
            match self.news("a refusal").await? {
                News::Refused(refusal) => return Ok(refusal.to_string()),
                News::Linked => bail!("the link came up"),
                News::Unlinked { .. } | News::Told(_) => {}
            }
        }
    }

    /// Waits until a dial fails or the link is lost, and says why.
    ///
    /// # Errors
    /// If that does not happen, or the link comes up.
    pub async fn unlinked(&mut self) -> Result<String> {
        loop {
            match self.news("a lost link").await? {
                News::Unlinked { why } => return Ok(why),
                News::Refused(refusal) => return Ok(refusal.to_string()),
                News::Linked => bail!("the link came up"),
                News::Told(_) => {}
            }
        }
    }

    /// Waits for the next thing that happens.
    ///
    /// # Errors
    /// If nothing does, the run is refused, or an event is missing or shown twice.
    pub async fn goes_on(&mut self) -> Result<()> {
        self.step("anything").await
    }

    async fn step(&mut self, what: &str) -> Result<()> {
        match self.news(what).await? {
            News::Told(told) => self.take(*told),
            News::Refused(refusal) => bail!("the device is refused: {refusal}"),
            News::Linked | News::Unlinked { .. } => Ok(()),
        }
    }

    fn take(&mut self, told: Told) -> Result<()> {
        match told {
            Told::Attached { device_name, .. } => self.shown.ran_on = Some(device_name),
            Told::Event { number, event } => {
                let expected = self.shown.next();
                ensure!(number == expected, "event {number} was shown where {expected} must come: {event:?}");
                self.shown.events.push((number, event));
            }
            Told::Ended { run, outcome } if Some(run) == self.run => self.shown.outcome = Some(outcome),
            Told::RunRefused { run, refusal } if Some(run) == self.run => bail!("the run is refused: {refusal}"),
            _ => {}
        }
        Ok(())
    }

    async fn news(&mut self, what: &str) -> Result<News> {
        let so_far = format!("{what}; shown so far: {} events, {:?}", self.shown.events.len(), self.shown.outcome);
        let news = within(&so_far, self.client.next()).await?.context("the client ended")?;
        if news == News::Linked {
            self.links += 1;
        }
        Ok(news)
    }
}
