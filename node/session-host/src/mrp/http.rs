//! Requests to the server: one connection each.

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use wayfare_protocol::limits::MRP_ANSWER_MAX;

/// Where the server is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address {
    pub(super) port: u16,
}

impl Address {
    pub(super) async fn get(self, path: &str) -> anyhow::Result<Bytes> {
        let answer = self.request(Method::GET, path, Bytes::new()).await?;
        let status = answer.status();
        ensure!(status.is_success(), "{path}: {status}");
        whole(answer).await
    }

    pub(super) async fn post(self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.stream(path, body).await?;
        let bytes = whole(answer).await?;
        serde_json::from_slice(&bytes).with_context(|| format!("the answer to {path}"))
    }

    /// An answer that is read as it comes.
    pub(super) async fn stream(self, path: &str, body: &Value) -> anyhow::Result<Response<Incoming>> {
        let answer = self.request(Method::POST, path, Bytes::from(body.to_string())).await?;
        let status = answer.status();
        if !status.is_success() {
            let why = whole(answer).await.unwrap_or_default();
            bail!("{path}: {status}: {}", String::from_utf8_lossy(&why));
        }
        Ok(answer)
    }

    async fn request(self, method: Method, path: &str, body: Bytes) -> anyhow::Result<Response<Incoming>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            let _ = connection.await; // whoever reads the answer sees that it has ended
        });
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, format!("127.0.0.1:{}", self.port))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        Ok(sender.send_request(request).await?)
    }
}

async fn whole(answer: Response<Incoming>) -> anyhow::Result<Bytes> {
    match Limited::new(answer.into_body(), MRP_ANSWER_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) => bail!("the answer could not be read: {error}"),
    }
}
