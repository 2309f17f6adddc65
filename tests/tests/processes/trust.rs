//! Who is believed, and who is not.

use anyhow::{Context as _, Result, ensure};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use wayfare_actors::ports::{Address, Connection, Transport as _};
use wayfare_io::tls::ServerTls;
use wayfare_io::transport::{WsTransport, accept};
use wayfare_protocol::StreamId;
use wayfare_protocol::codec::Codec;
use wayfare_protocol::control::Control;
use wayfare_protocol::frame::Frame;
use wayfare_protocol::pairing::PairingString;
use wayfare_tests::device::Device;
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
        for rewrites in [true, false] {
            let (relay, said) = relay(world, real.clone(), rewrites).await?;
            let mut device = Device::start("person", key.clone(), relay, &world.limits()).await?;
            let why = device.unlinked().await?;
            if rewrites {
                let said = said.await.context("the cloud said nothing")?;
                ensure!(matches!(said, Control::Goodbye(_)), "the cloud answered {said:?}");
            } else {
                ensure!(!why.is_empty(), "no reason was given");
            }
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

/// A server with a CA of its own that passes one connection on to the real cloud, frame by frame. If it `rewrites`, it puts its
/// own name into the cloud's challenge, as the device expects. Gives what the cloud answers to the device's proof.
async fn relay(
    world: &World,
    real: Address,
    rewrites: bool,
) -> Result<(Address, tokio::sync::oneshot::Receiver<Control>)> {
    let tls = ServerTls::local(&world.folder().join(format!("relay-{rewrites}")), &["127.0.0.1".to_owned()])?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("wss://{}/link", listener.local_addr()?);
    let identity = tls.identity().clone();
    let (tell, said) = tokio::sync::oneshot::channel();
    let address = Address { url, identity: identity.clone() };
    tokio::spawn(async move {
        let relayed = async {
            let (stream, peer) = accept::tcp(&listener).await?;
            let stream = TlsAcceptor::from(tls.server_config()).accept(stream).await?;
            let within = wayfare_tests::patience::PATIENCE;
            let mut near: Connection = accept::stream(stream, peer.to_string(), within).await?;
            let mut far = WsTransport::new(false).dial(&real).await?;
            let challenge = Frame::decode(&far.reader.read().await?)?;
            let Control::Challenge(mut asked) = Codec::Bincode.decode(&challenge.body)? else {
                anyhow::bail!("no challenge came first");
            };
            if rewrites {
                asked.server = identity;
            }
            let body = Codec::Bincode.encode(&Control::Challenge(asked));
            near.writer.write(vec![Frame { body, ..challenge }.encode()]).await?;
            let proof = near.reader.read().await?;
            far.writer.write(vec![proof]).await?;
            let answer = Frame::decode(&far.reader.read().await?)?;
            ensure!(answer.stream == StreamId::CONTROL, "{answer:?}");
            let control = Codec::Bincode.decode(&answer.body)?;
            near.writer.write(vec![answer.encode()]).await?;
            Ok(control)
        };
        let answered: Result<Control> = relayed.await;
        if let Ok(control) = answered {
            let _ = tell.send(control); // the test may have what it needs
        }
    });
    Ok((address, said))
}
