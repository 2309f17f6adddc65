//! Who is believed, and who is not.

use anyhow::{Context as _, Result, bail, ensure};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use wayfare_actors::ports::{Address, Connection, Transport as _};
use wayfare_io::tls::ServerTls;
use wayfare_io::transport::{WsTransport, accept};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::codec::Codec;
use wayfare_protocol::control::Control;
use wayfare_protocol::frame::Frame;
use wayfare_protocol::pairing::PairingString;
use wayfare_tests::device::Device;
use wayfare_tests::patience::PATIENCE;
use wayfare_tests::world::{World, in_a_world, pair};

#[test]
fn another_cloud_at_the_address_of_the_paired_one_is_refused() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        let other = world.another_cloud().await?;
        let key = world.device_key("person")?;
        let real = world.paired(&key, "person", None).await?;
        let pretended = Address { url: format!("wss://{}/link", other.address()), identity: real.identity.clone() };
        let mut device = Device::start("person", key.clone(), pretended, &world.limits()).await?;
        let why = device.unlinked().await?;
        ensure!(why.contains("pinned") || why.contains("not the server"), "{why}");
        // The same device is let in where it is registered.
        Device::start("person", key, real, &world.limits()).await?.linked(1).await
    })
}

#[test]
fn a_device_is_not_let_in_by_an_answer_to_a_relayed_challenge() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        let key = world.device_key("person")?;
        let real = world.paired(&key, "person", None).await?;
        // The device is paired with the relay too and trusts it; with the same key it is registered at the real cloud.
        let (address, said) = relay(world, real.clone(), true).await?;
        let mut device = Device::start("person", key.clone(), address, &world.limits()).await?;
        device.unlinked().await?;
        let said = said.await.context("nothing was relayed")?;
        ensure!(matches!(said.by_device, Control::Register(_)), "the device said {:?}", said.by_device);
        let Control::Goodbye(refusal) = said.by_cloud else { bail!("the cloud said {:?}", said.by_cloud) };
        ensure!(refusal.code == ErrorCode::Unauthenticated && refusal.detail.contains("signature"), "{refusal}");
        Ok(())
    })
}

#[test]
fn a_device_does_not_answer_a_challenge_of_another_server_than_it_dialed() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        let key = world.device_key("person")?;
        let real = world.paired(&key, "person", None).await?;
        let (address, said) = relay(world, real, false).await?;
        let mut device = Device::start("person", key, address, &world.limits()).await?;
        let why = device.refused().await?;
        ensure!(why.contains("server"), "{why}");
        if let Ok(said) = said.await {
            ensure!(!matches!(said.by_device, Control::Register(_)), "the device said {:?}", said.by_device);
        }
        Ok(())
    })
}

#[test]
fn a_pairing_code_is_good_once_and_is_not_shown_to_another_server() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        let other = world.another_cloud().await?;
        let limits = world.limits();
        let string = world.cloud().pairing_string().await?;
        let elsewhere = other.address();
        let misled =
            PairingString::new(true, &elsewhere.ip().to_string(), elsewhere.port(), string.code(), string.anchor())?;
        let failure = pair(&misled, &world.device_key("misled")?, "misled", &limits).await;
        ensure!(failure.is_err(), "a code went to a server that the string does not mean");
        pair(&string, &world.device_key("first")?, "first", &limits).await.context("the code is good once")?;
        let again = pair(&string, &world.device_key("second")?, "second", &limits).await;
        ensure!(again.is_err(), "a used code was good again");
        Ok(())
    })
}

/// What went through a relay after the challenge.
#[derive(Debug)]
struct Said {
    by_device: Control,
    by_cloud: Control,
}

/// A server with a CA of its own that passes one connection on to the real cloud, frame by frame. If it `rewrites`, it puts its
/// own name into the cloud's challenge, as the device expects.
async fn relay(world: &World, real: Address, rewrites: bool) -> Result<(Address, oneshot::Receiver<Said>)> {
    let tls = ServerTls::local(&world.folder().join("relay"), &["127.0.0.1".to_owned()])?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("wss://{}/link", listener.local_addr()?);
    let address = Address { url, identity: tls.identity().clone() };
    let (tell, said) = oneshot::channel();
    tokio::spawn(async move {
        match relay_one(&listener, &tls, &real, rewrites).await {
            Ok(relayed) => drop(tell.send(relayed)), // the test may have what it needs
            Err(error) => eprintln!("the relay ended: {error:#}"),
        }
    });
    Ok((address, said))
}

async fn relay_one(listener: &TcpListener, tls: &ServerTls, real: &Address, rewrites: bool) -> Result<Said> {
    let (stream, peer) = accept::tcp(listener).await?;
    let stream = TlsAcceptor::from(tls.server_config()).accept(stream).await?;
    let mut near: Connection = accept::stream(stream, peer.to_string(), PATIENCE).await?;
    let mut far = WsTransport::new(false).dial(real).await?;
    let challenge = Frame::decode(&far.reader.read().await?)?;
    let Control::Challenge(mut asked) = Codec::Bincode.decode(&challenge.body)? else {
        bail!("no challenge came first")
    };
    if rewrites {
        asked.server = tls.identity().clone();
    }
    let body = Codec::Bincode.encode(&Control::Challenge(asked));
    near.writer.write(vec![Frame { body, ..challenge }.encode()]).await?;
    let proof = Frame::decode(&near.reader.read().await?)?;
    let by_device = Codec::Bincode.decode(&proof.body)?;
    far.writer.write(vec![proof.encode()]).await?;
    let answer = Frame::decode(&far.reader.read().await?)?;
    let by_cloud = Codec::Bincode.decode(&answer.body)?;
    near.writer.write(vec![answer.encode()]).await?;
    Ok(Said { by_device, by_cloud })
}
