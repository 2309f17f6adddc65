//! `wayfare docs history`, and `cat` and `restore` of a version.

use std::io::{self, Write as _};
use std::time::{Duration, SystemTime};

use serde_json::json;
use wayfare_core::document::Version;
use wayfare_protocol::{DocumentId, Wall};

use super::docs::Shelf;
use super::docs_arguments::DocumentName;
use super::exit::{Exit, Failure};
use crate::render::Form;

/// Digits of a version's name that a person has to say at least.
const DIGITS_MIN: usize = 4;

impl Shelf<'_> {
    /// The versions of a document, the newest first.
    pub(super) async fn history(&self, name: &DocumentName) -> Result<Exit, Failure> {
        let (_, document) = self.find(name).await?;
        let mut versions = self.versions(document).await?;
        versions.reverse();
        if self.app.form == Form::Json {
            versions.iter().try_for_each(|version| self.app.screen.json(&row(version)))?;
            return Ok(Exit::Good);
        }
        let head = ["VERSION", "TAKEN", "BYTES", "LINES"].map(str::to_owned).to_vec();
        let cells = versions.iter().map(|version| {
            let lines = version.lines.map_or_else(|| "-".to_owned(), |lines| lines.to_string());
            vec![version.short(), time(version.at), version.size.to_string(), lines]
        });
        self.app.screen.table(&std::iter::once(head).chain(cells).collect::<Vec<_>>())?;
        Ok(Exit::Good)
    }

    /// The text of a version.
    pub(super) async fn cat_version(&self, name: &DocumentName, version: &str) -> Result<Exit, Failure> {
        let (_, document) = self.find(name).await?;
        let version = self.version(document, name, version).await?;
        let text = self.library.version_text(&version).await?;
        match self.app.form {
            Form::Json => self
                .app
                .screen
                .json(&json!({ "id": document, "path": name.path, "version": version.short(), "text": text }))?,
            Form::Text => io::stdout().lock().write_all(text.as_bytes())?,
        }
        Ok(Exit::Good)
    }

    /// Makes a document what it was.
    pub(super) async fn restore_version(&self, name: &DocumentName, version: &str) -> Result<Exit, Failure> {
        let (_, document) = self.find(name).await?;
        let version = self.version(document, name, version).await?;
        self.settled(document).await?;
        let edits = self.library.restore_version(document, &version).await?;
        self.settled(document).await?;
        if let Some(list) = document.versions() {
            self.settled(list).await?;
        }
        match self.app.form {
            Form::Json => self.app.screen.json(&json!({ "id": document, "edits": edits }))?,
            Form::Text => self.app.screen.note(&format!("{} changed in {edits} places", name.path)),
        }
        Ok(Exit::Good)
    }

    async fn versions(&self, document: DocumentId) -> Result<Vec<Version>, Failure> {
        if let Some(list) = document.versions() {
            self.settled(list).await?;
        }
        Ok(self.library.versions(document).await?)
    }

    async fn version(&self, document: DocumentId, name: &DocumentName, said: &str) -> Result<Version, Failure> {
        if said.len() < DIGITS_MIN {
            return Err(Failure::Usage(format!("say at least {DIGITS_MIN} digits of the version")));
        }
        let versions = self.versions(document).await?;
        let mut found: Vec<Version> =
            versions.into_iter().filter(|version| version.asset.to_string().starts_with(said)).collect();
        found.sort_by_key(|version| version.asset);
        found.dedup_by_key(|version| version.asset);
        match found.as_slice() {
            [] => Err(Failure::NotFound(format!("{} has no version {said:?}: see `wayfare docs history`", name.path))),
            [version] => Ok(version.clone()),
            _ => Err(Failure::Usage(format!("several versions of {} begin with {said}: say more of it", name.path))),
        }
    }
}

fn row(version: &Version) -> serde_json::Value {
    json!({
        "version": version.short(),
        "at": version.at,
        "id": version.asset,
        "size": version.size,
        "added": version.lines.map(|lines| lines.added),
        "removed": version.lines.map(|lines| lines.removed),
    })
}

/// A time for people: UTC, to the second.
pub(super) fn time(at: Wall) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(at.0);
    humantime::format_rfc3339_seconds(at).to_string()
}
