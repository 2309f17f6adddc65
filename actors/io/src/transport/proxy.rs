//! Through an HTTP proxy: links are tunnelled by `CONNECT` (RFC 9110, section 9.3.6), as every browser does.
//!
//! The environment says which, by the names that other programs read:
//!
//! | variable | for |
//! |---|---|
//! | `https_proxy`, `HTTPS_PROXY` | `wss` |
//! | `http_proxy` | `ws`; in capitals it is not read, since a web server sets it from a request's header |
//! | `all_proxy`, `ALL_PROXY` | either, where the one above is missing |
//! | `no_proxy`, `NO_PROXY` | hosts without a proxy: `*`, or names with commas between, each with all below it |
//!
//! What is on this machine is never reached through a proxy of the environment.

use std::fmt;

use axum::http::Uri;
use data_encoding::BASE64;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::address::{is_loopback, without_brackets};

/// Longest head of an answer that is read.
const HEAD_MAX: usize = 8 * 1024;
const USUAL_PORT: u16 = 80;

/// A proxy that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Its address is none.
    #[error("the proxy {value:?} of {variable} cannot be used: {why}")]
    Address {
        /// Which variable.
        variable: String,
        /// What it says, without a password.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It is not there, or the connection to it failed.
    #[error("the proxy {proxy} cannot be reached: {why}")]
    Unreachable {
        /// Which.
        proxy: String,
        /// The system's reason.
        why: String,
    },
    /// It refuses to connect.
    #[error("the proxy {proxy} does not connect to {target}: it answers {answer:?}{}", advice(answer))]
    Refused {
        /// Which.
        proxy: String,
        /// Where to.
        target: String,
        /// Its status line.
        answer: String,
    },
}

fn advice(answer: &str) -> &'static str {
    match answer.split_whitespace().nth(1) {
        Some("407") => "; it wants a name and a password: http://name:password@host:port",
        Some("403") => "; ask its administrator to allow CONNECT to that port",
        _ => "",
    }
}

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    host: String,
    port: u16,
    /// Name and password as the header wants them.
    authorization: Option<String>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("at", &self.to_string()).finish_non_exhaustive()
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Proxy {
    /// Reads `http://[name:password@]host[:port]`; the scheme may be missing.
    ///
    /// # Errors
    /// If it is of another kind, or no address; says why.
    pub fn parse(value: &str) -> Result<Self, &'static str> {
        let whole = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let uri: Uri = whole.parse().map_err(|_| "it is not an address such as http://host:port")?;
        if uri.scheme_str() != Some("http") {
            return Err("only proxies of the form http://host:port are spoken to");
        }
        let authority = uri.authority().ok_or("it has no host")?;
        let host = without_brackets(authority.host()).to_owned();
        if host.is_empty() {
            return Err("it has no host");
        }
        let authorization = authority
            .as_str()
            .rsplit_once('@')
            .map(|(person, _)| format!("Basic {}", BASE64.encode(&percent_decoded(person))));
        Ok(Self { host, port: authority.port_u16().unwrap_or(USUAL_PORT), authorization })
    }

    /// A tunnel to a host: what is written to the stream from here on reaches it.
    pub(super) async fn tunnel(&self, host: &str, port: u16) -> Result<TcpStream, ProxyError> {
        let unreachable = |why: String| ProxyError::Unreachable { proxy: self.to_string(), why };
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let target = format!("{host}:{port}");
        let talking = async {
            let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            stream.set_nodelay(true)?;
            let authorization = self.authorization.as_ref();
            let authorization = authorization.map(|it| format!("Proxy-Authorization: {it}\r\n")).unwrap_or_default();
            let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n");
            stream.write_all(request.as_bytes()).await?;
            let head = read_head(&mut stream).await?;
            Ok((stream, head))
        };
        let (stream, head) = talking.await.map_err(|error: std::io::Error| unreachable(error.to_string()))?;
        let answer = head.lines().next().unwrap_or_default().to_owned();
        match answer.split_whitespace().nth(1) {
            Some(status) if status.starts_with('2') && status.len() == 3 => Ok(stream),
            _ => Err(ProxyError::Refused { proxy: self.to_string(), target, answer }),
        }
    }
}

/// Reads to the empty line, and not a byte of what comes after it.
async fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_MAX {
            return Err(std::io::Error::other("its answer does not end"));
        }
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// Which proxies there are, and for what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `wss` and for `ws`.
    tls: Option<Result<Proxy, ProxyError>>,
    plain: Option<Result<Proxy, ProxyError>>,
    /// Hosts without one.
    except: Vec<String>,
    /// Whether this machine too is reached through it.
    for_this_machine: bool,
}

impl Proxies {
    /// As the process's environment says.
    #[must_use]
    pub fn of_environment() -> Self {
        Self::read(|name| std::env::var(name).ok())
    }

    /// One for everything.
    #[must_use]
    pub fn one(proxy: Proxy) -> Self {
        Self { tls: Some(Ok(proxy.clone())), plain: Some(Ok(proxy)), except: Vec::new(), for_this_machine: true }
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| {
            let set = names.iter().filter_map(|name| Some((*name, variable(name)?)));
            let set: Vec<_> = set.filter(|(_, value)| !value.trim().is_empty()).collect();
            set.into_iter().next().map(|(name, value)| {
                let shown = value.rsplit_once('@').map_or(value.as_str(), |(_, after)| after).to_owned();
                Proxy::parse(value.trim()).map_err(|why| ProxyError::Address {
                    variable: name.to_owned(),
                    value: shown,
                    why,
                })
            })
        };
        let except = ["no_proxy", "NO_PROXY"].iter().find_map(|name| variable(name)).unwrap_or_default();
        Self {
            tls: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            plain: first(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            except: except.split(',').map(|host| host.trim().to_lowercase()).filter(|host| !host.is_empty()).collect(),
            for_this_machine: false,
        }
    }

    /// The proxy by which a host is reached, if there is one.
    ///
    /// # Errors
    /// If there is one and it cannot be used.
    pub fn to(&self, tls: bool, host: &str) -> Result<Option<&Proxy>, ProxyError> {
        if (!self.for_this_machine && is_loopback(host)) || self.is_excepted(host) {
            return Ok(None);
        }
        let proxy = if tls { &self.tls } else { &self.plain };
        proxy.as_ref().map(|proxy| proxy.as_ref().map_err(Clone::clone)).transpose()
    }

    fn is_excepted(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        self.except.iter().any(|except| {
            let except = except.trim_start_matches("*.").trim_start_matches('.');
            except == "*" || host == except || host.strip_suffix(except).is_some_and(|before| before.ends_with('.'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Proxies {
        Proxies::read(|wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn way(proxies: &Proxies, tls: bool, host: &str) -> Option<String> {
        proxies.to(tls, host).expect("a usable one").map(ToString::to_string)
    }

    #[test]
    fn the_environment_says_which_proxy_is_for_what() {
        let none = of(&[("HTTP_PROXY", "http://a:1"), ("https_proxy", " ")]);
        assert_eq!((way(&none, true, "mesh.example"), way(&none, false, "mesh.example")), (None, None));
        let both = of(&[("HTTPS_PROXY", "http://a:3128/"), ("ALL_PROXY", "b")]);
        assert_eq!(way(&both, true, "mesh.example").as_deref(), Some("a:3128"));
        assert_eq!(way(&both, false, "mesh.example").as_deref(), Some("b:80"));
        assert_eq!(way(&both, true, "127.0.0.1"), None, "this machine");
        let except = of(&[("https_proxy", "a:1"), ("NO_PROXY", "example.org, .lan,10.0.0.7")]);
        for host in ["example.org", "mesh.Example.org", "box.lan", "10.0.0.7"] {
            assert_eq!(way(&except, true, host), None, "{host}");
        }
        assert!(way(&except, true, "notexample.org").is_some());
        assert_eq!(way(&of(&[("https_proxy", "a:1"), ("no_proxy", "*")]), true, "mesh.example"), None);
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_told_without_its_password() {
        for value in ["socks5://me:secret@a:1", "https://me:secret@a:1", "http://", "http://me:secret@:1"] {
            let error = of(&[("https_proxy", value)]).to(true, "mesh.example").expect_err(value).to_string();
            assert!(error.contains("https_proxy") && !error.contains("secret"), "{error}");
        }
        let proxy = Proxy::parse("http://me:s%40crt@a:1").expect("a proxy");
        assert_eq!(proxy.authorization.as_deref(), Some("Basic bWU6c0BjcnQ="));
        assert!(!format!("{proxy:?}").contains("bWU6"), "{proxy:?}");
    }
}
