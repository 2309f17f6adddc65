//! The clocks of one machine. No two machines agree: each was started at another moment, its wall clock is wrong by something, and
//! both may run too fast or too slow. In suspend boot time runs on and the time that programs sleep by does not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wayfare_protocol::{Boot, Now, Wall};

use crate::place::Place;
use crate::seed::Seed;
use crate::world::World;

/// The world's first moment, in milliseconds of wall time: 2026-01-01.
const WALL_START: u64 = 1_767_225_600_000;
/// No machine of the world was started longer before its first moment.
const STARTED_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);
/// No wall clock is wrong by more at the first moment, in milliseconds.
const SKEW_MAX_MS: u64 = 120_000;
/// A million: the unit of a clock's rate.
const MILLION: u128 = 1_000_000;

/// See the module.
pub struct MachineClock {
    world: Arc<World>,
    state: Mutex<State>,
}

struct State {
    /// A nanosecond of the world, and what boot time was then.
    anchor: (u64, u64),
    /// Local microseconds in a million of the world's.
    rate: u64,
    /// Wall time at boot, in milliseconds.
    wall_at_boot: i128,
    /// Nanoseconds of boot time spent in suspend.
    slept: u64,
    /// Boot time at which the present suspend began.
    asleep_since: Option<u64>,
}

impl State {
    fn boot(&self, nanos: u64) -> u64 {
        let (world, boot) = self.anchor;
        boot + narrow(u128::from(nanos.saturating_sub(world)) * u128::from(self.rate) / MILLION)
    }
}

fn narrow(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn nanos(at: Boot) -> u64 {
    narrow(at.0.as_nanos())
}

impl MachineClock {
    /// The clocks of a machine.
    #[must_use]
    pub fn new(world: &Arc<World>, seed: &Seed) -> Arc<Self> {
        let mut draws = seed.draws();
        let boot = narrow(draws.duration(Duration::ZERO, STARTED_BEFORE).as_nanos());
        let skew = i128::from(draws.between(0, 2 * SKEW_MAX_MS)) - i128::from(SKEW_MAX_MS);
        let wall_at_boot = i128::from(WALL_START) + skew - i128::from(boot / 1_000_000);
        let anchor = (world.nanos(), boot);
        let state = State { anchor, rate: narrow(MILLION), wall_at_boot, slept: 0, asleep_since: None };
        Arc::new(Self { world: Arc::clone(world), state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What both clocks show.
    #[must_use]
    pub fn now(&self) -> Now {
        let state = self.state();
        let boot = state.boot(self.world.nanos());
        let wall = state.wall_at_boot + i128::from(boot / 1_000_000);
        Now { boot: Boot(Duration::from_nanos(boot)), wall: Wall(u64::try_from(wall).unwrap_or(0)) }
    }

    /// The same, with a boot time that stood still in suspend: the time by which programs sleep.
    #[must_use]
    pub fn awake(&self) -> Now {
        let now = self.now();
        let state = self.state();
        let boot = nanos(now.boot);
        let asleep = state.asleep_since.map_or(0, |since| boot.saturating_sub(since));
        Now { boot: Boot(Duration::from_nanos(boot.saturating_sub(state.slept + asleep))), ..now }
    }

    /// The world's nanosecond at which boot time reaches that, at the present rate.
    #[must_use]
    pub fn nanos_at(&self, boot: Boot) -> u64 {
        let state = self.state();
        let (world, anchor) = state.anchor;
        let ahead = u128::from(nanos(boot).saturating_sub(anchor)) * MILLION;
        world.saturating_add(narrow(ahead.div_ceil(u128::from(state.rate))))
    }

    /// The same of the time by which programs sleep.
    #[must_use]
    pub fn nanos_at_awake(&self, at: Boot) -> u64 {
        // What is asked for on a machine that is asleep comes no sooner than if it woke now: who asks then asks again.
        let slept = self.now().boot.0.saturating_sub(self.awake().boot.0);
        self.nanos_at(Boot(at.0.saturating_add(slept)))
    }

    /// From now on both clocks run too fast by so many millionths; too slow, if that is negative.
    pub fn drift(&self, ppm: i32) {
        let now = self.world.nanos();
        let mut state = self.state();
        state.anchor = (now, state.boot(now));
        state.rate = u64::try_from(1_000_000 + i64::from(ppm)).unwrap_or(1).max(1);
    }

    /// The wall clock is set forward by so many milliseconds; back, if that is negative.
    pub fn jump(&self, ms: i64) {
        self.state().wall_at_boot += i128::from(ms);
    }

    /// Whether the machine is asleep.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.state().asleep_since.is_some()
    }

    /// The machine falls asleep.
    pub fn fall_asleep(&self) {
        let boot = nanos(self.now().boot);
        self.state().asleep_since.get_or_insert(boot);
    }

    /// The machine wakes.
    pub fn wake_up(&self) {
        let boot = nanos(self.now().boot);
        let mut state = self.state();
        if let Some(since) = state.asleep_since.take() {
            state.slept += boot.saturating_sub(since);
        }
    }
}

/// The clocks of all machines.
pub struct Clocks {
    world: Arc<World>,
    seed: Seed,
    known: Mutex<BTreeMap<Place, Arc<MachineClock>>>,
}

impl Clocks {
    /// Those of a seed.
    #[must_use]
    pub fn new(world: &Arc<World>, seed: Seed) -> Arc<Self> {
        Arc::new(Self { world: Arc::clone(world), seed, known: Mutex::default() })
    }

    /// Those of a machine.
    #[must_use]
    pub fn of(&self, place: Place) -> Arc<MachineClock> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || MachineClock::new(&self.world, &self.seed.child(&place.to_string()));
        Arc::clone(known.entry(place).or_insert_with(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> (Arc<World>, Arc<MachineClock>) {
        let world = World::new(&Seed::root(1));
        let clock = MachineClock::new(&world, &Seed::root(2));
        (world, clock)
    }

    fn pass(world: &World, seconds: u64) {
        world.step(world.nanos_after(Duration::from_secs(seconds)));
    }

    #[test]
    fn a_clock_that_drifts_has_reached_an_instant_at_the_nanosecond_that_it_names() {
        for ppm in [-900, -1, 0, 1, 900, 333_333] {
            let (world, clock) = clock();
            clock.drift(ppm);
            for ahead in [1, 7, 1_000_003, 20_000_000_001] {
                let wanted = Boot(clock.now().boot.0 + Duration::from_nanos(ahead));
                world.step(clock.nanos_at(wanted));
                assert!(clock.now().boot >= wanted, "{ppm} ppm, {ahead} ns ahead");
                assert!(clock.now().boot.0 - wanted.0 < Duration::from_nanos(3), "{ppm} ppm, {ahead} ns ahead");
            }
        }
    }

    #[test]
    fn boot_time_runs_on_in_suspend_and_the_time_by_which_programs_sleep_does_not() {
        let (world, clock) = clock();
        let (boot, awake) = (clock.now().boot, clock.awake().boot);
        clock.fall_asleep();
        pass(&world, 60);
        clock.wake_up();
        pass(&world, 5);
        assert_eq!(clock.now().boot.0 - boot.0, Duration::from_secs(65));
        assert_eq!(clock.awake().boot.0 - awake.0, Duration::from_secs(5));
        assert_eq!(clock.nanos_at_awake(clock.awake().boot), world.nanos());
    }

    #[test]
    fn a_timer_of_a_machine_that_is_asleep_is_never_due_at_once_again() {
        let (world, clock) = clock();
        clock.fall_asleep();
        pass(&world, 60);
        let at = Boot(clock.awake().boot.0 + Duration::from_secs(3));
        assert_eq!(clock.nanos_at_awake(at), world.nanos_after(Duration::from_secs(3)));
    }

    #[test]
    fn boot_time_takes_no_part_in_a_jump_of_the_wall_clock() {
        let (_, clock) = clock();
        let before = clock.now();
        clock.jump(-3_600_000);
        assert_eq!(clock.now().boot, before.boot);
        assert_eq!(before.wall.0 - clock.now().wall.0, 3_600_000);
    }
}
