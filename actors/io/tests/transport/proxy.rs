//! Links through an HTTP proxy: one of our own that says what it was asked, and a real one.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use wayfare_io::transport::{Proxies, Proxy};

use super::*;

/// Set where a real proxy must be there: a test without one has not tested.
const REQUIRED: &str = "WAYFARE_REQUIRE_PROXY";

async fn dial_over(proxy: &str, url: String, identity: ServerIdentity) -> Result<Connection, DialError> {
    let proxies = Proxies::one(Proxy::parse(proxy).expect("a proxy"));
    WsTransport::new(false).with_proxies(proxies).dial(&Address { url, identity }).await
}

/// A proxy that answers one connection. With a 200 it connects where it was asked to. Gives the head that it was sent.
async fn proxy_once(listener: TcpListener, answer: &str) -> String {
    let (stream, _) = listener.accept().await.expect("a client");
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        stream.read_line(&mut head).await.expect("a line");
    }
    stream.write_all(format!("HTTP/1.1 {answer}\r\nVia: 1.1 test\r\n\r\n").as_bytes()).await.expect("written");
    if answer.starts_with("200") {
        let target = head.split(' ').nth(1).expect("a target").to_owned();
        let mut onward = TcpStream::connect(target).await.expect("the target");
        let _ = copy_bidirectional(&mut stream, &mut onward).await; // until an end is gone
    }
    head
}

#[tokio::test]
async fn a_link_goes_through_a_proxy_that_is_told_where_to_and_who_asks() {
    let folder = tempfile::tempdir().expect("folder");
    let tls = local(folder.path());
    let (listener, port) = listen().await;
    let proxying = tokio::spawn(proxy_once(listener, "200 Connection established"));
    let dialing = async |url: String| {
        let proxy = format!("http://ada:love%3Alace@127.0.0.1:{port}");
        dial_over(&proxy, url, tls.identity().clone()).await
    };
    let (dialed, accepted) = over_tls(tls.server_config(), dialing).await.expect("the pinned server");
    carries(accepted, dialed).await;
    let head = proxying.await.expect("a head");
    assert!(head.starts_with("CONNECT 127.0.0.1:") && head.contains("\r\nHost: 127.0.0.1:"), "{head}");
    assert!(head.contains("\r\nProxy-Authorization: Basic YWRhOmxvdmU6bGFjZQ==\r\n"), "{head}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_from_a_server_that_is_not_there() {
    for (answer, advice) in
        [("407 Proxy Authentication Required", "name and a password"), ("403 Filtered", "administrator")]
    {
        let (listener, port) = listen().await;
        let proxying = tokio::spawn(proxy_once(listener, answer));
        let url = "wss://mesh.example:7443/link".to_owned();
        let refused = dial_over(&format!("127.0.0.1:{port}"), url, ServerIdentity::Ca([0; 32])).await;
        let Err(DialError::Unreachable { why, .. }) = refused else { panic!("not refused") };
        assert!(why.contains(answer) && why.contains("mesh.example:7443") && why.contains(advice), "{why}");
        proxying.await.expect("it was asked");
    }
    let (listener, port) = listen().await;
    drop(listener);
    let url = "wss://mesh.example/link".to_owned();
    let Err(DialError::Unreachable { why, .. }) =
        dial_over(&format!("127.0.0.1:{port}"), url, ServerIdentity::Ca([0; 32])).await
    else {
        panic!("not refused")
    };
    assert!(why.contains("cannot be reached"), "{why}");
}

/// A real proxy, ended with this value.
struct TinyProxy {
    process: Child,
    port: u16,
}

impl TinyProxy {
    /// `None` where it is not installed, and need not be.
    async fn start(folder: &Path) -> Option<Self> {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&paths).map(|path| path.join("tinyproxy")).find(|path| path.is_file());
        let Some(program) = found.or_else(|| Some(PathBuf::from("/usr/bin/tinyproxy")).filter(|path| path.is_file()))
        else {
            assert!(std::env::var_os(REQUIRED).is_none(), "tinyproxy is not installed");
            eprintln!("skipped: tinyproxy is not installed (`./x test` installs it where it can)");
            return None;
        };
        let (listener, port) = listen().await;
        drop(listener);
        let configuration = folder.join("tinyproxy.conf");
        let text = format!("Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 600\nMaxClients 20\n");
        std::fs::write(&configuration, text).expect("a configuration");
        let mut command = Command::new(program);
        command.arg("-d").arg("-c").arg(&configuration).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("it starts");
        let this = Self { process, port };
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Some(this)
    }
}

impl Drop for TinyProxy {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it has ended
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_link_goes_through_a_real_proxy() {
    let folder = tempfile::tempdir().expect("folder");
    let Some(proxy) = TinyProxy::start(folder.path()).await else { return };
    let tls = local(&folder.path().join("tls"));
    let dialing = async |url| dial_over(&format!("http://127.0.0.1:{}", proxy.port), url, tls.identity().clone()).await;
    let (dialed, accepted) = over_tls(tls.server_config(), dialing).await.expect("the pinned server");
    carries(accepted, dialed).await;
}
