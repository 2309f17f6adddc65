//! One run: the server's events as a kernel's.
//!
//! `start`, then outputs, then exactly one of `result` and `error`, then `done`. An event that is unknown means nothing. A stream that
//! ends before the run has is a loss, not a success.

use std::time::Duration;

use anyhow::Context as _;
use data_encoding::BASE64;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::codec::{FramedRead, LinesCodec};
use tokio_util::io::StreamReader;
use wayfare_core::kernel_host::{KernelEvent, KernelOutput, ReplyOutcome};
use wayfare_protocol::limits::MRP_EVENT_MAX;
use wayfare_protocol::mrp::{ExecuteError, ExecuteRequest, MimeBundle};

use super::exec_id;
use super::http::Address;
use super::stdout::Stdout;
use crate::decode::Rich;
use crate::log::Log;

/// A stream that ended too early says why by then: the server's process has ended, or it has not.
const LOSS_IS_SURE: Duration = Duration::from_secs(1);

pub(super) struct Run {
    address: Address,
    position: u64,
    say: mpsc::Sender<KernelEvent>,
    log: Log,
    stdout: Stdout,
}

/// A piece of text. `accumulated`, all of it so far, is passed over: it makes a stream quadratic.
#[derive(Deserialize)]
struct Text {
    #[serde(default)]
    content: String,
}

#[derive(Deserialize)]
struct Question {
    #[serde(default)]
    prompt: String,
    #[serde(default)]
    password: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asset {
    url: String,
    #[serde(default)]
    mime_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finished {
    success: bool,
    result: Option<String>,
    error: Option<ExecuteError>,
    #[serde(default)]
    display_data: Vec<Rich>,
    #[serde(default)]
    assets: Vec<Asset>,
    execution_count: Option<u32>,
}

/// A value in one media type.
fn single(mime: String, text: String) -> MimeBundle {
    MimeBundle { data: [(mime, text)].into(), metadata: "{}".to_owned() }
}

impl Run {
    pub(super) fn new(address: Address, position: u64, say: mpsc::Sender<KernelEvent>, log: Log) -> Self {
        Self { address, position, say, log, stdout: Stdout::default() }
    }

    pub(super) async fn execute(mut self, request: ExecuteRequest) {
        if let Err(error) = self.follow(&request).await {
            sleep(LOSS_IS_SURE).await;
            self.log.note(format_args!("run at position {}: {error:#}", self.position));
            let message = format!("the server of the run protocol said no more of it: {error:#}");
            self.fail(ExecuteError {
                kind: "Lost".to_owned(),
                message,
                traceback: Vec::new(),
                line: None,
                column: None,
            })
            .await;
        }
        self.send(KernelEvent::Idle { parent: Some(self.position) }).await;
    }

    /// Reads the stream to the run's end.
    async fn follow(&mut self, request: &ExecuteRequest) -> anyhow::Result<()> {
        let body = json!({
            "code": request.code,
            "storeHistory": request.store_history,
            "silent": request.silent,
            "execId": exec_id(self.position),
        });
        let answer = self.address.stream("/mrp/v1/execute/stream", &body).await?;
        let bytes = answer.into_body().into_data_stream().map_err(std::io::Error::other);
        let mut lines = FramedRead::new(StreamReader::new(bytes), LinesCodec::new_with_max_length(MRP_EVENT_MAX));
        let mut kind = String::new();
        while let Some(line) = lines.next().await {
            let line = line.context("its events could not be read")?;
            if let Some(named) = line.strip_prefix("event:") {
                named.trim().clone_into(&mut kind);
            } else if let Some(data) = line.strip_prefix("data:")
                && self.take(&kind, data.trim_start()).await?
            {
                return Ok(());
            }
        }
        anyhow::bail!("its stream ended before it did");
    }

    /// Takes an event; whether it is the run's end.
    async fn take(&mut self, kind: &str, data: &str) -> anyhow::Result<bool> {
        match kind {
            "stdout" => {
                if let Some(text) = self.stdout.take(&part::<Text>(kind, data)?.content) {
                    self.output(KernelOutput::Stdout(text)).await;
                }
            }
            "stderr" => self.output(KernelOutput::Stderr(part::<Text>(kind, data)?.content)).await,
            "stdin_request" => {
                let Question { prompt, password } = part(kind, data)?;
                self.send(KernelEvent::StdinRequest { parent: Some(self.position), prompt, password }).await;
            }
            "display" => {
                let bundle = part::<Rich>(kind, data)?.into();
                self.output(KernelOutput::Display { bundle, display_id: None }).await;
            }
            "asset" => self.show(part(kind, data)?).await,
            "result" => {
                self.finish(part(kind, data)?).await;
                return Ok(true);
            }
            "error" => {
                self.fail(part(kind, data)?).await;
                return Ok(true);
            }
            _ => {}
        }
        Ok(false)
    }

    async fn finish(&mut self, finished: Finished) {
        let Finished { success, result, error, mut display_data, assets, execution_count } = finished;
        if let Some(error) = error.filter(|_| !success) {
            return self.fail(error).await;
        }
        if let Some(rest) = self.stdout.end(result.as_deref()) {
            self.output(KernelOutput::Stdout(rest)).await;
        }
        // What the last expression is worth is shown among the rich values too, if it is one.
        let is_result = |shown: &Rich| shown.data.get("text/plain").and_then(Value::as_str) == result.as_deref();
        let rich = display_data.pop_if(|last| result.is_some() && is_result(last));
        for display in display_data {
            self.output(KernelOutput::Display { bundle: display.into(), display_id: None }).await;
        }
        for asset in assets {
            self.show(asset).await;
        }
        let plain = |text| single("text/plain".to_owned(), text);
        if let Some(bundle) = rich.map(MimeBundle::from).or(result.map(plain)) {
            self.output(KernelOutput::Result(bundle)).await;
        }
        self.reply(ReplyOutcome::Ok, execution_count).await;
    }

    async fn fail(&mut self, mut error: ExecuteError) {
        if let Some(rest) = self.stdout.end(None) {
            self.output(KernelOutput::Stdout(rest)).await;
        }
        if self.stdout.has_said(&error.kind) {
            error.traceback.clear(); // it was printed, with colours
        }
        self.output(KernelOutput::Error(error.clone())).await;
        self.reply(ReplyOutcome::Error(error), None).await;
    }

    /// A file that the code has left, as a rich output.
    async fn show(&self, asset: Asset) {
        let bundle = match self.fetch(&asset).await {
            Ok(data) => single(asset.mime_type, data),
            Err(error) => {
                return self.log.note(format_args!("{}: {error:#}", asset.url));
            }
        };
        self.output(KernelOutput::Display { bundle, display_id: None }).await;
    }

    async fn fetch(&self, asset: &Asset) -> anyhow::Result<String> {
        let path = asset.url.find("/mrp/v1/").map(|at| &asset.url[at..]).context("it is not the server's")?;
        let bytes = self.address.get(path).await?;
        let is_text = asset.mime_type.starts_with("text/") || asset.mime_type == "image/svg+xml";
        Ok(if is_text { String::from_utf8_lossy(&bytes).into_owned() } else { BASE64.encode(&bytes) })
    }

    async fn output(&self, output: KernelOutput) {
        self.send(KernelEvent::Output { parent: Some(self.position), output }).await;
    }

    async fn reply(&self, outcome: ReplyOutcome, execution_count: Option<u32>) {
        self.send(KernelEvent::Reply { position: self.position, outcome, execution_count }).await;
    }

    async fn send(&self, event: KernelEvent) {
        let _ = self.say.send(event).await; // the kernel has ended
    }
}

fn part<T: DeserializeOwned>(kind: &str, data: &str) -> anyhow::Result<T> {
    serde_json::from_str(data).with_context(|| format!("its event {kind}"))
}
