//! A browser without its windows: the app's client of the mesh, in a process of Node.js.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::installed::editors;
use super::{World, sober};
use crate::patience::within;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/http/browser.ts");

/// The process, which ends with this.
pub struct Browser {
    _process: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    asked: u64,
    /// Answers that came while another was waited for.
    early: Vec<Value>,
}

impl World {
    /// Starts a browser that trusts the cloud's certificate, if there is a cloud.
    ///
    /// # Errors
    /// If the client cannot be built, or Node.js is not there.
    pub async fn browser(&mut self) -> Result<Browser> {
        let built = built(self.folder()).await?;
        let mut command = sober(Path::new("node"), self.folder());
        command.args(["--no-warnings", "--experimental-websocket"]).arg(&built);
        if let Some(cloud) = &self.cloud {
            command.env("NODE_EXTRA_CA_CERTS", cloud.data().join("tls/ca.pem"));
        }
        let mut command = Command::from(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().context("node")?;
        let to = process.stdin.take().context("its input")?;
        let from = BufReader::new(process.stdout.take().context("its output")?).lines();
        Ok(Browser { _process: process, to, from, asked: 0, early: Vec::new() })
    }
}

/// The client as one file that Node.js runs.
async fn built(folder: &Path) -> Result<PathBuf> {
    let (modules, built) = (editors()?, folder.join("browser.mjs"));
    if built.exists() {
        return Ok(built);
    }
    let mut command = sober(&modules.join(".bin/esbuild"), folder);
    command.arg(PROGRAM).args([
        "--bundle",
        "--platform=node",
        "--target=node20",
        "--format=esm",
        "--log-level=warning",
    ]);
    command.arg(format!("--outfile={}", built.display())).env("NODE_PATH", &modules);
    let output = within("the client is built", Command::from(command).output()).await?.context("esbuild")?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(built)
}

impl Browser {
    /// Lets it do something, and waits for what comes of it.
    ///
    /// # Errors
    /// If that is refused, or does not come.
    pub async fn does(&mut self, command: &str, words: Value) -> Result<Value> {
        let number = self.begins(command, words).await?;
        self.answer(number).await
    }

    /// Lets it do something, which must be refused. Gives the code and the detail.
    ///
    /// # Errors
    /// If it is done.
    pub async fn is_refused(&mut self, command: &str, words: Value) -> Result<(String, String)> {
        let number = self.begins(command, words).await?;
        let said = self.said(number).await?;
        let refused = said.get("refused").with_context(|| format!("{command}: {said}"))?;
        let text = |key: &str| refused[key].as_str().unwrap_or_default().to_owned();
        Ok((text("code"), text("detail")))
    }

    /// Lets it begin something.
    ///
    /// # Errors
    /// If it is gone.
    pub async fn begins(&mut self, command: &str, words: Value) -> Result<u64> {
        self.asked += 1;
        let mut line = vec![json!(self.asked), json!(command)];
        line.extend(words.as_array().cloned().context("words are a list")?);
        self.to.write_all(format!("{}\n", json!(line)).as_bytes()).await?;
        Ok(self.asked)
    }

    /// What came of something that was begun.
    ///
    /// # Errors
    /// If it was refused, or nothing comes.
    pub async fn answer(&mut self, number: u64) -> Result<Value> {
        let said = self.said(number).await?;
        match said.get("answer") {
            Some(answer) => Ok(answer.clone()),
            None => bail!("the browser's client: {said}"),
        }
    }

    async fn said(&mut self, number: u64) -> Result<Value> {
        if let Some(at) = self.early.iter().position(|said| said["number"] == number) {
            return Ok(self.early.remove(at));
        }
        loop {
            let line = within("an answer of the browser", self.from.next_line()).await??;
            let said: Value = serde_json::from_str(&line.context("the browser has ended")?)?;
            if said["number"] == number {
                return Ok(said);
            }
            self.early.push(said);
        }
    }
}
