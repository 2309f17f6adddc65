//! The control store: tables in memory that outlive the cloud's process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wayfare_actors::ports::{Account, ControlStore, DeviceRow, Pending, StoreError};
use wayfare_core::claim::{Decision, decide};
use wayfare_core::oracle::STORE;
use wayfare_core::{Fact, Witness};
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::{AccountId, DeviceId, EntityId, Epoch, Head, NodeId, ResourceId, Wall};

use super::ills::StoreIlls;
use crate::disorder::unordered;
use crate::evidence::Evidence;
use crate::life::Life;
use crate::mutation::Mutation;
use crate::seed::{Draws, Seed};
use crate::world::World;

/// The tables.
pub struct StoreRows {
    world: Arc<World>,
    account: AccountId,
    tables: Mutex<Tables>,
}

struct Tables {
    draws: Draws,
    /// Where grants and registrations are told.
    evidence: Option<Arc<Evidence>>,
    /// What the store does wrong.
    mutation: Option<Mutation>,
    ills: StoreIlls,
    devices: BTreeMap<DeviceId, DeviceRow>,
    rows: BTreeMap<(AccountId, ResourceId), Row>,
    /// Daemons that go on from a spare, of which nobody outside was told yet, and from where.
    recovered: Vec<(EntityId, Head)>,
}

impl StoreRows {
    /// Empty tables of one account.
    #[must_use]
    pub fn new(world: &Arc<World>, seed: &Seed, account: AccountId) -> Arc<Self> {
        let tables = Tables {
            draws: seed.draws(),
            evidence: None,
            mutation: None,
            ills: StoreIlls::default(),
            devices: BTreeMap::new(),
            rows: BTreeMap::new(),
            recovered: Vec::new(),
        };
        Arc::new(Self { world: Arc::clone(world), account, tables: Mutex::new(tables) })
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the store for a process.
    #[must_use]
    pub fn open(self: &Arc<Self>, life: &Arc<Life>) -> Arc<SimStore> {
        Arc::new(SimStore { rows: Arc::clone(self), life: Arc::clone(life) })
    }

    /// Tells of grants and registrations from now on, and does something wrong, if that is wanted.
    pub fn watch(&self, evidence: &Arc<Evidence>, mutation: Option<Mutation>) {
        let mut tables = self.tables();
        tables.evidence = Some(Arc::clone(evidence));
        tables.mutation = mutation;
    }

    /// Changes what is wrong with the store.
    pub fn ail<T>(&self, change: impl FnOnce(&mut StoreIlls) -> T) -> T {
        change(&mut self.tables().ills)
    }

    /// The rows of daemons.
    #[must_use]
    pub fn daemons(&self) -> Vec<(EntityId, Row)> {
        let tables = self.tables();
        tables.rows.values().filter_map(|row| Some((row.resource.daemon()?, row.clone()))).collect()
    }

    /// Daemons that go on from a spare since this was asked last, and from where.
    #[must_use]
    pub fn take_recovered(&self) -> Vec<(EntityId, Head)> {
        std::mem::take(&mut self.tables().recovered)
    }

    /// Registers a device before anything has begun.
    pub fn register(&self, row: DeviceRow) {
        let mut tables = self.tables();
        tables.tell(|to| to.tell(Fact::Registered { device: row.device, account: row.account }));
        tables.devices.insert(row.device, row);
    }
}

/// What becomes of something that is asked of the store.
enum Fate {
    /// It is done, and answered.
    Answered,
    /// Nothing is done, and that is said.
    Refused,
    /// It is done or not, and who asked never hears which.
    Unknown { is_done: bool, after: Duration },
}

impl Tables {
    fn fate(&mut self) -> Fate {
        if let Some((after, strike)) = &self.ills.out {
            strike.hit();
            return Fate::Unknown { is_done: false, after: *after };
        }
        let Some(strike) = &self.ills.erring else { return Fate::Answered };
        let fate = match self.draws.number() % 4 {
            0 => Fate::Answered,
            1 => Fate::Refused,
            2 => Fate::Unknown { is_done: true, after: self.draws.ms(10, 3_000) },
            _ => Fate::Unknown { is_done: false, after: self.draws.ms(10, 3_000) },
        };
        if !matches!(fate, Fate::Answered) {
            strike.hit();
        }
        fate
    }

    fn put(&mut self, account: AccountId, row: DeviceRow) -> Result<(), StoreError> {
        match self.devices.get(&row.device).and_then(|known| known.revoked_at) {
            Some(at) => Err(StoreError::Refused(format!("device {} was revoked {at}", row.device))),
            None => self.write_device(account, row),
        }
    }

    fn pair(&mut self, account: AccountId, row: DeviceRow) -> Result<(), StoreError> {
        let (device, paired_at, access) = (row.device, row.registered_at, row.access);
        let was_revoked = self.devices.get(&device).is_some_and(|known| known.revoked_at.is_some());
        self.write_device(account, row)?;
        if let Some(known) = self.devices.get_mut(&device) {
            (known.given, known.access) = (None, access);
            if was_revoked {
                known.registered_at = paired_at;
            }
        }
        Ok(())
    }

    fn revoke(&mut self, account: AccountId, device: DeviceId, at: Wall) -> Option<Wall> {
        let known = self.devices.get_mut(&device).filter(|known| known.account == account)?;
        Some(*known.revoked_at.get_or_insert(at))
    }

    fn rename(&mut self, account: AccountId, device: DeviceId, name: String) -> bool {
        let known = self.devices.get_mut(&device).filter(|known| known.account == account);
        known.map(|known| known.given = Some(name)).is_some()
    }

    fn write_device(&mut self, account: AccountId, row: DeviceRow) -> Result<(), StoreError> {
        let row = DeviceRow { given: None, revoked_at: None, ..row };
        if row.key.device_id() != row.device {
            return Err(StoreError::Refused("the id is not the key's hash".to_owned()));
        }
        // One that is not known yet joins the first account; one that is stays where it is.
        let own = self.devices.get(&row.device).map_or(account, |known| known.account);
        if row.account != own && self.mutation != Some(Mutation::StoreMixesAccounts) {
            return Err(StoreError::Refused("another account's device".to_owned()));
        }
        let row = match self.devices.get(&row.device) {
            Some(known) => DeviceRow {
                given: known.given.clone(),
                access: known.access,
                registered_at: known.registered_at,
                last_seen: known.last_seen.max(row.last_seen),
                ..row
            },
            None => row,
        };
        self.devices.insert(row.device, row);
        Ok(())
    }

    fn account(&self, account: AccountId) -> Account {
        let devices = self.devices.values().filter(|row| row.account == account).cloned().collect();
        let rows = self.rows.iter().filter(|((of, _), _)| *of == account).map(|(_, row)| row.clone()).collect();
        match self.mutation {
            Some(Mutation::StoreListsUnordered) => Account { devices: unordered(devices), rows: unordered(rows) },
            _ => Account { devices, rows },
        }
    }

    fn claim(&mut self, account: AccountId, claim: &Claim) -> Result<ClaimOutcome, StoreError> {
        let row = self.rows.get(&(account, claim.next.resource));
        let looks = self.mutation != Some(Mutation::StoreForgetsNames);
        let named = self.rows.iter().find(|((of, _), row)| looks && *of == account && row.key.clashes(&claim.next.key));
        let moves = row.is_some_and(|row| row.owner != claim.next.owner);
        let forgets = moves && self.mutation == Some(Mutation::StoreForgetsMoves);
        let decision = decide(row, named.map(|(_, row)| row), claim, GENERATION);
        match decision.map_err(|why| StoreError::NoRow(why.to_string()))? {
            Decision::Answer(outcome) => Ok(outcome),
            Decision::Write(row) if forgets => Ok(ClaimOutcome::Granted(row)),
            Decision::Write(row) => Ok(ClaimOutcome::Granted(self.grant(account, row))),
        }
    }

    fn grant(&mut self, account: AccountId, mut row: Row) -> Row {
        if self.mutation == Some(Mutation::StoreCountsDown) {
            row.epoch = Epoch { generation: 0, n: 0 };
        }
        let is_other = |device: &&DeviceRow| device.node.is_some() && device.device != row.owner.0;
        let other = self.devices.values().find(is_other).map_or(row.owner, |device| NodeId(device.device));
        match self.mutation {
            Some(Mutation::StoreMixesOwners) => self.write(account, Row { owner: other, ..row.clone() }),
            Some(Mutation::StoreGrantsTwice) => {
                self.write(account, row.clone());
                self.write(account, Row { owner: other, ..row.clone() });
            }
            _ => self.write(account, row.clone()),
        }
        row
    }

    fn write(&mut self, account: AccountId, row: Row) {
        self.tell(|to| to.granted(&row));
        let before = self.rows.insert((account, row.resource), row.clone());
        if let (Some(daemon), Some(base)) = (row.resource.daemon(), row.base)
            && before.is_some_and(|before| before.lineage != row.lineage)
        {
            let (position, output) = (base.inbox_position, base.output_sequence);
            self.tell(|to| to.tell(Fact::Recovered { daemon, position, output }));
            self.recovered.push((daemon, base));
        }
    }

    fn tell(&self, tell: impl FnOnce(&mut Witness)) {
        if let Some(evidence) = &self.evidence {
            let mut witness = Witness::default();
            tell(&mut witness);
            evidence.facts(STORE, &mut witness);
        }
    }
}

const GENERATION: u32 = 1;

/// The store as one process has it open.
pub struct SimStore {
    rows: Arc<StoreRows>,
    life: Arc<Life>,
}

impl SimStore {
    /// Does something in the middle of the wait for its answer, so that a process may die before it or after.
    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tables) -> Result<T, StoreError> + Send + 'static,
    ) -> Pending<Result<T, StoreError>> {
        if !self.life.is_lived() {
            return Box::pin(std::future::pending());
        }
        let (takes, fate) = {
            let mut tables = self.rows.tables();
            let draws = &mut tables.draws;
            let takes = if draws.percent(3) { draws.ms(50, 500) } else { draws.ms(1, 10) };
            (takes, tables.fate())
        };
        let (rows, life) = (Arc::clone(&self.rows), Arc::clone(&self.life));
        let world = Arc::clone(&self.rows.world);
        // Another machine does it: it is done while the process that asked is frozen, but not after it has died.
        let (tell, told) = tokio::sync::oneshot::channel();
        world.after(takes / 2, move || {
            if !life.is_lived() {
                return false;
            }
            let answer = match fate {
                Fate::Answered => (work(&mut rows.tables()), Duration::ZERO),
                Fate::Refused => (Err(StoreError::Refused("the store is out of order".to_owned())), Duration::ZERO),
                Fate::Unknown { is_done, after } => {
                    if is_done {
                        let _ = work(&mut rows.tables()); // nobody hears of it
                    }
                    (Err(StoreError::Unknown("no answer in time".to_owned())), after)
                }
            };
            let half = takes.max(Duration::from_nanos(2)) / 2;
            let told = Arc::clone(&rows.world);
            told.after(half + answer.1, move || life.meet(move || tell.send(answer.0).is_ok()));
            true
        });
        Box::pin(async move {
            match told.await {
                Ok(answer) => answer,
                Err(_) => std::future::pending().await, // of a process that is gone
            }
        })
    }
}

impl ControlStore for SimStore {
    fn generation(&self) -> u32 {
        GENERATION
    }

    fn default_account(&self) -> AccountId {
        self.rows.account
    }

    fn device(&self, device: DeviceId) -> Pending<Result<Option<DeviceRow>, StoreError>> {
        let first = self.rows.account;
        self.ask(move |tables| {
            let mixes = tables.mutation == Some(Mutation::StoreMixesAccounts);
            let row = tables.devices.get(&device).cloned();
            Ok(row.map(|row| if mixes { DeviceRow { account: first, ..row } } else { row }))
        })
    }

    fn put_device(&self, row: DeviceRow) -> Pending<Result<(), StoreError>> {
        let account = self.rows.account;
        self.ask(move |tables| tables.put(account, row))
    }

    fn pair_device(&self, row: DeviceRow) -> Pending<Result<(), StoreError>> {
        let account = self.rows.account;
        self.ask(move |tables| tables.pair(account, row))
    }

    fn revoke(&self, account: AccountId, device: DeviceId, at: Wall) -> Pending<Result<Option<Wall>, StoreError>> {
        self.ask(move |tables| Ok(tables.revoke(account, device, at)))
    }

    fn rename(&self, account: AccountId, device: DeviceId, name: String) -> Pending<Result<bool, StoreError>> {
        self.ask(move |tables| Ok(tables.rename(account, device, name)))
    }

    fn seen(&self, device: DeviceId, at: Wall) -> Pending<Result<(), StoreError>> {
        self.ask(move |tables| {
            if let Some(row) = tables.devices.get_mut(&device) {
                row.last_seen = row.last_seen.max(at);
            }
            Ok(())
        })
    }

    fn account(&self, account: AccountId) -> Pending<Result<Account, StoreError>> {
        self.ask(move |tables| Ok(tables.account(account)))
    }

    fn claim(&self, account: AccountId, claim: Claim) -> Pending<Result<ClaimOutcome, StoreError>> {
        self.ask(move |tables| tables.claim(account, &claim))
    }
}
