//! For tests: the assets of a place whose clock stands still.

use std::sync::Arc;

use wayfare_protocol::{AccountId, Boot, Limits, Now};

use super::{Assets, Environs};
use crate::actor::Runtime;
use crate::ports::{AssetStore, Clock, Pending, Timer};

struct Still;

impl Clock for Still {
    fn now(&self) -> Now {
        Now::default()
    }
}

impl Timer for Still {
    fn sleep_until(&self, _: Boot) -> Pending<()> {
        Box::pin(std::future::pending())
    }
}

/// Over that store, with a cloud that is away, or with none.
pub(super) fn assets(store: Arc<dyn AssetStore>, has_above: bool) -> Assets {
    Assets::new(Environs {
        account: AccountId::LOCAL,
        store,
        directory: Arc::default(),
        runtime: Runtime { clock: Arc::new(Still), timer: Arc::new(Still), trace: None },
        limits: Arc::new(Limits::default()),
        has_above,
    })
}
