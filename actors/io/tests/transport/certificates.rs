//! Who is at the other end: pinned and public certificates.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use wayfare_actors::ports::{Address, DialError, Transport};
use wayfare_io::tls::{SERVER_NAME, ServerTls};
use wayfare_io::transport::WsTransport;
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::pairing::{PairingAnchor, origin};

use sha2::Digest;
use sha2::Sha256;

use super::{accept_plain, carries, dial, listen, local, over_tls};

#[tokio::test]
async fn a_restarted_server_is_still_the_pinned_one() {
    let folder = tempfile::tempdir().expect("folder");
    let pinned = local(folder.path()).identity().clone();
    let tls = ServerTls::local(folder.path(), &["other.example".into()]).expect("loaded");
    tls.refresh().expect("nothing to do");
    assert_eq!(tls.identity(), &pinned);
    over_tls(tls.server_config(), async |url| dial(url, pinned).await).await.expect("the pinned server");
}

fn wrong_server<T>(result: Result<T, DialError>) -> String {
    match result {
        Err(DialError::WrongServer { why, .. }) => why,
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test]
async fn a_server_with_another_ca_is_refused() {
    let [one, two] = [(); 2].map(|()| tempfile::tempdir().expect("folder"));
    let (paired, other) = (local(one.path()), local(two.path()));
    let dialing = async |url| dial(url, paired.identity().clone()).await;
    let why = wrong_server(over_tls(other.server_config(), dialing).await);
    assert!(why.contains("pinned CA"), "{why}");
}

/// A CA made by hand.
fn ca() -> (CertificateDer<'static>, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).expect("a certificate").der().clone();
    (certificate, Issuer::new(params, key))
}

/// A server that shows a leaf of `issuer` for `name`, then `rest`.
fn server(issuer: &Issuer<'static, KeyPair>, name: &str, rest: &[&CertificateDer<'static>]) -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new([name.to_owned()]).expect("a name").signed_by(&key, issuer).expect("a leaf");
    let chain = [leaf.der()].into_iter().chain(rest.iter().copied()).cloned().collect();
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a chain");
    Arc::new(config)
}

#[tokio::test]
async fn a_server_that_only_shows_the_pinned_ca_but_has_no_leaf_of_it_is_refused() {
    let ((pinned, _), (_, other)) = (ca(), ca());
    let hash = Sha256::digest(&pinned).into();
    let config = server(&other, SERVER_NAME, &[&pinned]);
    wrong_server(over_tls(Arc::clone(&config), async |url| dial(url, ServerIdentity::Ca(hash)).await).await);
    let anchor = Some(PairingAnchor::of(&hash));
    let pairing = async |url: String| WsTransport::new(false).dial_for_pairing(&url, anchor).await;
    wrong_server(over_tls(config, pairing).await);
}

#[tokio::test]
async fn a_chain_without_the_ca_and_a_leaf_for_another_name_are_refused() {
    let (pinned, issuer) = ca();
    let identity = ServerIdentity::Ca(Sha256::digest(&pinned).into());
    let to = async |config| over_tls(config, async |url| dial(url, identity.clone()).await).await;
    assert!(to(server(&issuer, SERVER_NAME, &[&pinned])).await.is_ok());
    assert!(wrong_server(to(server(&issuer, SERVER_NAME, &[])).await).contains("pinned CA"));
    wrong_server(to(server(&issuer, "localhost", &[&pinned])).await);
}

#[tokio::test]
async fn pairing_learns_whom_to_pin_from_the_anchor() {
    let folder = tempfile::tempdir().expect("folder");
    let tls = local(folder.path());
    let anchor = PairingAnchor::of(&tls.ca_sha256().expect("its own CA"));
    let pair = async |anchor: PairingAnchor| {
        let dialing = async |url: String| WsTransport::new(false).dial_for_pairing(&url, Some(anchor)).await;
        over_tls(tls.server_config(), dialing).await
    };
    let ((dialed, identity), accepted) = pair(anchor).await.expect("the server meant");
    assert_eq!(identity.as_ref(), Some(tls.identity()));
    carries(dialed, accepted).await;
    let mut wrong = anchor;
    wrong.0[15] ^= 1;
    wrong_server(pair(wrong).await);
}

#[tokio::test]
async fn without_tls_pairing_leaves_the_anchor_to_the_challenge() {
    let (listener, port) = listen().await;
    let url = format!("ws://127.0.0.1:{port}/link");
    let dialing = WsTransport::new(false).dial_for_pairing(&url, Some(PairingAnchor([1; 16])));
    let (dialed, _accepted) = tokio::join!(dialing, accept_plain(&listener));
    assert_eq!(dialed.expect("a connection").1, None);
}

#[tokio::test]
async fn a_public_certificate_is_verified_for_the_host_of_the_origin() {
    let (root, issuer) = ca();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).expect("a root");
    let transport = WsTransport::new(false).with_public_roots(roots);
    let to = async |name: &str, origin_host: &str| {
        let identity = ServerIdentity::Origin(origin(true, origin_host, 443));
        let dialing = async |url| transport.dial(&Address { url, identity }).await;
        over_tls(server(&issuer, name, &[]), dialing).await
    };
    assert!(to("box.example", "box.example").await.is_ok());
    wrong_server(to("box.example", "other.example").await);
    let pairing = async |url: String| transport.dial_for_pairing(&url, None).await;
    let ((_, identity), _) = over_tls(server(&issuer, "127.0.0.1", &[]), pairing).await.expect("a public server");
    assert!(matches!(identity, Some(ServerIdentity::Origin(origin)) if origin.starts_with("https://127.0.0.1:")));
    // A pin is not satisfied by a public certificate.
    let dialing = async |url| transport.dial(&Address { url, identity: ServerIdentity::Ca([0; 32]) }).await;
    wrong_server(over_tls(server(&issuer, SERVER_NAME, &[]), dialing).await);
}

#[tokio::test]
async fn files_of_a_public_certificate_are_served_and_read_again() {
    let folder = tempfile::tempdir().expect("folder");
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    let write = |issuer: &Issuer<'static, KeyPair>| {
        let fresh = KeyPair::generate().expect("a key");
        let leaf = CertificateParams::new(["box.example".to_owned()]).expect("a name");
        let leaf = leaf.signed_by(&fresh, issuer).expect("a leaf");
        std::fs::write(&chain, leaf.pem()).expect("written");
        std::fs::write(&key, fresh.serialize_pem()).expect("written");
    };
    let ((_, first), (root, second)) = (ca(), ca());
    write(&first);
    let origin = origin(true, "box.example", 443);
    let tls = ServerTls::from_files(&chain, &key, &origin).expect("loaded");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).expect("a root");
    let transport = WsTransport::new(false).with_public_roots(roots);
    let to = async || {
        let dialing = async |url| transport.dial(&Address { url, identity: tls.identity().clone() }).await;
        over_tls(tls.server_config(), dialing).await
    };
    wrong_server(to().await);
    write(&second);
    tls.refresh().expect("read again");
    assert!(to().await.is_ok());
    // A key that is not the certificate's is refused, and what is served stays.
    std::fs::write(&key, KeyPair::generate().expect("a key").serialize_pem()).expect("written");
    assert!(tls.refresh().is_err() && to().await.is_ok());
}
