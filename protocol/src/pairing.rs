//! The string that a person carries from a server to a new device: where the server is, the one-time code, and by what the
//! server is recognised before the code is sent.
//!
//! ```text
//! wayfare://HOST:PORT/CODE/ANCHOR       TLS by the server's own CA, recognised by ANCHOR
//! wayfare://HOST:PORT/CODE              TLS by a public certificate for HOST
//! wayfare+ws://HOST:PORT/CODE[/ANCHOR]  plain WebSocket; the server's challenge is compared with ANCHOR
//! ```
//!
//! It has no character that a shell gives a meaning to (an IPv6 host in brackets needs quotes in some), so it can be pasted
//! as a command's argument.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

const SCHEME_TLS: &str = "wayfare://";
const SCHEME_PLAIN: &str = "wayfare+ws://";
const CODE_SYMBOLS: usize = 10;
const BITS_PER_SYMBOL: usize = 5;
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Longest name that DNS knows.
const HOST_MAX: usize = 253;

/// Text that is not a pairing string.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairingError {
    /// It begins otherwise.
    #[error("a pairing string begins with {SCHEME_TLS} or {SCHEME_PLAIN}")]
    Scheme,
    /// Too few or too many parts.
    #[error("a pairing string is {SCHEME_TLS}HOST:PORT/CODE/ANCHOR; this one has {0} parts after the scheme")]
    Parts(usize),
    /// No host of a usable form.
    #[error("{0:?} is not a host: a name, an IPv4 address, or an IPv6 address in brackets")]
    Host(String),
    /// No usable port.
    #[error("{0:?} is not a port from 1 to 65535")]
    Port(String),
    /// A code of another length.
    #[error("a pairing code has {CODE_SYMBOLS} letters and digits, this one has {0}")]
    CodeLength(usize),
    /// A code with a symbol that codes do not use.
    #[error("{0:?} does not occur in pairing codes")]
    CodeSymbol(char),
    /// Not 32 hexadecimal digits.
    #[error("the last part of a pairing string is 32 hexadecimal digits")]
    Anchor,
}

/// A one-time code: 50 random bits, shown as ten symbols of Crockford's base 32. Its debug text hides it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PairingCode(u64);

impl PairingCode {
    /// The code of random bits; the upper 14 are not used.
    #[must_use]
    pub fn from_random(bits: u64) -> Self {
        Self(bits & ((1 << (CODE_SYMBOLS * BITS_PER_SYMBOL)) - 1))
    }
}

impl fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairingCode(..)")
    }
}

impl fmt::Display for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for position in (0..CODE_SYMBOLS).rev() {
            let symbol = usize::try_from((self.0 >> (position * BITS_PER_SYMBOL)) & 31).unwrap_or_default();
            write!(f, "{}", char::from(CROCKFORD[symbol]))?;
        }
        Ok(())
    }
}

impl FromStr for PairingCode {
    type Err = PairingError;

    /// Reads a code as a person may have typed it: in either case, with hyphens, `O` for zero, `I` or `L` for one.
    fn from_str(text: &str) -> Result<Self, PairingError> {
        let length = text.chars().filter(|symbol| *symbol != '-').count();
        if length != CODE_SYMBOLS {
            return Err(PairingError::CodeLength(length));
        }
        let mut bits = 0_u64;
        for typed in text.chars().filter(|symbol| *symbol != '-') {
            let symbol = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value = (0_u64..).zip(CROCKFORD).find(|(_, known)| char::from(**known) == symbol);
            let (value, _) = value.ok_or(PairingError::CodeSymbol(typed))?;
            bits = bits << BITS_PER_SYMBOL | value;
        }
        Ok(Self(bits))
    }
}

/// The first 128 bits of the SHA-256 of a server's CA certificate: enough that no other certificate can be found that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairingAnchor(pub [u8; 16]);

impl PairingAnchor {
    /// The anchor of a CA certificate with this SHA-256.
    #[must_use]
    pub fn of(ca: &[u8; 32]) -> Self {
        let mut anchor = [0; 16];
        anchor.copy_from_slice(&ca[..16]);
        Self(anchor)
    }

    /// Whether a CA certificate with this SHA-256 is the one meant.
    #[must_use]
    pub fn fits(&self, ca: &[u8; 32]) -> bool {
        Self::of(ca) == *self
    }
}

impl fmt::Display for PairingAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl FromStr for PairingAnchor {
    type Err = PairingError;

    fn from_str(text: &str) -> Result<Self, PairingError> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| PairingError::Anchor)?;
        bytes.try_into().map(Self).map_err(|_| PairingError::Anchor)
    }
}

/// The whole string, see the [module](self).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairingString {
    tls: bool,
    host: String,
    port: u16,
    code: PairingCode,
    anchor: Option<PairingAnchor>,
}

impl PairingString {
    /// The string for a server. `host` is a name or an address; an IPv6 address stands without brackets.
    ///
    /// # Errors
    /// If the host is none, or the port is 0.
    pub fn new(
        tls: bool,
        host: &str,
        port: u16,
        code: PairingCode,
        anchor: Option<PairingAnchor>,
    ) -> Result<Self, PairingError> {
        if port == 0 {
            return Err(PairingError::Port(port.to_string()));
        }
        let wrong = || PairingError::Host(host.to_owned());
        let host = if host.contains(':') {
            host.parse::<Ipv6Addr>().map_err(|_| wrong())?.to_string()
        } else {
            let named = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
            if host.is_empty() || host.len() > HOST_MAX || !host.bytes().all(named) {
                return Err(wrong());
            }
            host.to_owned()
        };
        Ok(Self { tls, host, port, code, anchor })
    }

    /// Where to dial: `wss://host:port/link` or `ws://host:port/link`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}/link", authority(&self.host, self.port))
    }

    /// The server's origin, by which it is known later if it has no CA of its own.
    #[must_use]
    pub fn origin(&self) -> String {
        origin(self.tls, &self.host, self.port)
    }

    /// The one-time code.
    #[must_use]
    pub fn code(&self) -> PairingCode {
        self.code
    }

    /// By what the server is recognised; `None` for a server with a public certificate.
    #[must_use]
    pub fn anchor(&self) -> Option<PairingAnchor> {
        self.anchor
    }
}

/// What [`crate::identity::ServerIdentity::Origin`] holds for a server: `https://host:port` or `http://host:port`, the port
/// always written, an IPv6 host in brackets. `host` stands without brackets.
#[must_use]
pub fn origin(tls: bool, host: &str, port: u16) -> String {
    format!("{}://{}", if tls { "https" } else { "http" }, authority(host, port))
}

fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl fmt::Display for PairingString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { SCHEME_TLS } else { SCHEME_PLAIN };
        write!(f, "{scheme}{}/{}", authority(&self.host, self.port), self.code)?;
        self.anchor.map_or(Ok(()), |anchor| write!(f, "/{anchor}"))
    }
}

impl FromStr for PairingString {
    type Err = PairingError;

    fn from_str(text: &str) -> Result<Self, PairingError> {
        let text = text.trim();
        let (tls, rest) = match (text.strip_prefix(SCHEME_TLS), text.strip_prefix(SCHEME_PLAIN)) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(PairingError::Scheme),
        };
        let mut parts = rest.split('/');
        let (server, code, anchor) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(server), Some(code), anchor, None) => (server, code, anchor),
            _ => return Err(PairingError::Parts(rest.split('/').count())),
        };
        let (host, port) = server.rsplit_once(':').ok_or_else(|| PairingError::Port(String::new()))?;
        let port = port.parse().map_err(|_| PairingError::Port(port.to_owned()))?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(inner) if inner.contains(':') => inner,
            None if !host.contains(':') => host,
            _ => return Err(PairingError::Host(host.to_owned())),
        };
        Self::new(tls, host, port, code.parse()?, anchor.map(str::parse).transpose()?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANCHOR: &str = "00112233445566778899aabbccddeeff";

    fn string() -> impl Strategy<Value = PairingString> {
        let host = prop_oneof!["[a-zA-Z0-9._-]{1,40}", any::<Ipv6Addr>().prop_map(|host| host.to_string())];
        let anchor = proptest::option::of(any::<[u8; 16]>().prop_map(PairingAnchor));
        (any::<bool>(), host, 1_u16.., any::<u64>(), anchor).prop_map(|(tls, host, port, bits, anchor)| {
            PairingString::new(tls, &host, port, PairingCode::from_random(bits), anchor).expect("well formed")
        })
    }

    proptest! {
        #[test]
        fn what_is_shown_is_what_is_read(string in string()) {
            let shown = string.to_string();
            prop_assert!(shown.chars().all(|c| c.is_ascii_alphanumeric() || ":/.-_+[]".contains(c)));
            prop_assert_eq!(shown.parse::<PairingString>(), Ok(string));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "(wayfare(\\+ws)?://)?\\PC{0,60}") {
            if let Ok(string) = text.parse::<PairingString>() {
                prop_assert_eq!(string.to_string().parse::<PairingString>(), Ok(string));
            }
        }
    }

    #[test]
    fn a_string_says_where_to_dial_and_whom_to_expect() {
        let string: PairingString = format!("wayfare://[::1]:7443/ABCDE12345/{ANCHOR}").parse().expect("well formed");
        assert_eq!(string.url(), "wss://[::1]:7443/link");
        assert_eq!(string.origin(), "https://[::1]:7443");
        assert_eq!(string.code().to_string(), "ABCDE12345");
        assert_eq!(string.anchor().expect("has one").to_string(), ANCHOR);
        let plain: PairingString = "wayfare+ws://127.0.0.1:80/ABCDE12345".parse().expect("well formed");
        assert_eq!((plain.url().as_str(), plain.anchor()), ("ws://127.0.0.1:80/link", None));
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code: PairingCode = "0123-4aBcD1".parse().expect("well formed");
        assert_eq!("o1234abcdl".parse(), Ok(code));
        assert_eq!(format!("{code:?}"), "PairingCode(..)");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let fails = |text: &str| text.parse::<PairingString>().expect_err("not well formed");
        assert_eq!(fails("https://a:1/ABCDE12345"), PairingError::Scheme);
        assert_eq!(fails("wayfare://a:1"), PairingError::Parts(1));
        assert_eq!(fails(&format!("wayfare://a:1/ABCDE12345/{ANCHOR}/x")), PairingError::Parts(4));
        assert_eq!(fails("wayfare://a:0/ABCDE12345"), PairingError::Port("0".into()));
        assert_eq!(fails("wayfare://a:70000/ABCDE12345"), PairingError::Port("70000".into()));
        assert_eq!(fails("wayfare://::1:80/ABCDE12345"), PairingError::Host("::1".into()));
        assert_eq!(fails("wayfare://a b:80/ABCDE12345"), PairingError::Host("a b".into()));
        assert_eq!(fails("wayfare://a:80/ABC"), PairingError::CodeLength(3));
        assert_eq!(fails("wayfare://a:80/ABCDE1234U"), PairingError::CodeSymbol('U'));
        assert_eq!(fails("wayfare://a:80/ABCDE12345/0011"), PairingError::Anchor);
    }

    #[test]
    fn an_anchor_fits_the_hash_that_begins_with_it_only() {
        let mut hash = [7; 32];
        let anchor = PairingAnchor::of(&hash);
        hash[31] = 0;
        assert!(anchor.fits(&hash));
        hash[15] = 0;
        assert!(!anchor.fits(&hash));
    }
}
