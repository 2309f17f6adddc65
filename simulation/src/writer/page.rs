//! What a writer's device does with documents: each is asked for, changed as a copy, and brought back.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use wayfare_actors::document::{EditorFeed, EditorNews, Library, LibraryError};
use wayfare_actors::ports::Pending;
use wayfare_core::Fact;
use wayfare_core::document::{Ask, AssetFile, Edit, Told, frame};
use wayfare_core::fact::{AllRead, Awareness, EventDigest, Writing};
use wayfare_protocol::{AssetId, DocumentId, ProjectId};

use crate::evidence::Evidence;
use crate::marked;
use crate::ports::PROJECT;

/// The map in which nobody is to say where they are.
const PLACES: &str = "places";

/// See the module.
#[derive(Clone)]
pub(super) struct Page {
    pub library: Library,
    pub evidence: Arc<Evidence>,
    /// Who.
    pub name: String,
}

impl Page {
    fn fact(&self, fact: Writing) {
        self.evidence.fact(&self.name, &Fact::Writing(fact));
    }

    fn reads(&self, document: DocumentId, text: &str) {
        self.fact(Writing::Read { document, marks: marked::marks(text) });
    }

    /// The document at a path, which is made if there is none.
    async fn open(&self, path: &str) -> Result<DocumentId, LibraryError> {
        let project = self.library.make_project(PROJECT).await?;
        self.library.make_document(project, path).await
    }

    /// Waits until what the device is connected with keeps everything.
    async fn settled(&self, document: DocumentId) -> Result<bool, LibraryError> {
        Ok(matches!(self.library.ask(document, Ask::Settled).await?, Told::Settled))
    }

    /// Writes a mark at a line of the text, the how many-th. Says in which document, if it is kept.
    pub(super) async fn write(&self, path: &str, mark: u64, spot: u64) -> Result<Option<DocumentId>, LibraryError> {
        self.write_line(path, mark, spot, marked::line(mark)).await
    }

    async fn write_line(
        &self,
        path: &str,
        mark: u64,
        spot: u64,
        line: String,
    ) -> Result<Option<DocumentId>, LibraryError> {
        let document = self.open(path).await?;
        let mut copy = self.library.copy(document).await?;
        let text = copy.text();
        self.reads(document, &text);
        let at = marked::spot(&text, spot);
        let update = copy.edit(&[Edit::Splice { at, delete: 0, insert: line }])?;
        self.fact(Writing::Typed { document, mark });
        self.library.merge(document, update).await?;
        // The index and the tree lead to it.
        let project = self.library.make_project(PROJECT).await?;
        for needed in [DocumentId::INDEX, project.tree(), document] {
            if !self.settled(needed).await? {
                return Ok(None);
            }
        }
        self.fact(Writing::Saved { document, mark });
        Ok(Some(document))
    }

    /// Takes a mark out, if it is there.
    pub(super) async fn erase(&self, document: DocumentId, mark: u64) -> Result<(), LibraryError> {
        let mut copy = self.library.copy(document).await?;
        let text = copy.text();
        self.reads(document, &text);
        let Some(at) = text.find(&marked::line(mark)) else { return Ok(()) };
        self.fact(Writing::Erased { document, mark });
        let update = copy.edit(&[Edit::Splice { at, delete: marked::line(mark).len(), insert: String::new() }])?;
        self.library.merge(document, update).await?;
        self.settled(document).await.map(|_| ())
    }

    /// Brings a file that is no document, puts it into the project, and writes a mark with a link to it.
    pub(super) async fn attach(&self, path: &str, mark: u64, spot: u64) -> Result<Option<DocumentId>, LibraryError> {
        let bytes = Bytes::from(format!("what {mark} is about ").repeat(usize::try_from(mark % 200).unwrap_or(0) + 1));
        let (asset, size) = (AssetId::of(&bytes), bytes.len() as u64);
        self.library.assets().send(asset, size, &bytes).await?;
        let project = self.library.make_project(PROJECT).await?;
        let (at, file) =
            (format!("_assets/{asset}.bin"), AssetFile::new(asset, size, "application/octet-stream".to_owned()));
        self.library.put_asset(project, &at, &file).await?;
        self.write_line(path, mark, spot, format!("<{mark}> ![file]({at})\n")).await
    }

    /// Has a document open until then, and shows where they are: `keeps` as nobody must.
    pub(super) async fn show(
        &self,
        path: &str,
        mark: u64,
        until: Pending<()>,
        keeps: bool,
    ) -> Result<(), LibraryError> {
        let document = self.open(path).await?;
        let (editor, mut feed) = self.library.join(document, true).await?;
        self.evidence.fact(&self.name, &Fact::Awareness(Awareness::Shown { document, mark }));
        let shown = if keeps {
            let (map, key) = (PLACES.to_owned(), self.name.clone());
            let put = Edit::Put { map, key, value: marked::shown(mark) };
            frame::update(&self.library.copy(document).await?.edit(&[put])?)
        } else {
            frame::shown(mark, 1, &marked::shown(mark))
        };
        let room = editor.room().await;
        editor.received(vec![shown], room)?;
        let seeing = async {
            while let Some(EditorNews::Frame(bytes)) = feed.recv().await {
                editor.takes(bytes.len());
                let fact = Awareness::Seen { document, marks: marked::shown_in(&bytes) };
                self.evidence.fact(&self.name, &Fact::Awareness(fact));
            }
        };
        tokio::select! {
            biased;
            () = until => {}
            () = seeing => {}
        }
        Ok(())
    }

    /// Who is there still, by what one who has just opened a document is told of it.
    fn left(&self, document: DocumentId, mut feed: EditorFeed) {
        let mut marks = Vec::new();
        while let Ok(EditorNews::Frame(bytes)) = feed.try_recv() {
            marks.extend(marked::shown_in(&bytes));
        }
        self.evidence.fact(&self.name, &Fact::Awareness(Awareness::Left { document, marks }));
    }

    /// Fetches every version of a document.
    async fn fetches_versions(&self, document: DocumentId) -> Result<bool, LibraryError> {
        let Some(list) = document.versions() else { return Ok(true) };
        let is_in_step = self.settled(list).await?;
        for version in self.library.versions(document).await? {
            let is_there = self.library.version_text(&version).await.is_ok();
            self.fact(Writing::Wanted { asset: version.asset, is_there });
        }
        Ok(is_in_step)
    }

    async fn read(&self, document: DocumentId) -> Result<EventDigest, LibraryError> {
        let text = self.library.text(document).await?;
        self.reads(document, &text);
        Ok(EventDigest::of_bytes(text.as_bytes()))
    }

    /// Fetches the files of a project that are no documents.
    async fn fetches_files(&self, project: ProjectId) -> Result<BTreeMap<String, EventDigest>, LibraryError> {
        let mut files = BTreeMap::new();
        for (path, file) in self.library.tree(project).await?.assets {
            let size = usize::try_from(file.size).unwrap_or(usize::MAX);
            let bytes = self.library.assets().read(file.asset, 0, size).await.ok();
            let bytes = bytes.filter(|bytes| AssetId::of(bytes) == file.asset);
            self.fact(Writing::Wanted { asset: file.asset, is_there: bytes.is_some() });
            files.insert(path, EventDigest::of_bytes(&bytes.unwrap_or_default()));
        }
        Ok(files)
    }

    /// Reads every document of every project, and fetches its versions, and all other files. `false`: not everything is in step with the
    /// other end.
    pub(super) async fn read_all(&self) -> Result<bool, LibraryError> {
        let mut all = AllRead::default();
        let mut is_in_step = self.settled(DocumentId::INDEX).await?;
        for (project, _) in self.library.projects().await? {
            is_in_step &= self.settled(project.tree()).await?;
            let mut documents = BTreeMap::new();
            for (document, path) in self.library.files(project).await? {
                let (editor, feed) = self.library.join(document, false).await?;
                is_in_step &= self.settled(document).await?;
                documents.insert(document, (path, self.read(document).await?));
                is_in_step &= self.fetches_versions(document).await?;
                self.left(document, feed);
                drop(editor);
            }
            for (document, _) in self.library.trash(project).await? {
                is_in_step &= self.settled(document).await?;
                all.trash.insert(document, self.read(document).await?);
            }
            all.files.insert(project, self.fetches_files(project).await?);
            all.documents.insert(project, documents);
        }
        if is_in_step {
            self.fact(Writing::AllRead(all));
        }
        Ok(is_in_step)
    }
}
