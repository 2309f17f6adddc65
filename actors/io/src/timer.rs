//! The timer that follows CLOCK_BOOTTIME.
//!
//! One alarm of the system serves every sleeper: it is set to the earliest instant, and one task wakes whoever is due. A
//! file descriptor for each sleeper would run out.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::task::AbortHandle;
use wayfare_actors::ports::{Pending, Timer};
use wayfare_protocol::Boot;

use crate::clock::boot_now;

/// Wakes at instants of boot time, so that a deadline that passed while the machine slept is met when it wakes.
pub struct BootTimer {
    driver: Arc<Driver>,
}

/// Keeps the waking task alive for as long as somebody may sleep.
struct Driver {
    wheel: Arc<Wheel>,
    task: AbortHandle,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Wheel {
    alarm: Alarm,
    sleepers: Mutex<Sleepers>,
}

#[derive(Default)]
struct Sleepers {
    /// By instant, then by order of arrival.
    waiting: BTreeMap<(Boot, u64), Waker>,
    arrivals: u64,
}

impl BootTimer {
    /// Starts the waking task on the current tokio runtime.
    ///
    /// # Errors
    /// If there is no runtime, or the system gives no timer.
    pub fn new() -> io::Result<Self> {
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let wheel = Arc::new(Wheel { alarm: Alarm::new()?, sleepers: Mutex::default() });
        let task = runtime.spawn(wake_the_due(Arc::clone(&wheel))).abort_handle();
        Ok(Self { driver: Arc::new(Driver { wheel, task }) })
    }
}

impl Timer for BootTimer {
    fn sleep_until(&self, at: Boot) -> Pending<()> {
        Box::pin(Sleep { driver: Arc::clone(&self.driver), at, place: None })
    }
}

async fn wake_the_due(wheel: Arc<Wheel>) {
    loop {
        if let Err(error) = wheel.alarm.rung().await {
            // Only when the runtime goes down, and the sleepers with it.
            tracing::debug!(%error, "the boot time alarm stops");
            return;
        }
        let due = {
            let mut sleepers = wheel.lock();
            let later = sleepers.waiting.split_off(&(boot_now(), u64::MAX));
            let due = std::mem::replace(&mut sleepers.waiting, later);
            wheel.set_alarm(&sleepers);
            due
        };
        for waker in due.into_values() {
            waker.wake();
        }
    }
}

impl Wheel {
    fn lock(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the alarm to the earliest sleeper. Called with the lock held, so that settings do not cross.
    fn set_alarm(&self, sleepers: &Sleepers) {
        if let Some(((earliest, _), _)) = sleepers.waiting.first_key_value()
            && let Err(error) = self.alarm.set(*earliest)
        {
            tracing::error!(%error, "the boot time alarm cannot be set");
        }
    }
}

struct Sleep {
    driver: Arc<Driver>,
    at: Boot,
    place: Option<(Boot, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if boot_now() >= self.at {
            return Poll::Ready(());
        }
        let driver = Arc::clone(&self.driver);
        let mut sleepers = driver.wheel.lock();
        let place = self.place.unwrap_or_else(|| {
            sleepers.arrivals += 1;
            (self.at, sleepers.arrivals)
        });
        let known = sleepers.waiting.insert(place, context.waker().clone()).is_some();
        let earliest = sleepers.waiting.first_key_value().is_some_and(|(first, _)| *first == place);
        if earliest && !known {
            driver.wheel.set_alarm(&sleepers);
        }
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            // The alarm stays as it is: at worst it rings for nobody.
            self.driver.wheel.lock().waiting.remove(&place);
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
use linux::Alarm;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, RawFd};
    use std::time::Duration;

    use nix::sys::time::TimeSpec;
    use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
    use tokio::io::unix::AsyncFd;
    use wayfare_protocol::Boot;

    /// The system takes no instant beyond its own range. An alarm that rings early is set again.
    const FAR: Duration = Duration::from_secs(u32::MAX as u64);

    struct Descriptor(TimerFd);

    impl AsRawFd for Descriptor {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_fd().as_raw_fd()
        }
    }

    /// A timerfd on CLOCK_BOOTTIME.
    pub(super) struct Alarm(AsyncFd<Descriptor>);

    impl Alarm {
        #[expect(
            deprecated,
            reason = "the descriptor is owned and never changes; the successor wants `unsafe` to say so"
        )]
        pub(super) fn new() -> io::Result<Self> {
            let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
            let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, flags)?;
            AsyncFd::new(Descriptor(timer)).map(Self)
        }

        pub(super) fn set(&self, at: Boot) -> io::Result<()> {
            let at = Expiration::OneShot(TimeSpec::from_duration(at.0.min(FAR)));
            Ok(self.0.get_ref().0.set(at, TimerSetTimeFlags::TFD_TIMER_ABSTIME)?)
        }

        pub(super) async fn rung(&self) -> io::Result<()> {
            loop {
                let mut ready = self.0.readable().await?;
                if let Ok(read) = ready.try_io(|alarm| Ok(alarm.get_ref().0.wait()?)) {
                    return read;
                }
            }
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use elsewhere::Alarm;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod elsewhere {
    use std::io;
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    use tokio::sync::Notify;
    use wayfare_protocol::Boot;

    use crate::clock::boot_now;

    /// Longest stretch that is trusted to tokio's timer, which does not see that the machine slept.
    const LOOK_AGAIN: Duration = Duration::from_secs(1);

    /// tokio's sleep, looked after again and again.
    pub(super) struct Alarm {
        at: Mutex<Option<Boot>>,
        changed: Notify,
    }

    impl Alarm {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self { at: Mutex::new(None), changed: Notify::new() })
        }

        pub(super) fn set(&self, at: Boot) -> io::Result<()> {
            *self.at.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
            self.changed.notify_one();
            Ok(())
        }

        pub(super) async fn rung(&self) -> io::Result<()> {
            loop {
                let at = *self.at.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(at) = at else {
                    self.changed.notified().await;
                    continue;
                };
                let left = at.since(boot_now());
                if left.is_zero() {
                    // Unless it has been set anew in between.
                    self.at.lock().unwrap_or_else(PoisonError::into_inner).take_if(|now| *now == at);
                    return Ok(());
                }
                tokio::select! {
                    biased;
                    () = self.changed.notified() => {}
                    () = tokio::time::sleep(left.min(LOOK_AGAIN)) => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    fn soon(milliseconds: u64) -> Boot {
        boot_now().after(Duration::from_millis(milliseconds))
    }

    #[tokio::test]
    async fn an_instant_that_has_passed_is_met_at_once() {
        let timer = BootTimer::new().unwrap();
        assert!(timer.sleep_until(boot_now()).now_or_never().is_some());
        assert!(timer.sleep_until(Boot::default()).now_or_never().is_some());
    }

    #[tokio::test]
    async fn nobody_wakes_early_and_the_earliest_wakes_first() {
        let timer = BootTimer::new().unwrap();
        let (late, early) = (soon(60), soon(20));
        let order = Mutex::new(Vec::new());
        let sleep = |at: Boot| {
            let (sleep, order) = (timer.sleep_until(at), &order);
            async move {
                sleep.await;
                assert!(boot_now() >= at);
                order.lock().unwrap().push(at);
            }
        };
        futures_util::join!(sleep(late), sleep(early), sleep(soon(40)));
        let order = order.into_inner().unwrap();
        assert_eq!((order[0], order[2]), (early, late));
    }

    #[tokio::test]
    async fn a_thousand_sleepers_share_one_alarm() {
        let timer = BootTimer::new().unwrap();
        let sleeps = (0..1_000).map(|n| timer.sleep_until(soon(n % 50)));
        futures_util::future::join_all(sleeps).await;
        assert!(timer.driver.wheel.lock().waiting.is_empty());
    }

    #[tokio::test]
    async fn a_sleep_given_up_leaves_nothing_behind_and_wakes_the_others_in_time() {
        let timer = BootTimer::new().unwrap();
        let mut given_up = timer.sleep_until(soon(5));
        let kept = timer.sleep_until(soon(20));
        assert!((&mut given_up).now_or_never().is_none());
        drop(given_up);
        assert!(timer.driver.wheel.lock().waiting.is_empty());
        kept.await;
    }

    #[tokio::test]
    async fn a_sleep_outlives_its_timer() {
        let timer = BootTimer::new().unwrap();
        let sleep = timer.sleep_until(soon(10));
        drop(timer);
        sleep.await;
    }

    #[tokio::test]
    async fn the_far_end_of_time_is_a_sleep_like_any_other() {
        let timer = BootTimer::new().unwrap();
        let far = timer.sleep_until(Boot(Duration::MAX));
        let near = timer.sleep_until(soon(10));
        tokio::select! {
            biased;
            () = far => panic!("the end of time has come"),
            () = near => {}
        }
    }
}
