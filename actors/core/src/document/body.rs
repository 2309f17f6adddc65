//! What a document is: a history of Yjs, and what is asked of it. Nothing else in this room knows yrs.

use std::collections::BTreeMap;
use std::sync::Arc;

use wayfare_protocol::document::CharacterId;
use yrs::updates::decoder::Decode as _;
use yrs::updates::encoder::Encode as _;
use yrs::{
    Any, Assoc, ClientID, Doc, GetString as _, ID, IndexedSequence as _, Map as _, OffsetKind, Options, Out,
    ReadTxn as _, Snapshot, StateVector, StickyIndex, Text as _, Transact as _, Update, WriteTxn as _,
};

use super::edit::{Edit, EditError, Field};

/// The text of a document, in its history.
pub const CONTENT: &str = "content";

/// Numbers of replicas are below it.
pub const REPLICAS: u64 = 1 << 53;

/// Bytes that are no update or no state vector, or an update that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an update of a document: {0}")]
pub struct BodyError(String);

/// Where a character is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At that byte of the text.
    At(usize),
    /// It was deleted.
    Deleted,
    /// What wrote it has not come here.
    Unknown,
}

/// What is compared before a log is dropped in favour of what it was merged into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likeness {
    snapshot: Snapshot,
    has_pending: bool,
    text: String,
}

/// The history.
pub struct Body(Doc);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Body").field(&self.0.client_id()).finish()
    }
}

impl Body {
    /// An empty history, to which changes made here are added under that number. No two lives of a replica may use the same.
    #[must_use]
    pub fn new(client: u32) -> Self {
        let options = Options {
            client_id: ClientID::new(u64::from(client)),
            guid: "".into(), // of subdocuments; drawn at random unless it is given
            collection_id: None,
            offset_kind: OffsetKind::Bytes,
            skip_gc: false,
            auto_load: false,
            should_load: true,
            cleanup_formatting: false, // a replica that relays changes nothing by itself
        };
        let doc = Doc::with_options(options);
        doc.get_or_insert_text(CONTENT);
        Self(doc)
    }

    /// Adds an update of another replica. Says whether anything of it was new, even if only kept until what it needs is here.
    ///
    /// # Errors
    /// If it is none.
    pub fn apply(&mut self, update: &[u8]) -> Result<bool, BodyError> {
        let update = Update::decode_v1(update).map_err(|error| BodyError(error.to_string()))?;
        let mut transaction = self.0.transact_mut();
        transaction.apply_update(update).map_err(|error| BodyError(error.to_string()))?;
        Ok(transaction.has_changes() || transaction.has_missing_updates())
    }

    /// Whether an update says anything that is not known. What cannot be read would.
    #[must_use]
    pub fn would_change(&self, update: &[u8]) -> bool {
        let Ok(update) = Update::decode_v1(update) else { return true };
        let transaction = self.0.transact();
        let known = transaction.state_vector();
        let inserted = update.insertions(true);
        let mut pieces =
            inserted.iter().flat_map(|(client, ranges)| ranges.iter().map(move |range| (client, range.end)));
        if pieces.any(|(client, end)| end > known.get(client)) {
            return true;
        }
        !update.delete_set().is_empty() && !update.delete_set().diff(&transaction.snapshot().delete_set).is_empty()
    }

    /// Changes it here, all or nothing. Returns the update for other replicas.
    ///
    /// # Errors
    /// If an edit does not fit.
    pub fn edit(&mut self, edits: &[Edit]) -> Result<Vec<u8>, EditError> {
        self.fits(edits)?;
        let mut transaction = self.0.transact_mut();
        for edit in edits {
            match edit {
                Edit::Splice { at, delete, insert } => {
                    let text = transaction.get_or_insert_text(CONTENT);
                    if *delete > 0 {
                        text.remove_range(&mut transaction, index(*at), index(*delete));
                    }
                    if !insert.is_empty() {
                        text.insert(&mut transaction, index(*at), insert);
                    }
                }
                Edit::Put { map, key, value } => {
                    let map = transaction.get_or_insert_map(map.as_str());
                    map.insert(&mut transaction, key.as_str(), value.as_str());
                }
                Edit::PutObject { map, key, fields } => {
                    let map = transaction.get_or_insert_map(map.as_str());
                    map.insert(&mut transaction, key.as_str(), object(fields));
                }
                Edit::Remove { map, key } => {
                    let map = transaction.get_or_insert_map(map.as_str());
                    map.remove(&mut transaction, key);
                }
            }
        }
        transaction.commit();
        Ok(transaction.encode_update_v1())
    }

    /// yrs would panic on a splice that does not fit.
    fn fits(&self, edits: &[Edit]) -> Result<(), EditError> {
        if !edits.iter().any(|edit| matches!(edit, Edit::Splice { .. })) {
            return Ok(());
        }
        let mut text = self.text();
        for edit in edits {
            if let Edit::Splice { at, delete, insert } = edit {
                let (at, end) = (*at, at.saturating_add(*delete));
                if !text.is_char_boundary(at) || !text.is_char_boundary(end) {
                    return Err(EditError::OutOfText { at, end, length: text.len() });
                }
                text.replace_range(at..end, insert);
            }
        }
        Ok(())
    }

    /// Whether nothing was ever written to it, as far as is known here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.transact().state_vector().is_empty()
    }

    /// What it has, encoded as another replica wants to be told.
    #[must_use]
    pub fn vector(&self) -> Vec<u8> {
        self.0.transact().state_vector().encode_v1()
    }

    /// The update with everything that a replica lacks that has what the vector says, and what waits for missing parts.
    ///
    /// # Errors
    /// If it is no vector.
    pub fn missing(&self, vector: &[u8]) -> Result<Vec<u8>, BodyError> {
        let vector = StateVector::decode_v1(vector).map_err(|error| BodyError(error.to_string()))?;
        Ok(self.0.transact().encode_state_as_update_v1(&vector))
    }

    /// The whole history as one update.
    #[must_use]
    pub fn history(&self) -> Vec<u8> {
        self.0.transact().encode_state_as_update_v1(&StateVector::default())
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let transaction = self.0.transact();
        transaction.get_text(CONTENT).map(|text| text.get_string(&transaction)).unwrap_or_default()
    }

    /// Whether there is any text.
    #[must_use]
    pub(super) fn has_text(&self) -> bool {
        let transaction = self.0.transact();
        transaction.get_text(CONTENT).is_some_and(|text| text.len(&transaction) > 0)
    }

    /// The character that begins at a byte of the text; `None` if there is none.
    #[must_use]
    pub fn character_at(&self, byte: usize) -> Option<CharacterId> {
        let transaction = self.0.transact();
        let text = transaction.get_text(CONTENT)?;
        let before = text.sticky_index(&transaction, index(byte), Assoc::After)?;
        let ID { client, clock } = *before.id()?;
        Some(CharacterId { client: client.get(), clock })
    }

    /// Where a character is now.
    #[must_use]
    pub fn place_of(&self, character: CharacterId) -> Place {
        if character.client >= REPLICAS {
            return Place::Unknown; // no replica has such a number
        }
        let transaction = self.0.transact();
        let client = ClientID::new(character.client);
        if transaction.state_vector().get(&client) <= character.clock {
            return Place::Unknown;
        }
        let beside = |assoc| {
            let place = StickyIndex::from_id(ID::new(client, character.clock), assoc).get_offset(&transaction)?;
            usize::try_from(place.index).ok()
        };
        match (beside(Assoc::After), beside(Assoc::Before)) {
            // Of one that was deleted both sides are one place.
            (Some(begin), Some(end)) if begin < end => Place::At(begin),
            _ => Place::Deleted,
        }
    }

    /// The entries of a map that are text, in the order of their keys.
    #[must_use]
    pub fn entries(&self, map: &str) -> BTreeMap<String, String> {
        let transaction = self.0.transact();
        let Some(map) = transaction.get_map(map) else { return BTreeMap::new() };
        let texts = map.iter(&transaction).filter_map(|(key, value)| match value {
            Out::Any(Any::String(value)) => Some((key.to_owned(), value.to_string())),
            _ => None,
        });
        texts.collect()
    }

    /// Whether a map has an entry, whatever that is.
    #[must_use]
    pub fn has_entry(&self, map: &str, key: &str) -> bool {
        let transaction = self.0.transact();
        transaction.get_map(map).is_some_and(|map| map.contains_key(&transaction, key))
    }

    /// What it must be like after it was written and read again.
    #[must_use]
    pub fn likeness(&self) -> Likeness {
        let text = self.text();
        let transaction = self.0.transact();
        Likeness { snapshot: transaction.snapshot(), has_pending: transaction.has_missing_updates(), text }
    }
}

/// Reads a history as one update, as the next life of the document will, and compares.
///
/// # Errors
/// What is not as it was.
pub fn verify(history: &[u8], expected: &Likeness) -> Result<(), String> {
    let mut again = Body::new(0);
    again.apply(history).map_err(|error| error.to_string())?;
    let got = again.likeness();
    if got.snapshot.state_map != expected.snapshot.state_map {
        return Err("its state vector is another".to_owned());
    }
    if got.snapshot.delete_set != expected.snapshot.delete_set {
        return Err("its deletions are others".to_owned());
    }
    if got.has_pending != expected.has_pending {
        return Err("what waited for missing parts is not as it was".to_owned());
    }
    if got.text != expected.text {
        return Err("its text is another".to_owned());
    }
    Ok(())
}

/// Merges updates into one, without a document.
///
/// # Errors
/// If one is none.
pub(super) fn merge(updates: &[&[u8]]) -> Result<Vec<u8>, BodyError> {
    yrs::merge_updates_v1(updates).map_err(|error| BodyError(error.to_string()))
}

/// yrs counts in 32 bits; a text is far shorter.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// yrs keeps the fields of an object in an order that differs from run to run, and writes them so.
fn object(fields: &[(&'static str, Field)]) -> Any {
    let any = |field: &Field| match field {
        Field::Null => Any::Null,
        Field::Text(text) => Any::from(text.as_str()),
        Field::Number(number) => Any::from(*number as f64),
    };
    Any::Map(Arc::new(fields.iter().map(|(name, field)| ((*name).to_owned(), any(field))).collect()))
}
