//! Faults begin and end, and processes that have died are buried and started again.

use std::sync::Arc;
use std::time::Duration;

use wayfare_actors::actor::Fatal;

use super::people::Somebody;
use super::{Lasting, Simulation, Turn};
use crate::fault::{Fault, What};
use crate::hits::Strike;
use crate::life::Life;
use crate::mutation::Mutation;
use crate::parts::Reach;
use crate::place::Place;
use crate::ports::{Disk, DiskIlls, Path};
use crate::process::NodeMachine;
use crate::trap::{Death, Trap};

/// A process that has ended of itself is started again after so long, as a service is.
const STARTED_AGAIN: Duration = Duration::from_secs(2);
/// What cannot be done because a machine is asleep is tried again after so long.
pub(super) const AWAKE_AGAIN: Duration = Duration::from_secs(1);

impl Simulation {
    pub(super) async fn turn(&mut self, turn: Turn) -> Result<(), Fatal> {
        match turn {
            Turn::Begin(number, fault) => {
                self.note(format_args!("{:?} begins", fault.what));
                let strike = Strike::new(fault.what.clone(), &self.hits);
                self.strike(number, &fault, strike).await;
                Ok(())
            }
            Turn::End(number, fault) => {
                self.note(format_args!("{:?} ends", fault.what));
                self.mend(number, &fault).await
            }
            Turn::Start(place) => self.start(place).await,
            Turn::BeginChore(chore) => {
                self.begin_chore(&chore).await;
                Ok(())
            }
            Turn::EndChore(chore) => self.end_chore(&chore).await,
        }
    }

    /// Buries processes that died otherwise than by a turn; `false` if none did.
    pub(super) async fn bury(&mut self) -> bool {
        let mut has_buried = self.close_stopped().await;
        while let Some(death) = self.around.traps.next_death() {
            self.note(format_args!("{death:?}"));
            has_buried |= self.crash(death.place, death.loses_power).await;
        }
        let nodes = self.nodes.iter().enumerate().filter(|(_, node)| node.process.has_given_up());
        let mut given_up: Vec<_> = nodes.map(|(number, _)| Place::Node(number)).collect();
        if self.cloud.process.has_given_up() {
            given_up.push(Place::Cloud);
        }
        for place in given_up {
            self.note(format_args!("the process of {place} has given up"));
            has_buried |= self.crash(place, false).await;
            self.turn_after(STARTED_AGAIN, Turn::Start(place));
        }
        has_buried
    }

    /// A process is to die next.
    pub(crate) fn crashes(&self, place: Place, loses_power: bool) {
        self.around.traps.dies(Death { place, loses_power });
    }

    /// A process is to be started next.
    pub(crate) fn starts(&self, place: Place) {
        self.turn_after(Duration::ZERO, Turn::Start(place));
    }

    pub(super) async fn crash(&mut self, place: Place, loses_power: bool) -> bool {
        match place {
            Place::Cloud => self.cloud.crash(&self.around).await,
            Place::Node(node) => match self.nodes.get_mut(node) {
                Some(node) => node.crash(&self.around, loses_power).await,
                None => false,
            },
            Place::Person(_) => false,
        }
    }

    pub(super) fn is_asleep(&self, place: Place) -> bool {
        self.around.clocks.of(place).is_asleep()
    }

    pub(super) async fn start(&mut self, place: Place) -> Result<(), Fatal> {
        if self.is_asleep(place) {
            self.turn_after(AWAKE_AGAIN, Turn::Start(place));
            return Ok(());
        }
        match place {
            Place::Cloud => self.cloud.start(&self.around).await,
            Place::Node(_) if self.mutation == Some(Mutation::NodeStaysDown) => Ok(()),
            Place::Node(node) => match self.nodes.get_mut(node) {
                Some(node) => node.start(&self.around).await,
                None => Ok(()),
            },
            Place::Person(_) => Ok(()),
        }
    }

    /// Begins a fault.
    async fn strike(&mut self, number: usize, fault: &Fault, strike: Arc<Strike>) {
        let present = strike.present();
        let has_hit = match fault.what.clone() {
            What::NodeCrash { node } => self.crash(Place::Node(node), false).await,
            What::PowerLoss { node } => self.crash(Place::Node(node), true).await,
            What::CloudCrash => self.crash(Place::Cloud, false).await,
            What::Freeze { place } => {
                let life = self.life(place);
                self.freeze(number, life)
            }
            What::Suspend { place } => {
                self.around.clocks.of(place).fall_asleep();
                let hosts = if let Place::Node(node) = place { self.nodes[node].hosts().lives() } else { Vec::new() };
                let lives: Vec<_> = self.life(place).into_iter().chain(hosts).collect();
                self.freeze(number, lives)
            }
            What::HostHang { node } => {
                let lives = self.nodes[node].hosts().lives();
                self.freeze(number, lives)
            }
            What::HostCrash { node } => {
                let hosts = self.nodes[node].hosts();
                hosts.living().first().is_some_and(|session| hosts.crash(*session))
            }
            What::WallJump { place, ms } => {
                self.around.clocks.of(place).jump(ms);
                true
            }
            What::Drift { place, ppm } => {
                self.around.clocks.of(place).drift(ppm);
                true
            }
            What::Own { fault: name, place, with } => self.strike_own(number, &name, place, with, Arc::clone(&strike)),
            What::Cut { between: (a, b) } => self.set_path(a, b, Path::Cut),
            What::HalfOpen { between: (a, b) } => self.set_path(a, b, Path::Silent),
            What::Slow { between: (a, b), delay, per_byte } => self.set_path(a, b, Path::Slow { delay, per_byte }),
            other => {
                self.lie_in_wait(other, fault.lasts, Arc::clone(&strike));
                false
            }
        };
        if has_hit {
            strike.hit_at(present);
        }
    }

    /// Begins what hits only when something comes its way.
    fn lie_in_wait(&self, what: What, lasts: Duration, strike: Arc<Strike>) {
        let (network, traps) = (&self.around.network, &self.around.traps);
        match what {
            What::OneWay { from, to } => network.set_path(from, to, Path::OneWay { to, strike }),
            What::LostAnswers { from, to } => network.set_path(from, to, Path::Lossy { to, strike }),
            What::Reset { between: (a, b), after } => network.reset_after(a, b, after, strike),
            What::Straggle { between: (a, b) } => network.straggle(a, b, lasts, strike),
            What::TornWrite { node } => self.tear(node, strike),
            What::CrashAfter { place, effect, count } => traps.set(place, Trap::Crash { effect, left: count, strike }),
            What::ActorPanic { place, actor, after } => {
                traps.set(place, Trap::Panic { actor, left: after + 1, strike });
            }
            What::DiskFull { place } => self.ail_disk(place, |ills| ills.full = Some(strike)),
            What::FailedSync { place } => self.ail_disk(place, |ills| ills.fails = Some(strike)),
            What::SlowDisk { place, delay } => self.ail_disk(place, |ills| ills.slow = Some((delay, strike))),
            What::StoreOutage { answers_after } => {
                self.cloud.store().ail(|ills| ills.out = Some((answers_after, strike)));
            }
            What::StoreErrors => self.cloud.store().ail(|ills| ills.erring = Some(strike)),
            What::BlobOutage { node, answers_after } => {
                self.nodes[node].blobs().ail(|ills| ills.out = Some((answers_after, strike)));
            }
            What::BlobErrors { node } => self.nodes[node].blobs().ail(|ills| ills.erring = Some(strike)),
            What::StartFails { node } => self.nodes[node].hosts().ail(|ills| ills.start_fails = Some(strike)),
            What::ConnectHangs { node } => {
                let until = self.around.world.nanos_after(lasts);
                self.nodes[node].hosts().ail(|ills| ills.connect_hangs = Some((until, strike)));
            }
            What::SlowKernel { node, delay } => {
                self.nodes[node].hosts().ail(|ills| ills.slow_kernel = Some((delay, strike)));
            }
            What::Cut { .. }
            | What::HalfOpen { .. }
            | What::Slow { .. }
            | What::NodeCrash { .. }
            | What::PowerLoss { .. }
            | What::CloudCrash
            | What::Freeze { .. }
            | What::Suspend { .. }
            | What::WallJump { .. }
            | What::Drift { .. }
            | What::HostCrash { .. }
            | What::HostHang { .. }
            | What::Own { .. } => {} // these hit at once
        }
    }

    /// Changes a path: it hits those who dial, too.
    fn set_path(&self, a: Place, b: Place, path: Path) -> bool {
        self.around.network.set_path(a, b, path);
        true
    }

    fn tear(&self, node: usize, strike: Arc<Strike>) {
        let (traps, place) = (Arc::clone(&self.around.traps), Place::Node(node));
        let tear = move || {
            traps.dies(Death { place, loses_power: true });
            strike.hit()
        };
        self.nodes[node].disk().ail(|ills| ills.tear = Some(Box::new(tear)));
    }

    fn ail_disk(&self, place: Place, change: impl FnOnce(&mut DiskIlls)) {
        if let Some(disk) = self.disk(place) {
            disk.ail(change);
        }
    }

    /// The disk of a machine; nothing of people's is on one.
    pub(crate) fn disk(&self, place: Place) -> Option<&Arc<Disk>> {
        match place {
            Place::Cloud => Some(self.cloud.disk()),
            Place::Node(node) => self.nodes.get(node).map(NodeMachine::disk),
            Place::Person(_) => None,
        }
    }

    pub(crate) fn life(&self, place: Place) -> Option<Arc<Life>> {
        match place {
            Place::Cloud => self.cloud.process.life(),
            Place::Node(node) => self.nodes.get(node).and_then(|node| node.process.life()),
            Place::Person(person) => self.people.get(person).and_then(Somebody::life),
        }
    }

    pub(crate) fn freeze(&mut self, number: usize, lives: impl IntoIterator<Item = Arc<Life>>) -> bool {
        let frozen: Vec<_> = lives.into_iter().filter(|life| life.freeze()).collect();
        let has_hit = !frozen.is_empty();
        self.frozen.entry(number).or_default().extend(frozen);
        has_hit
    }

    pub(crate) fn thaw(&mut self, number: usize) {
        for life in self.frozen.remove(&number).unwrap_or_default() {
            life.thaw(&self.around.world);
        }
    }

    /// Begins a fault that was added; `false` if it hits nothing now.
    fn strike_own(&mut self, number: usize, name: &str, place: Place, with: Vec<String>, strike: Arc<Strike>) -> bool {
        let Some(mut fault) = self.parts.new_fault(name, with) else { return false }; // checked before
        let mut draws = self.seed.child("own faults").numbered(name, number as u64).draws();
        let later = Arc::clone(&strike);
        let has_hit = fault.begin(&mut Reach { simulation: self, number, place, strike, draws: &mut draws });
        self.own.insert(number, Lasting { fault, draws, strike: later });
        has_hit
    }

    fn mend_own(&mut self, number: usize, place: Place) {
        let Some(Lasting { mut fault, mut draws, strike }) = self.own.remove(&number) else { return };
        fault.end(&mut Reach { simulation: self, number, place, strike, draws: &mut draws });
    }

    /// Ends a fault.
    async fn mend(&mut self, number: usize, fault: &Fault) -> Result<(), Fatal> {
        match fault.what {
            What::Cut { between: (a, b) }
            | What::HalfOpen { between: (a, b) }
            | What::Slow { between: (a, b), .. }
            | What::OneWay { from: a, to: b }
            | What::LostAnswers { from: a, to: b } => self.around.network.set_path(a, b, Path::Open),
            What::Reset { between: (a, b), .. } => self.around.network.no_reset(a, b),
            What::NodeCrash { node } | What::PowerLoss { node } => self.start(Place::Node(node)).await?,
            What::CloudCrash => self.start(Place::Cloud).await?,
            What::TornWrite { node } => {
                let has_come = self.nodes[node].disk().ail(|ills| ills.tear.take()).is_none();
                self.start(Place::Node(node)).await?;
                if has_come {
                    // The write that it tears may be under way: the process dies when that is over.
                    self.turn_after(STARTED_AGAIN, Turn::Start(Place::Node(node)));
                }
            }
            What::CrashAfter { place, .. } => {
                self.around.traps.take_away(place, |trap| matches!(trap, Trap::Crash { .. }));
                self.start(place).await?;
            }
            What::ActorPanic { place, .. } => {
                self.around.traps.take_away(place, |trap| matches!(trap, Trap::Panic { .. }));
            }
            What::Suspend { place } => {
                self.around.clocks.of(place).wake_up();
                self.thaw(number);
            }
            What::Freeze { .. } | What::HostHang { .. } => self.thaw(number),
            What::WallJump { place, ms } => self.around.clocks.of(place).jump(-ms),
            What::Drift { place, .. } => self.around.clocks.of(place).drift(0),
            What::DiskFull { place } => self.ail_disk(place, |ills| ills.full = None),
            What::FailedSync { place } => self.ail_disk(place, |ills| ills.fails = None),
            What::SlowDisk { place, .. } => self.ail_disk(place, |ills| ills.slow = None),
            What::StoreOutage { .. } => self.cloud.store().ail(|ills| ills.out = None),
            What::StoreErrors => self.cloud.store().ail(|ills| ills.erring = None),
            What::BlobOutage { node, .. } => self.nodes[node].blobs().ail(|ills| ills.out = None),
            What::BlobErrors { node } => self.nodes[node].blobs().ail(|ills| ills.erring = None),
            What::StartFails { node } => self.nodes[node].hosts().ail(|ills| ills.start_fails = None),
            What::ConnectHangs { node } => self.nodes[node].hosts().ail(|ills| ills.connect_hangs = None),
            What::SlowKernel { node, .. } => self.nodes[node].hosts().ail(|ills| ills.slow_kernel = None),
            What::Own { place, .. } => self.mend_own(number, place),
            What::Straggle { .. } | What::HostCrash { .. } => {}
        }
        Ok(())
    }
}
