//! The token of a data folder: what local programs show at the HTTP door.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use wayfare_actors::ports::Random;
use wayfare_protocol::identity::keyed_hash;

/// Random bytes of a token.
const BYTES: usize = 32;
/// Characters of its text, and one more to see that there is nothing behind them but a line end.
const LONGEST: u64 = 64;
const COMPARE_LABEL: &[u8] = b"wayfare-http-token-v1";

/// A token: 256 random bits as 43 letters, digits, `-` and `_`. Its text is shown by nothing but [`Token::text`].
#[derive(Clone)]
pub struct Token(String);

/// A token file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Others can read it.
    #[error(
        "{} can be read by other users (mode {mode:o}): remove it, and the next start makes another", path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It holds something else.
    #[error("{} holds no token: remove it, and the next start makes another", .0.display())]
    NoToken(PathBuf),
    /// The system refused.
    #[error("cannot use {}: {why}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        why: io::Error,
    },
}

impl Token {
    /// Its text, to be shown at the door.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether a text is this token. Looks at every byte of both hashes whatever it finds.
    #[must_use]
    pub fn is(&self, shown: &str) -> bool {
        let [one, other] = [self.0.as_str(), shown].map(|text| keyed_hash(COMPARE_LABEL, &[text.as_bytes()]));
        one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Loads the token of a file, or draws one and keeps it there, with mode 0600. Of two that make one at the same time, both end
/// with the same.
///
/// # Errors
/// If others can read the file, it holds no token, or the system refuses.
pub fn load_or_create_token(path: &Path, random: &dyn Random) -> Result<Token, TokenError> {
    let system = |why| TokenError::System { path: path.to_owned(), why };
    let mut bytes = [0; BYTES];
    random.fill(&mut bytes);
    let aside = path.with_extension(format!("{}.new", BASE64URL_NOPAD.encode(&bytes[..6])));
    random.fill(&mut bytes);
    match load(path) {
        Err(TokenError::System { why, .. }) if why.kind() == io::ErrorKind::NotFound => {}
        loaded => return loaded,
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside).map_err(system)?;
    let written = writeln!(file, "{}", BASE64URL_NOPAD.encode(&bytes)).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| std::fs::hard_link(&aside, path));
    std::fs::remove_file(&aside).map_err(system)?;
    match linked {
        Ok(()) => {}
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
        Err(why) => return Err(system(why)),
    }
    load(path)
}

fn load(path: &Path) -> Result<Token, TokenError> {
    let system = |why| TokenError::System { path: path.to_owned(), why };
    let file = File::open(path).map_err(system)?;
    let mode = file.metadata().map_err(system)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(TokenError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(system)?;
    let text = text.trim_end();
    match BASE64URL_NOPAD.decode(text.as_bytes()) {
        Ok(bytes) if bytes.len() == BYTES => Ok(Token(text.to_owned())),
        _ => Err(TokenError::NoToken(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;
    use crate::OsRandom;

    #[test]
    fn a_token_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.token");
        let made = load_or_create_token(&path, &OsRandom).unwrap();
        let loaded = load_or_create_token(&path, &OsRandom).unwrap();
        assert_eq!((made.text(), made.text().len()), (loaded.text(), 43));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing is left aside");
        assert!(made.is(loaded.text()) && !made.is("") && !made.is(&loaded.text()[1..]));
        assert!(!format!("{made:?}").contains(made.text()));
    }

    #[test]
    fn a_file_that_others_can_read_or_without_a_token_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.token");
        load_or_create_token(&path, &OsRandom).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load_or_create_token(&path, &OsRandom), Err(TokenError::Exposed { mode: 0o644, .. })));
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        for text in ["", "short", &"A".repeat(80)] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(load_or_create_token(&path, &OsRandom), Err(TokenError::NoToken(_))), "{text}");
        }
    }
}
