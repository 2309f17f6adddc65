//! `wayfare-cloud pair`: asks the running cloud for a new pairing string.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{Method, Request};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use wayfare_protocol::Limits;
use wayfare_protocol::pairing::PairingString;

use crate::files::Files;

/// Longest answer that is read, in bytes.
const ANSWER_MAX: usize = 4096;

/// A new pairing string of the cloud that runs on a data folder.
///
/// # Errors
/// If none runs there, or it refuses.
pub async fn ask(data_dir: &Path, limits: &Limits) -> Result<PairingString> {
    let (admin, token) = Files::of(data_dir).announced()?;
    let asking = async {
        let gone = || format!("no cloud answers at {admin}, where the last one on {} listened", data_dir.display());
        let stream = TcpStream::connect(admin).await.with_context(gone)?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(Method::POST)
            .uri("/pair")
            .header(HOST, admin.to_string())
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let answer = to_bytes(Body::new(response.into_body()), ANSWER_MAX).await?;
        connection.abort();
        let answer = String::from_utf8_lossy(&answer);
        if !status.is_success() {
            bail!("the cloud at {admin} refuses ({status}): {}", answer.trim());
        }
        answer.trim().parse().with_context(|| format!("the answer of {admin} is no pairing string"))
    };
    match tokio::time::timeout(limits.request, asking).await {
        Ok(answer) => answer,
        Err(_) => bail!("the cloud at {admin} did not answer within {:?}", limits.request),
    }
}
