//! Between what SQLite holds and what the port says.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use wayfare_actors::ports::StoreError;

/// A failure before the commit: nothing was changed.
#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
pub(super) fn refused(why: sqlx::Error) -> StoreError {
    StoreError::Refused(why.to_string())
}

/// A number as SQLite holds it: signed.
pub(super) fn integer(what: &str, value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Refused(format!("{what} is too large: {value}")))
}

/// What a column holds, or an error naming it.
pub(super) struct Columns<'a>(pub(super) &'a SqliteRow);

impl Columns<'_> {
    pub(super) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.0.try_get(column).map_err(refused)
    }

    pub(super) fn optional_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.0.try_get(column).map_err(refused)
    }

    pub(super) fn number<N: TryFrom<i64>>(&self, column: &str) -> Result<N, StoreError> {
        let value: i64 = self.0.try_get(column).map_err(refused)?;
        N::try_from(value).map_err(|_| wrong(column, &format!("{value} is out of range")))
    }

    pub(super) fn optional<N: TryFrom<i64>>(&self, column: &str) -> Result<Option<N>, StoreError> {
        let value: Option<i64> = self.0.try_get(column).map_err(refused)?;
        let read = |value: i64| N::try_from(value).map_err(|_| wrong(column, &format!("{value} is out of range")));
        value.map(read).transpose()
    }

    pub(super) fn bytes<const N: usize>(&self, column: &str) -> Result<[u8; N], StoreError> {
        let value: &[u8] = self.0.try_get(column).map_err(refused)?;
        value.try_into().map_err(|_| wrong(column, &format!("{} bytes and not {N}", value.len())))
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let value: Option<&str> = self.0.try_get(column).map_err(refused)?;
        value.map(serde_json::from_str).transpose().map_err(|why| wrong(column, &why.to_string()))
    }
}

/// The text that [`Columns::json`] reads back.
pub(super) fn to_json<T: serde::Serialize>(value: Option<&T>) -> Result<Option<String>, StoreError> {
    value.map(serde_json::to_string).transpose().map_err(|why| StoreError::Refused(why.to_string()))
}

pub(super) fn wrong(column: &str, why: &str) -> StoreError {
    StoreError::Refused(format!("{column} in the store: {why}"))
}
