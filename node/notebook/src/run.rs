//! From the events of a run to the outputs of a document.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde_json::Value;
use wayfare_protocol::limits::OUTPUT_ITEMS_MAX;
use wayfare_protocol::mrp::{ExecuteError, MimeBundle, RunEvent};

use crate::content::Content;
use crate::key::{OutputKey, RunKey};
use crate::layout::{AssetBytes, Layout};
use crate::mime::{MimeClass, is_word};
use crate::note::Fields;
use crate::output::{Output, OutputForm, StreamName, ValueKind};
use crate::screen::shown;

/// Gathers what a run said, event by event.
#[derive(Clone, Debug)]
pub struct RunOutputs {
    key: RunKey,
    layout: Layout,
    items: Vec<Item>,
    clear_at_next: bool,
}

#[derive(Clone, Debug)]
enum Item {
    Stream { name: StreamName, text: String },
    Value { kind: ValueKind, bundle: MimeBundle, display_id: Option<String> },
    Error(ExecuteError),
}

impl RunOutputs {
    /// Nothing said yet.
    #[must_use]
    pub fn new(key: RunKey, layout: Layout) -> Self {
        Self { key, layout, items: Vec::new(), clear_at_next: false }
    }

    /// The next event. Questions and their answers are no output; a file ([`RunEvent::Asset`]) is fetched by whoever knows
    /// where, and leaves no trace here.
    pub fn event(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Stdout { content } => self.stream(StreamName::Stdout, content),
            RunEvent::Stderr { content } => self.stream(StreamName::Stderr, content),
            RunEvent::Display { bundle, display_id } => {
                self.item(Item::Value {
                    kind: ValueKind::Display,
                    bundle: bundle.clone(),
                    display_id: display_id.clone(),
                });
            }
            RunEvent::DisplayUpdate { bundle: new, display_id: of } => {
                for item in &mut self.items {
                    match item {
                        Item::Value { bundle, display_id: Some(id), .. } if id == of => *bundle = new.clone(),
                        Item::Value { .. } | Item::Stream { .. } | Item::Error(_) => {}
                    }
                }
            }
            RunEvent::ClearOutput { wait: true } => self.clear_at_next = true,
            RunEvent::ClearOutput { wait: false } => self.items.clear(),
            RunEvent::Omitted { bytes, .. } => {
                self.stream(StreamName::Stderr, &format!("[{bytes} bytes of output were not kept]\n"));
            }
            RunEvent::Result(result) => {
                if let Some(bundle) = &result.result {
                    self.item(Item::Value { kind: ValueKind::Result, bundle: bundle.clone(), display_id: None });
                }
            }
            RunEvent::Error { error, .. } => self.item(Item::Error(error.clone())),
            RunEvent::Start { .. } | RunEvent::StdinRequest { .. } | RunEvent::StdinAnswered | RunEvent::Asset(_) => {}
        }
    }

    fn item(&mut self, item: Item) {
        if std::mem::take(&mut self.clear_at_next) {
            self.items.clear();
        }
        self.items.push(item);
    }

    fn stream(&mut self, name: StreamName, content: &str) {
        if content.is_empty() {
            return;
        }
        match self.items.last_mut() {
            Some(Item::Stream { name: last, text }) if *last == name && !self.clear_at_next => text.push_str(content),
            _ => self.item(Item::Stream { name, text: content.to_owned() }),
        }
    }

    /// Of very many outputs the first, and the last: what a run came to, or its error.
    fn shorten(&mut self) {
        let over = self.items.len().saturating_sub(OUTPUT_ITEMS_MAX);
        if over > 0 {
            let more = over + 1; // and one more for what says so
            let text = format!("[{more} more outputs are not in the document]\n");
            let last = self.items.len() - 1;
            self.items.splice(last - more..last, [Item::Stream { name: StreamName::Stderr, text }]);
        }
    }

    /// The outputs, and the files that they link to, each once.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Output>, Vec<AssetBytes>) {
        self.shorten();
        let mut outputs = Vec::new();
        let mut files = BTreeMap::new();
        let key = OutputKey::Run(self.key);
        let (mut layout, mut inline) = (self.layout, 0);
        for item in self.items {
            let mut place = |mime: &str, bytes: Vec<u8>| {
                let left = layout.inline_max.saturating_sub(inline);
                (layout.plain_max, layout.markup_max) = (layout.plain_max.min(left), layout.markup_max.min(left));
                let (content, file) = layout.place(mime, bytes);
                if let Content::Text(text) = &content {
                    inline += text.len();
                }
                files.extend(file.map(|file| (file.path.clone(), file)));
                content
            };
            match item {
                Item::Stream { name, text } => {
                    let text = place("text/plain", shown(&text).into_owned().into_bytes());
                    if text != Content::Text(String::new()) {
                        outputs.push(Output::new(key.clone(), OutputForm::Stream { name, text }));
                    }
                }
                Item::Value { kind, bundle, .. } => {
                    let data = values(bundle.data, &mut place);
                    if !data.is_empty() {
                        let fields = metadata(&bundle.metadata);
                        outputs.push(Output { key: key.clone(), form: OutputForm::Value { kind, data }, fields });
                    }
                }
                Item::Error(error) => errors(&key, error, &mut place, &mut outputs),
            }
        }
        (outputs, files.into_values().collect())
    }
}

fn values(
    data: BTreeMap<String, String>,
    place: &mut impl FnMut(&str, Vec<u8>) -> Content,
) -> BTreeMap<String, Content> {
    let mut values = BTreeMap::new();
    for (mime, text) in data {
        let mime = mime.split(';').next().unwrap_or_default().trim().to_owned();
        if !is_word(&mime) {
            continue; // no media type
        }
        let bytes = match MimeClass::of(&mime) {
            MimeClass::Plain => shown(&text).into_owned().into_bytes(),
            MimeClass::Markup | MimeClass::Drawing => text.into_bytes(),
            MimeClass::Json => match serde_json::from_str::<Value>(&text) {
                Ok(value) => format!("{value:#}").into_bytes(),
                Err(_) => text.into_bytes(),
            },
            MimeClass::Binary => match BASE64.decode(&without_space(&text)) {
                Ok(bytes) => bytes,
                Err(_) => continue, // nobody could show it
            },
        };
        let content = place(&mime, bytes);
        values.insert(mime, content);
    }
    values
}

/// The bytes of a text but for white space: base64 may be broken into lines.
pub(crate) fn without_space(text: &str) -> Vec<u8> {
    text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

fn metadata(json: &str) -> Fields {
    let metadata = serde_json::from_str::<Fields>(json).unwrap_or_default();
    let mut fields = Fields::new();
    if !metadata.is_empty() {
        fields.insert("metadata".to_owned(), Value::Object(metadata));
    }
    fields
}

/// An error; the traceback goes before it where it is too long for the document.
fn errors(
    key: &OutputKey,
    error: ExecuteError,
    place: &mut impl FnMut(&str, Vec<u8>) -> Content,
    outputs: &mut Vec<Output>,
) {
    let pieces: Vec<_> = error.traceback.iter().map(|piece| shown(piece).into_owned()).collect();
    let whole = place("text/plain", (pieces.join("\n") + "\n").into_bytes());
    let traceback = match whole {
        Content::Text(_) => pieces,
        Content::Link(_) => {
            let stream = OutputForm::Stream { name: StreamName::Stderr, text: whole };
            outputs.push(Output::new(key.clone(), stream));
            Vec::new()
        }
    };
    let message = shown(&error.message).into_owned();
    outputs.push(Output::new(key.clone(), OutputForm::Error { name: error.kind, message, traceback }));
}
