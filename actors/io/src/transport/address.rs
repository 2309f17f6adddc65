//! The addresses that can be dialed, read from text.

use std::net::IpAddr;
use std::path::PathBuf;

use tokio_tungstenite::tungstenite::http::Uri;

/// Text that is not an address to dial.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddressError {
    #[error("not an address: {0}")]
    Form(String),
    #[error("an address begins with wss://, ws:// or unix:")]
    Scheme,
    #[error("unencrypted ws:// leads to this machine only; use wss://, or allow plain text explicitly")]
    Plain,
}

/// An address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Unix(PathBuf),
    /// `host` without brackets.
    Tcp {
        tls: bool,
        host: String,
        port: u16,
    },
}

impl Target {
    /// Takes an address apart.
    pub(super) fn parse(url: &str) -> Result<Self, AddressError> {
        if let Some(path) = url.strip_prefix("unix:") {
            if !path.starts_with('/') {
                return Err(AddressError::Form("after unix: comes an absolute path".into()));
            }
            return Ok(Self::Unix(path.into()));
        }
        let uri: Uri = url.parse().map_err(|error| AddressError::Form(format!("{error}")))?;
        let (tls, usual) = match uri.scheme_str() {
            Some("wss") => (true, 443),
            Some("ws") => (false, 80),
            _ => return Err(AddressError::Scheme),
        };
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| AddressError::Form("it has no host".into()))?;
        Ok(Self::Tcp { tls, host: without_brackets(host).to_owned(), port: uri.port_u16().unwrap_or(usual) })
    }

    /// Refuses unencrypted addresses that lead elsewhere than to this machine.
    pub(super) fn refuse_plain(&self) -> Result<(), AddressError> {
        match self {
            Self::Tcp { tls: false, host, .. } if !is_loopback(host) => Err(AddressError::Plain),
            Self::Tcp { .. } | Self::Unix(_) => Ok(()),
        }
    }
}

pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The host of an origin (`scheme://host:port`), without brackets.
pub(super) fn origin_host(origin: &str) -> Option<String> {
    let uri: Uri = origin.parse().ok()?;
    uri.scheme()?;
    uri.host().map(|host| without_brackets(host).to_owned())
}

pub(super) fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(tls: bool, host: &str, port: u16) -> Result<Target, AddressError> {
        Ok(Target::Tcp { tls, host: host.into(), port })
    }

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(Target::parse("wss://box.example:7443/link"), tcp(true, "box.example", 7443));
        assert_eq!(Target::parse("wss://box.example/link"), tcp(true, "box.example", 443));
        assert_eq!(Target::parse("ws://[::1]:7443/link"), tcp(false, "::1", 7443));
        assert_eq!(Target::parse("unix:/run/door"), Ok(Target::Unix("/run/door".into())));
    }

    #[test]
    fn other_texts_are_refused() {
        assert!(matches!(Target::parse("unix:door"), Err(AddressError::Form(_))));
        assert!(matches!(Target::parse("wss://"), Err(AddressError::Form(_))));
        assert_eq!(Target::parse("https://box.example/link"), Err(AddressError::Scheme));
        assert_eq!(Target::parse("box"), Err(AddressError::Scheme));
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        for (url, allowed) in [
            ("ws://localhost:1/link", true),
            ("ws://127.0.0.2:1/link", true),
            ("ws://[::1]:1/link", true),
            ("wss://192.0.2.1:1/link", true),
            ("unix:/door", true),
            ("ws://192.0.2.1:1/link", false),
            ("ws://localhost.example:1/link", false),
            ("ws://[2001:db8::1]:1/link", false),
        ] {
            assert_eq!(Target::parse(url).expect("an address").refuse_plain().is_ok(), allowed, "{url}");
        }
    }
}
