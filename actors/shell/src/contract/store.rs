//! What a [`ControlStore`] must do.

use std::sync::Arc;

use wayfare_protocol::capability::{Capabilities, Hardware};
use wayfare_protocol::daemon::DaemonKey;
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Lineage, Row};
use wayfare_protocol::session::{Language, SessionKey, SessionName};
use wayfare_protocol::{Access, AccountId, EntityKey, Epoch, Head, NodeId, ResourceId, SessionId, Wall};

use crate::ports::{Account, ControlStore, DeviceRow, Pending, StoreError};

/// Storage that outlives the stores opened on it.
pub trait StoreWorld {
    /// The store on this storage. The one before has been dropped.
    fn open(&self) -> Pending<Arc<dyn ControlStore>>;
}

/// Every rule of this suite, each on a fresh world.
pub async fn all<W: StoreWorld>(fresh: impl Fn() -> W) {
    a_store_keeps_its_generation_and_account(&fresh()).await;
    a_device_is_found_as_it_was_registered(&fresh()).await;
    a_renewal_changes_what_a_device_says_of_itself_only(&fresh()).await;
    a_device_must_have_its_own_key_and_an_account(&fresh()).await;
    being_seen_never_goes_back(&fresh()).await;
    a_revoked_device_is_refused_until_it_is_paired_anew(&fresh()).await;
    a_device_is_revoked_by_its_own_account_only(&fresh()).await;
    what_a_device_may_do_is_said_when_it_is_paired_alone(&fresh()).await;
    a_device_is_called_as_it_was_renamed_until_it_is_paired_anew(&fresh()).await;
    a_first_claim_makes_the_row(&fresh()).await;
    epochs_grow_by_one_with_every_grant(&fresh()).await;
    of_claims_that_race_one_is_granted(&fresh()).await;
    a_repeated_claim_is_granted_again_and_changes_nothing(&fresh()).await;
    a_claim_on_an_old_epoch_learns_the_row(&fresh()).await;
    a_name_belongs_to_one_session_per_language(&fresh()).await;
    a_daemons_row_is_kept_like_a_sessions(&fresh()).await;
    a_claim_on_a_row_that_is_not_there_is_refused(&fresh()).await;
    everything_is_there_after_reopening(&fresh()).await;
}

/// Generation and default account are the same for the storage's life.
pub async fn a_store_keeps_its_generation_and_account(world: &impl StoreWorld) {
    let store = world.open().await;
    let (generation, account) = (store.generation(), store.default_account());
    assert!(generation >= 1, "a store's generation is at least 1, and this one has {generation}");
    assert_ne!(account, AccountId::LOCAL, "the default account is the one of unpaired nodes");
    assert_eq!(good("account", store.account(account).await), Account::default(), "a new account is empty");
    drop(store);
    let store = world.open().await;
    assert_eq!((store.generation(), store.default_account()), (generation, account), "after reopening");
}

/// Clients and nodes alike; an account's devices are in order of id.
pub async fn a_device_is_found_as_it_was_registered(world: &impl StoreWorld) {
    let store = world.open().await;
    let mut devices: Vec<_> = (1..=4).map(|n| device(&*store, n)).collect();
    devices[2].node = None;
    assert_eq!(good("device", store.device(devices[0].device).await), None, "a device before it was registered");
    for row in &devices {
        good("put_device", store.put_device(row.clone()).await);
    }
    for row in &devices {
        assert_eq!(good("device", store.device(row.device).await).as_ref(), Some(row), "a registered device");
    }
    devices.sort_by_key(|row| row.device);
    let account = good("account", store.account(store.default_account()).await);
    assert_eq!(account.devices, devices, "the devices of the account, in order of id");
}

/// Name, system and capabilities are renewed; the time of pairing stays, and the later sighting counts.
pub async fn a_renewal_changes_what_a_device_says_of_itself_only(world: &impl StoreWorld) {
    let store = world.open().await;
    let first = device(&*store, 1);
    good("put_device", store.put_device(first.clone()).await);
    let renewed = DeviceRow {
        name: "renamed".to_owned(),
        os: "other".to_owned(),
        node: None,
        registered_at: Wall(first.registered_at.0 + 500),
        last_seen: Wall(0),
        ..first.clone()
    };
    good("put_device", store.put_device(renewed.clone()).await);
    let wanted = DeviceRow { registered_at: first.registered_at, last_seen: first.last_seen, ..renewed };
    assert_eq!(good("device", store.device(first.device).await), Some(wanted), "a renewed device");
}

/// An id that is not the hash of the key, or an account that there is not, is refused and leaves nothing.
pub async fn a_device_must_have_its_own_key_and_an_account(world: &impl StoreWorld) {
    let store = world.open().await;
    let row = device(&*store, 1);
    let foreign_key = DeviceRow { key: device(&*store, 2).key, ..row.clone() };
    let foreign_account = DeviceRow { account: AccountId::LOCAL, ..row.clone() };
    for wrong in [foreign_key, foreign_account] {
        let refused = store.put_device(wrong.clone()).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{wrong:?} was not refused: {refused:?}");
    }
    assert_eq!(good("device", store.device(row.device).await), None, "a refused device");
}

/// The later sighting counts; a device that is not registered is none.
pub async fn being_seen_never_goes_back(world: &impl StoreWorld) {
    let store = world.open().await;
    let row = device(&*store, 1);
    good("seen, of a device that is not registered", store.seen(row.device, Wall(5)).await);
    assert_eq!(good("device", store.device(row.device).await), None, "seeing a device does not register it");
    good("put_device", store.put_device(row.clone()).await);
    for at in [7_000, 6_000] {
        good("seen", store.seen(row.device, Wall(at)).await);
    }
    let found = good("device", store.device(row.device).await).expect("it is registered");
    assert_eq!(found.last_seen, Wall(7_000), "when it was last seen");
}

/// Also after reopening. It keeps what is known of it; the first revocation counts; pairing anew begins at the new time.
pub async fn a_revoked_device_is_refused_until_it_is_paired_anew(world: &impl StoreWorld) {
    let store = world.open().await;
    let (account, row) = (store.default_account(), device(&*store, 1));
    good("put_device", store.put_device(row.clone()).await);
    for at in [3_000, 4_000] {
        let since = good("revoke", store.revoke(account, row.device, Wall(at)).await);
        assert_eq!(since, Some(Wall(3_000)), "since when it is revoked");
    }
    drop(store);
    let store = world.open().await;
    let revoked = DeviceRow { revoked_at: Some(Wall(3_000)), ..row.clone() };
    assert_eq!(good("device", store.device(row.device).await), Some(revoked.clone()), "a revoked device");
    let refused = store.put_device(row.clone()).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "a revoked device was renewed: {refused:?}");
    good("seen", store.seen(row.device, row.last_seen).await);
    assert_eq!(good("account", store.account(account).await).devices, vec![revoked], "after it was refused");
    let again = DeviceRow { name: "again".to_owned(), registered_at: Wall(5_000), last_seen: Wall(5_000), ..row };
    good("pair_device", store.pair_device(again.clone()).await);
    assert_eq!(good("device", store.device(again.device).await), Some(again.clone()), "a device that is paired anew");
    good("put_device", store.put_device(again.clone()).await);
    let later = DeviceRow { registered_at: Wall(6_000), ..again.clone() };
    good("pair_device", store.pair_device(later).await);
    assert_eq!(good("device", store.device(again.device).await), Some(again), "pairing one that is not revoked");
}

/// Also after reopening; not when it registers.
pub async fn what_a_device_may_do_is_said_when_it_is_paired_alone(world: &impl StoreWorld) {
    let store = world.open().await;
    let reader = DeviceRow { access: Access::Reading, ..device(&*store, 1) };
    good("pair_device", store.pair_device(reader.clone()).await);
    good("put_device", store.put_device(DeviceRow { access: Access::Everything, ..reader.clone() }).await);
    drop(store);
    let store = world.open().await;
    assert_eq!(good("device", store.device(reader.device).await), Some(reader.clone()), "one that may read");
    let writer = DeviceRow { access: Access::Everything, ..reader };
    good("pair_device", store.pair_device(writer.clone()).await);
    assert_eq!(good("device", store.device(writer.device).await), Some(writer), "one that is paired anew");
}

/// Whatever it calls itself meanwhile, and after reopening; only by its own account.
pub async fn a_device_is_called_as_it_was_renamed_until_it_is_paired_anew(world: &impl StoreWorld) {
    let store = world.open().await;
    let (account, row) = (store.default_account(), device(&*store, 1));
    let rename = |store: &dyn ControlStore, account, name: &str| store.rename(account, row.device, name.to_owned());
    assert!(!good("rename, of a device that is not there", rename(&*store, account, "desk").await));
    good("put_device", store.put_device(row.clone()).await);
    assert!(!good("rename, by another account", rename(&*store, AccountId::LOCAL, "theirs").await));
    assert_eq!(good("device", store.device(row.device).await).as_ref(), Some(&row), "it is as it was");
    for name in ["desk", "tower"] {
        assert!(good("rename", rename(&*store, account, name).await));
    }
    good("put_device", store.put_device(DeviceRow { name: "itself".to_owned(), ..row.clone() }).await);
    drop(store);
    let store = world.open().await;
    let renamed = DeviceRow { name: "itself".to_owned(), given: Some("tower".to_owned()), ..row.clone() };
    assert_eq!(good("account", store.account(account).await).devices, vec![renamed], "a renamed device");
    good("pair_device", store.pair_device(row.clone()).await);
    assert_eq!(good("device", store.device(row.device).await).as_ref(), Some(&row), "one that is paired anew");
}

/// Of another account, and where there is none, nothing is revoked.
pub async fn a_device_is_revoked_by_its_own_account_only(world: &impl StoreWorld) {
    let store = world.open().await;
    let (account, row) = (store.default_account(), device(&*store, 1));
    let nothing = good("revoke, of a device that is not there", store.revoke(account, row.device, Wall(1)).await);
    assert_eq!(nothing, None);
    good("pair_device", store.pair_device(row.clone()).await);
    let foreign = good("revoke, by another account", store.revoke(AccountId::LOCAL, row.device, Wall(2)).await);
    assert_eq!(foreign, None);
    assert_eq!(good("device", store.device(row.device).await), Some(row), "it is as it was");
}

/// The epoch follows the claimant's own; the rest of the row is as claimed.
pub async fn a_first_claim_makes_the_row(world: &impl StoreWorld) {
    let store = world.open().await;
    let base = Head { inbox_position: 3, inbox_digest: [9; 32], output_sequence: u64::MAX, output_hash: u64::MAX };
    let next = Row { base: Some(base), lineage: Lineage(2), ..row(1, "main", 1) };
    let granted = claim(&*store, None, &next).await;
    let wanted = Row { epoch: Epoch::LOCAL.next_in(store.generation()), ..next };
    assert_eq!(granted, ClaimOutcome::Granted(wanted.clone()), "a first claim");
    let account = good("account", store.account(store.default_account()).await);
    assert_eq!(account.rows, vec![wanted], "the rows of the account");
}

/// A compare-and-set on the present epoch is granted the next one, whoever asks.
pub async fn epochs_grow_by_one_with_every_grant(world: &impl StoreWorld) {
    let store = world.open().await;
    let mut held = granted(claim(&*store, None, &row(1, "main", 1)).await);
    for owner in [2, 2, 1, 3] {
        let next = granted(claim(&*store, Some(held.epoch), &row(1, "main", owner)).await);
        assert_eq!(next.epoch, held.epoch.next_in(store.generation()), "the epoch after {}", held.epoch);
        assert_eq!(next.owner, row(1, "main", owner).owner, "the owner");
        held = next;
    }
}

/// First claims and later ones: exactly one of many holds, the others learn which.
pub async fn of_claims_that_race_one_is_granted(world: &impl StoreWorld) {
    let store = world.open().await;
    let mut expect = None;
    for _ in 0..10 {
        let claims: Vec<_> = (1..=8).map(|owner| row(1, "main", owner)).collect();
        let outcomes = futures_util::future::join_all(claims.iter().map(|next| claim(&*store, expect, next))).await;
        let holding: Vec<_> = outcomes.iter().filter(|outcome| matches!(outcome, ClaimOutcome::Granted(_))).collect();
        let [ClaimOutcome::Granted(row)] = holding.as_slice() else {
            panic!("of 8 claims that expect {expect:?} these were granted: {holding:?}")
        };
        for outcome in &outcomes {
            let answered = match outcome {
                ClaimOutcome::Granted(row) | ClaimOutcome::Superseded(row) | ClaimOutcome::NameTaken(row) => row,
            };
            assert_eq!(answered, row, "everybody learns the row that holds");
        }
        expect = Some(row.epoch);
    }
}

/// An answer that was lost is given again to whoever asks the same thing again.
pub async fn a_repeated_claim_is_granted_again_and_changes_nothing(world: &impl StoreWorld) {
    let store = world.open().await;
    let first = claim(&*store, None, &row(1, "main", 1)).await;
    assert_eq!(claim(&*store, None, &row(1, "main", 1)).await, first, "a repeated first claim");
    let held = granted(first);
    let second = claim(&*store, Some(held.epoch), &row(1, "main", 2)).await;
    assert_eq!(claim(&*store, Some(held.epoch), &row(1, "main", 2)).await, second, "a repeated compare-and-set");
    let account = good("account", store.account(store.default_account()).await);
    assert_eq!(account.rows, vec![granted(second)], "the rows of the account");
}

/// Whoever is late is told the row and changes nothing.
pub async fn a_claim_on_an_old_epoch_learns_the_row(world: &impl StoreWorld) {
    let store = world.open().await;
    let first = granted(claim(&*store, None, &row(1, "main", 1)).await);
    let second = granted(claim(&*store, Some(first.epoch), &row(1, "main", 2)).await);
    let third = granted(claim(&*store, Some(second.epoch), &row(1, "main", 2)).await);
    let late = [
        (None, row(1, "main", 1)),
        (Some(first.epoch), row(1, "main", 1)),
        // The owner it wants, two grants later: not the effect of this claim.
        (Some(first.epoch), row(1, "main", 2)),
        (Some(third.epoch.next_in(store.generation())), row(1, "main", 1)),
        (Some(third.epoch), Row { lineage: Lineage(1), ..row(1, "main", 2) }),
    ];
    let (supersede, allowed) = late.split_at(4);
    for (expect, next) in supersede {
        let outcome = claim(&*store, *expect, next).await;
        assert_eq!(outcome, ClaimOutcome::Superseded(third.clone()), "a claim that expects {expect:?}");
    }
    for (expect, next) in allowed {
        assert!(matches!(claim(&*store, *expect, next).await, ClaimOutcome::Granted(_)), "another lineage is a change");
    }
}

/// A second session under a name is told whose it is; another language, project or account is another name.
pub async fn a_name_belongs_to_one_session_per_language(world: &impl StoreWorld) {
    let store = world.open().await;
    let first = granted(claim(&*store, None, &row(1, "main", 1)).await);
    let taken = claim(&*store, None, &row(2, "main", 2)).await;
    assert_eq!(taken, ClaimOutcome::NameTaken(first.clone()), "a second session under the name");
    let mut other_language = row(3, "main", 1);
    other_language.key = session_key("main", "r").into();
    granted(claim(&*store, None, &other_language).await);
    let second = granted(claim(&*store, None, &row(2, "other", 2)).await);
    let renamed = claim(&*store, Some(second.epoch), &row(2, "main", 2)).await;
    assert_eq!(renamed, ClaimOutcome::NameTaken(first), "a session renamed to a name that is taken");
}

/// Under its entity, beside the sessions, which come before it.
pub async fn a_daemons_row_is_kept_like_a_sessions(world: &impl StoreWorld) {
    let store = world.open().await;
    let resource = ResourceId::Daemon(EntityKey::from_seed(&[5; 32]).entity());
    let key = |kind: &str| DaemonKey { name: "tally".parse().unwrap(), kind: kind.parse().unwrap() }.into();
    let next = Row { resource, key: key("counter"), ..row(1, "tally", 1) };
    let first = granted(claim(&*store, None, &next).await);
    let session = granted(claim(&*store, None, &row(1, "tally", 1)).await);
    let daemon =
        granted(claim(&*store, Some(first.epoch), &Row { owner: row(1, "tally", 2).owner, ..next.clone() }).await);
    let other = ResourceId::Daemon(EntityKey::from_seed(&[6; 32]).entity());
    let taken = claim(&*store, None, &Row { resource: other, key: key("window"), ..next }).await;
    assert_eq!(taken, ClaimOutcome::NameTaken(daemon.clone()), "a daemon of another kind under the name");
    drop(store);
    let store = world.open().await;
    let account = good("account", store.account(store.default_account()).await);
    assert_eq!(account.rows, vec![session, daemon], "after reopening");
}

/// There is nothing to compare with and no row to answer.
pub async fn a_claim_on_a_row_that_is_not_there_is_refused(world: &impl StoreWorld) {
    let store = world.open().await;
    let next = row(1, "main", 1);
    let refused = store.claim(store.default_account(), Claim { expect: Some(Epoch::LOCAL), next }).await;
    assert!(matches!(refused, Err(StoreError::NoRow(_))), "it was not refused as without a row: {refused:?}");
    let account = good("account", store.account(store.default_account()).await);
    assert_eq!(account, Account::default(), "a refused claim leaves nothing");
}

/// A new process finds what the old one was told holds, and goes on counting.
pub async fn everything_is_there_after_reopening(world: &impl StoreWorld) {
    let store = world.open().await;
    let device = device(&*store, 1);
    good("put_device", store.put_device(device.clone()).await);
    let one = granted(claim(&*store, None, &row(1, "main", 1)).await);
    let two = granted(claim(&*store, None, &row(2, "other", 1)).await);
    drop(store);
    let store = world.open().await;
    let account = good("account", store.account(store.default_account()).await);
    assert_eq!(account, Account { devices: vec![device], rows: vec![one.clone(), two] }, "after reopening");
    let next = granted(claim(&*store, Some(one.epoch), &row(1, "main", 2)).await);
    assert_eq!(next.epoch, one.epoch.next_in(store.generation()), "the epoch after reopening");
}

fn session_key(name: &str, language: &str) -> SessionKey {
    let name = SessionName::new("notes", name).expect("a session name");
    SessionKey { name, language: Language::from_word(language) }
}

fn device(store: &dyn ControlStore, n: u8) -> DeviceRow {
    let key = DeviceKey::from_seed(&[n; 32]);
    let hardware = Hardware { cpus: u32::from(n), memory_bytes: u64::MAX, gpus: Vec::new() };
    DeviceRow {
        device: key.device_id(),
        account: store.default_account(),
        key: key.public(),
        name: format!("device {n} – 'für dich'"),
        os: "linux".to_owned(),
        node: Some(Capabilities { hardware, runtimes: Vec::new(), tags: vec!["\"quoted\"".to_owned()] }),
        registered_at: Wall(1_000),
        last_seen: Wall(2_000),
        access: Access::Everything,
        given: None,
        revoked_at: None,
    }
}

fn row(session: u64, name: &str, owner: u8) -> Row {
    let session: SessionId = format!("00000000-0000-7000-8000-{session:012}").parse().expect("a session id");
    Row {
        resource: ResourceId::Session(session),
        key: session_key(name, "python").into(),
        owner: NodeId(DeviceKey::from_seed(&[owner; 32]).device_id()),
        epoch: Epoch::LOCAL,
        lineage: Lineage::default(),
        base: None,
    }
}

async fn claim(store: &dyn ControlStore, expect: Option<Epoch>, next: &Row) -> ClaimOutcome {
    let claim = Claim { expect, next: next.clone() };
    good("claim", store.claim(store.default_account(), claim).await)
}

#[track_caller]
fn granted(outcome: ClaimOutcome) -> Row {
    match outcome {
        ClaimOutcome::Granted(row) => row,
        other => panic!("a claim was not granted: {other:?}"),
    }
}

#[track_caller]
fn good<T>(what: &str, result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what} failed: {error}"),
    }
}
