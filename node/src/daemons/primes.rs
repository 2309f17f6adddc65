//! `primes`: finds the factors of numbers. A daemon with heavy work in the background.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::codec;
use wayfare_protocol::daemon::{Context, DaemonError, Event, MeshDaemon, Source, Work};

/// For every event, a whole number from 2 to 2⁶⁴-1 as decimal text, it says `number = factor × factor …` when they are found.
/// Numbers are asked for in the order of their events, and answered in the order in which they are done.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Primes {
    asked: u64,
    /// Numbers whose factors are being looked for.
    open: BTreeMap<u64, u64>,
}

/// Divides by everything up to the root: seconds for a large prime.
struct Division;

impl Work for Division {
    fn run(&self, input: &Bytes) -> Result<Bytes, String> {
        let mut rest: u64 = codec::decode(input).map_err(|error| error.to_string())?;
        let mut factors = Vec::new();
        let mut divisor = 2;
        while divisor <= rest / divisor {
            while rest.is_multiple_of(divisor) {
                factors.push(divisor.to_string());
                rest /= divisor;
            }
            divisor += 1;
        }
        if rest > 1 {
            factors.push(rest.to_string());
        }
        Ok(Bytes::from(factors.join(" × ")))
    }
}

impl MeshDaemon for Primes {
    fn name(&self) -> &'static str {
        "primes"
    }

    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        let text = String::from_utf8_lossy(&event.payload);
        match event.source {
            Source::Worked { tag } => {
                let number = self.open.remove(&tag);
                Ok(number.map(|number| Bytes::from(format!("{number} = {text}"))).into_iter().collect())
            }
            Source::WorkFailed { tag } => {
                self.open.remove(&tag);
                Err(DaemonError::Process(text.into_owned()))
            }
            Source::Published { .. } | Source::Tick { .. } => {
                let number: u64 = text.trim().parse().ok().filter(|number| *number > 1).ok_or_else(|| {
                    DaemonError::Process(format!("{:?} is no whole number from 2 to {}", text.trim(), u64::MAX))
                })?;
                self.asked += 1;
                self.open.insert(self.asked, number);
                context.background(self.asked, codec::encode(&number));
                Ok(Vec::new())
            }
        }
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        Ok(Some(codec::encode_stored(self)))
    }

    fn restore(&mut self, state: Bytes, _state_version: u32) -> Result<(), DaemonError> {
        *self = codec::decode_stored(&state).map_err(|error| DaemonError::Restore(error.to_string()))?;
        Ok(())
    }

    // Its answers come in the order in which they are recorded, which a replay repeats.
    fn deterministic(&self) -> bool {
        true
    }

    fn work(&self) -> Option<Arc<dyn Work>> {
        Some(Arc::new(Division))
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::{Origin, Wall};

    use super::*;

    #[test]
    fn a_number_is_worked_on_and_answered() {
        let mut primes = Primes::default();
        let event = |source, payload: Bytes| Event { position: 1, at: Wall(0), source, payload };
        let mut context = Context::new(Wall(0), 0);
        let asked = event(Source::Published { origin: Origin(1), sequence: 1 }, Bytes::from_static(b"360"));
        assert_eq!(primes.process(&asked, &mut context).unwrap(), [] as [Bytes; 0]);
        let [(tag, input)] = context.into_requests().work.try_into().expect("one work");
        let result = primes.work().unwrap().run(&input).unwrap();
        let done = event(Source::Worked { tag }, result);
        let said = primes.process(&done, &mut Context::new(Wall(0), 0)).unwrap();
        assert_eq!(said, ["360 = 2 × 2 × 2 × 3 × 3 × 5"]);
    }
}
