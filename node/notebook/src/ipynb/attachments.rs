//! Files within a text cell (`attachments`, `attachment:` links): in a document they are files beside it, and plain links.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::value::text;
use crate::layout::{AssetBytes, Layout};
use crate::note::Fields;
use crate::run::without_space;

/// Field of a note: name of an attachment, to media type, to path from the document.
const FILES: &str = "files";
const ATTACHMENTS: &str = "attachments";

/// The source with plain links in place of attachments, and the files. `None` if a cell has none, or they would not come back as
/// they are; then they stay in its fields.
pub(super) fn take(source: &str, fields: &mut Fields, layout: &Layout) -> Option<(String, Vec<AssetBytes>)> {
    if fields.contains_key(FILES) {
        return None;
    }
    let attachments = fields.get(ATTACHMENTS)?.as_object().filter(|all| !all.is_empty())?;
    let mut links = Fields::new();
    let mut files = Vec::new();
    let mut linked = source.to_owned();
    for (name, bundle) in attachments {
        let mut paths = Fields::new();
        for (mime, value) in bundle.as_object().filter(|bundle| !bundle.is_empty())? {
            let written = without_space(&text(value)?);
            let bytes = BASE64.decode(&written).ok()?;
            let file = layout.file(mime, bytes);
            if paths.is_empty() {
                linked = linked.replace(&attachment_link(name), &file_link(&file.path));
            }
            paths.insert(mime.clone(), json!(file.path));
            files.push(file);
        }
        links.insert(name.clone(), Value::Object(paths));
    }
    if attached(&linked, &links) != source {
        return None;
    }
    fields.remove(ATTACHMENTS);
    fields.insert(FILES.to_owned(), Value::Object(links));
    Some((linked, files))
}

/// The source with links to attachments, and the attachments, of a text cell whose note names files.
pub(super) fn give_back(
    source: String,
    fields: &mut Fields,
    asset: &mut impl FnMut(&str) -> Option<Vec<u8>>,
) -> String {
    let Some(Value::Object(links)) = fields.remove(FILES) else { return source };
    let mut attachments = Fields::new();
    for (name, paths) in &links {
        let mut bundle = Fields::new();
        for (mime, path) in paths.as_object().into_iter().flatten() {
            let bytes = path.as_str().and_then(&mut *asset);
            bundle.extend(bytes.map(|bytes| (mime.clone(), json!(BASE64.encode(&bytes)))));
        }
        attachments.insert(name.clone(), Value::Object(bundle));
    }
    fields.insert(ATTACHMENTS.to_owned(), Value::Object(attachments));
    attached(&source, &links)
}

fn attached(source: &str, links: &Fields) -> String {
    let mut source = source.to_owned();
    for (name, paths) in links {
        let first = paths.as_object().and_then(|paths| paths.values().next()).and_then(Value::as_str);
        if let Some(path) = first {
            source = source.replace(&file_link(path), &attachment_link(name));
        }
    }
    source
}

fn attachment_link(name: &str) -> String {
    format!("](attachment:{name})")
}

fn file_link(path: &str) -> String {
    format!("]({})", path.replace(' ', "%20"))
}
