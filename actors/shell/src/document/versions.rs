//! Versions of documents: listed, read, taken and brought back.

use std::borrow::Cow;

use bytes::Bytes;
use wayfare_core::document::{Ask, Edit, Lines, Told, VERSIONS, Version, edits_between, kept_versions, lines_between};
use wayfare_protocol::{AssetId, DocumentId, ErrorCode, Refusal, Wall};

use super::beginning::not_here;
use super::library::{Library, LibraryError, unexpected};

impl Library {
    /// The versions of a document, the oldest first. None of a document that has no versions.
    ///
    /// # Errors
    /// See [`Library::ask`].
    pub async fn versions(&self, document: DocumentId) -> Result<Vec<Version>, LibraryError> {
        let Some(list) = document.versions() else { return Ok(Vec::new()) };
        match self.ask(list, Ask::Entries { map: VERSIONS.to_owned() }).await? {
            Told::Entries(entries) => Ok(Version::all(&entries)),
            other => Err(unexpected(other)),
        }
    }

    /// The text of a version. It is fetched if it is not here.
    ///
    /// # Errors
    /// If nobody within reach has it.
    pub async fn version_text(&self, version: &Version) -> Result<String, LibraryError> {
        let length = usize::try_from(version.size).unwrap_or(usize::MAX);
        let bytes = self.assets().read(version.asset, 0, length).await?;
        let malformed = |error: std::string::FromUtf8Error| Refusal::new(ErrorCode::Malformed, error.to_string());
        Ok(String::from_utf8(bytes.into()).map_err(malformed)?)
    }

    /// Makes a document's text that of a version, as an edit: what others change meanwhile stays. Its present text becomes a version
    /// before, by way of the place that this one is linked to. Returns how many pieces were changed.
    ///
    /// # Errors
    /// If the version's text or the document is not within reach, or its present text cannot be brought: then nothing is changed. See
    /// also [`Library::ask`].
    pub async fn restore_version(&self, document: DocumentId, version: &Version) -> Result<usize, LibraryError> {
        let text = self.version_text(version).await?;
        let mut copy = self.copy(document).await?;
        if copy.is_empty() {
            return Err(not_here(document));
        }
        let present = copy.text();
        let edits = edits_between(&present, &text);
        if edits.is_empty() {
            return Ok(0);
        }
        let known = self.versions(document).await?;
        let now = self.version(known.last(), &present);
        if known.last().is_none_or(|newest| newest.asset != now.asset) {
            self.assets().send(now.asset, now.size, &Bytes::from(present)).await?;
            self.list(document, vec![now.put()]).await?;
        }
        let update = copy.edit(&edits)?;
        self.merge(document, update).await?;
        Ok(edits.len())
    }

    /// Sees to it that the newest version of a document has this text, and that it has no more versions than are kept.
    pub(super) async fn take_version(&self, document: DocumentId, text: &str) -> Result<(), LibraryError> {
        let mut versions = self.versions(document).await?;
        let newest = versions.last();
        let taken = self.version(newest, text);
        if newest.map_or(text.is_empty(), |newest| newest.asset == taken.asset) {
            return Ok(());
        }
        let asset = self.assets().put(Bytes::copy_from_slice(text.as_bytes())).await?;
        versions.push(taken);
        let now = self.now();
        let kept = kept_versions(&versions, now, self.limits());
        let mut edits: Vec<Edit> =
            versions.iter().filter(|version| !kept.contains(version)).map(Version::removal).collect();
        for (at, version) in kept.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| &kept[before]);
            let was_before = versions.iter().rposition(|known| known.key() < version.key()).map(|at| &versions[at]);
            if version.lines.is_some() && before == was_before {
                continue;
            }
            let lines = self.lines(before, version, (asset, text)).await;
            if lines != version.lines || at + 1 == kept.len() {
                edits.push(Version { lines, ..version.clone() }.put());
            }
        }
        self.list(document, edits).await
    }

    /// What changed between two versions, one of which may be the one that is being taken; `None` if that cannot be said now.
    async fn lines(&self, before: Option<&Version>, version: &Version, taken: (AssetId, &str)) -> Option<Lines> {
        let old = match before {
            Some(before) => self.text_at_hand(before, taken).await?,
            None => Cow::default(),
        };
        Some(lines_between(&old, &self.text_at_hand(version, taken).await?))
    }

    async fn text_at_hand<'a>(&self, version: &Version, (asset, text): (AssetId, &'a str)) -> Option<Cow<'a, str>> {
        if version.asset == asset {
            return Some(text.into());
        }
        Some(self.version_text(version).await.ok()?.into())
    }

    async fn list(&self, document: DocumentId, edits: Vec<Edit>) -> Result<(), LibraryError> {
        let none = || Refusal::new(ErrorCode::Malformed, format!("{document} is no document that has versions"));
        self.edit(document.versions().ok_or_else(none)?, edits).await
    }

    /// One of that text, made now: after the newest that there is, whatever the clock says.
    fn version(&self, newest: Option<&Version>, text: &str) -> Version {
        let at = newest.map_or(self.now(), |newest| self.now().max(Wall(newest.at.0 + 1)));
        Version { at, asset: AssetId::of(text.as_bytes()), size: text.len() as u64, lines: None }
    }
}
