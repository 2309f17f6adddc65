//! The real binary: its doors, its files, pairing, and its end.

mod support;

use std::process::Command;

use nix::sys::signal::Signal;
use support::{Cloud, DEVICE_NAME, linked, transport, unlinked};
use wayfare_actors::client::News;
use wayfare_io::{PairFailure, SystemClock, pair};
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::pairing::{PairingCode, PairingString};
use wayfare_protocol::{Access, ErrorCode, Limits};

fn key(seed: u8) -> DeviceKey {
    DeviceKey::from_seed(&[seed; 32])
}

async fn pair_with(string: &PairingString, key: &DeviceKey) -> Result<wayfare_io::Paired, PairFailure> {
    pair(&transport(), string, key, DEVICE_NAME, Access::Everything, &Limits::default(), &SystemClock).await
}

fn refused(result: Result<wayfare_io::Paired, PairFailure>) -> ErrorCode {
    match result {
        Err(PairFailure::Refused(refusal)) => refusal.code,
        other => panic!("not refused: {other:?}"),
    }
}

/// The same string with another code.
fn with_wrong_code(string: &PairingString) -> PairingString {
    let code = string.code().to_string();
    let wrong = PairingCode::from_random(1).to_string();
    string.to_string().replace(&code, &wrong).parse().expect("well formed")
}

#[tokio::test]
async fn a_device_pairs_by_the_first_string_and_sees_itself() {
    let cloud = Cloud::start(&[]).await;
    let string = cloud.first_string();
    let paired = pair_with(&string, &key(1)).await.expect("paired");
    let mut client = support::client(&key(1), &paired.address).await;
    linked(&mut client).await;
    let devices = client.devices().await.expect("the link stands");
    let shown: Vec<_> = devices.iter().map(|device| (device.device, device.name.as_str())).collect();
    assert_eq!(shown, [(key(1).device_id(), DEVICE_NAME)]);
    // Used up.
    assert_eq!(refused(pair_with(&string, &key(2)).await), ErrorCode::PairingRefused);
    let metrics = cloud.get("/metrics").await.1;
    assert!(metrics.contains("\nwayfare_links 1\n"), "{metrics}");
}

#[tokio::test]
async fn plain_text_on_this_machine_pairs_too() {
    let cloud = Cloud::start(&["--plaintext"]).await;
    let string = cloud.first_string();
    assert!(string.to_string().starts_with("wayfare+ws://"), "{string}");
    let paired = pair_with(&string, &key(1)).await.expect("paired");
    linked(&mut support::client(&key(1), &paired.address).await).await;
}

#[tokio::test]
async fn wrong_codes_are_refused_and_soon_not_even_looked_at() {
    let cloud = Cloud::start(&[]).await;
    let string = cloud.first_string();
    let wrong = with_wrong_code(&string);
    for _ in 0..Limits::default().pairing_attempts {
        assert_eq!(refused(pair_with(&wrong, &key(1)).await), ErrorCode::PairingRefused);
    }
    assert_eq!(refused(pair_with(&string, &key(1)).await), ErrorCode::RateLimited);
}

#[tokio::test]
async fn a_device_that_nobody_paired_is_refused() {
    let cloud = Cloud::start(&[]).await;
    let address = pair_with(&cloud.first_string(), &key(1)).await.expect("paired").address;
    let mut stranger = support::client(&key(2), &address).await;
    let refusal = loop {
        match stranger.next().await.expect("news") {
            News::Refused(refusal) => break refusal,
            News::Linked => panic!("a stranger was let in"),
            News::Unlinked { .. } | News::Told(_) => {}
        }
    };
    assert_eq!(refusal.code, ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn the_running_cloud_gives_further_pairing_strings_to_its_user() {
    let cloud = Cloud::start(&[]).await;
    let first = cloud.first_string();
    let second = cloud.command(&["pair"]);
    assert!(second.status.success(), "{second:?}");
    let second: PairingString = String::from_utf8(second.stdout).expect("text").trim().parse().expect("a string");
    assert_eq!(refused(pair_with(&first, &key(1)).await), ErrorCode::PairingRefused);
    pair_with(&second, &key(1)).await.expect("paired");
    assert_eq!(cloud.post("/pair").await.0, 401);
}

#[tokio::test]
async fn health_readiness_and_metrics_are_told_apart_from_links() {
    let cloud = Cloud::start(&[]).await;
    assert_eq!(cloud.get("/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(cloud.get("/readyz").await, (200, "ready\n".to_owned()));
    let (status, metrics) = cloud.get("/metrics").await;
    assert_eq!(status, 200);
    assert!(
        metrics.contains(concat!("wayfare_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1")),
        "{metrics}"
    );
    assert_eq!(cloud.get("/link").await.0, 404);
}

#[tokio::test]
async fn a_data_folder_has_one_cloud() {
    let cloud = Cloud::start(&[]).await;
    let second = cloud.command(&["serve"]);
    let words = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success() && words.contains("in use by process"), "{words}");
    assert_eq!(cloud.get("/healthz").await.0, 200);
}

#[tokio::test]
async fn a_signal_ends_it_in_order_and_a_known_device_finds_it_again() {
    let mut cloud = Cloud::start(&[]).await;
    let paired = pair_with(&cloud.first_string(), &key(1)).await.expect("paired");
    let mut client = support::client(&key(1), &paired.address).await;
    linked(&mut client).await;
    let port = cloud.port();
    cloud.signal(Signal::SIGTERM);
    let why = unlinked(&mut client).await;
    assert!(why.contains("going down"), "{why}");
    assert_eq!(cloud.end().await.code(), Some(0));
    let none = cloud.command(&["pair"]);
    assert!(String::from_utf8_lossy(&none.stderr).contains("no cloud runs on"), "{none:?}");
    cloud.start_again(&["--listen", &format!("127.0.0.1:{port}")]).await;
    assert_eq!(cloud.words_of_start().first().map(String::as_str), Some(cloud.ready_line().as_str()));
    linked(&mut client).await;
}

#[test]
fn the_configuration_is_printed_with_where_it_came_from_applied() {
    let printed = Command::new(env!("CARGO_BIN_EXE_wayfare-cloud"))
        .env_clear()
        .env("WAYFARE_CLOUD_LIMITS__DIAL", "7s")
        .args(["config", "print", "--data-dir", "/d", "--listen", "127.0.0.1:1"])
        .output()
        .expect("started");
    let text = String::from_utf8(printed.stdout).expect("text");
    for line in ["data_dir = \"/d\"", "listen = \"127.0.0.1:1\"", "dial = \"7s\""] {
        assert!(text.contains(line), "{text}");
    }
}
