//! The CA that a server makes for itself, and the leaf that it issues to itself.
//!
//! | file | mode | content |
//! |---|---|---|
//! | `ca-with-key.pem` | 0600 | the CA's certificate and key, ECDSA P-256; never replaced |
//! | `ca.pem` | 0644 | the certificate alone, for browsers to import; written anew at each start |
//! | `leaf-with-key.pem` | 0600 | the leaf and its key |

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::HEXLOWER;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use sha2::{Digest, Sha256};

use super::files::{self, Readers};
use super::{SERVER_NAME, TlsError, provider, verify};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longer than the life of a device, since a new CA means pairing every device again.
const CA_LIFE: Duration = DAY.saturating_mul(20 * 365);
const LEAF_LIFE: Duration = DAY.saturating_mul(365);
/// A leaf with less left is issued anew.
const LEAF_RENEWED: Duration = DAY.saturating_mul(30);
/// Certificates begin so long ago, for devices whose clock is behind.
const CLOCK_SLACK: Duration = DAY;

/// A server's own CA, in its folder.
pub(super) struct LocalCa {
    folder: PathBuf,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl LocalCa {
    /// The CA of the folder; made if there is none.
    pub(super) fn open(folder: &Path) -> Result<Self, TlsError> {
        make_folder(folder).map_err(|why| TlsError::Write { path: folder.to_owned(), why })?;
        let path = folder.join("ca-with-key.pem");
        let (certificate, key) = match files::read(&path)? {
            Some(pem) => load_ca(&path, &pem)?,
            None => make_ca(&path)?,
        };
        files::write(&folder.join("ca.pem"), pem_certificate(&certificate).as_bytes(), Readers::All)?;
        Ok(Self { folder: folder.to_owned(), certificate, issuer: Issuer::new(ca_params(&key), key) })
    }

    /// The CA's certificate.
    pub(super) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The leaf with the chain to show: the one of the folder while it serves, otherwise a new one.
    pub(super) fn leaf(&self, names: &[String]) -> Result<CertifiedKey, TlsError> {
        let path = self.folder.join("leaf-with-key.pem");
        if let Some(pem) = files::read(&path)? {
            match self.usable(&path, &pem, names, UnixTime::now()) {
                Ok(leaf) => return Ok(leaf),
                Err(why) => tracing::info!(%why, "issuing a new server certificate"),
            }
        }
        let pem = self.issue(names, since_epoch())?;
        files::write(&path, pem.as_bytes(), Readers::Owner)?;
        self.usable(&path, pem.as_bytes(), names, UnixTime::now())
    }

    /// The leaf of a file, if it will serve these names for a while.
    fn usable(&self, path: &Path, pem: &[u8], names: &[String], now: UnixTime) -> Result<CertifiedKey, TlsError> {
        let content = |error: rustls::Error| TlsError::Content { path: path.to_owned(), why: error.to_string() };
        let mut chain = files::parse_certificates(path, pem)?;
        chain.truncate(1);
        let leaf = &chain[0];
        let later = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + LEAF_RENEWED);
        for at in [now, later] {
            verify::leaf(leaf, &[], &self.certificate, at).map_err(content)?;
        }
        for name in names.iter().map(String::as_str).chain([SERVER_NAME]) {
            verify::name(leaf, name).map_err(content)?;
        }
        chain.push(self.certificate.clone());
        CertifiedKey::from_der(chain, files::parse_key(path, pem)?, &provider()).map_err(content)
    }

    /// A new leaf with its key, as PEM.
    fn issue(&self, names: &[String], now: Duration) -> Result<String, TlsError> {
        let mut all: Vec<String> = names.to_vec();
        all.push(SERVER_NAME.to_owned());
        all.sort();
        all.dedup();
        let key = KeyPair::generate().map_err(make)?;
        let mut params = CertificateParams::new(all).map_err(make)?;
        params.distinguished_name = named(SERVER_NAME);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        valid(&mut params, now, LEAF_LIFE);
        let certificate = params.signed_by(&key, &self.issuer).map_err(make)?;
        Ok(certificate.pem() + &key.serialize_pem())
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn make_ca(path: &Path) -> Result<(CertificateDer<'static>, KeyPair), TlsError> {
    let key = KeyPair::generate().map_err(make)?;
    let mut params = ca_params(&key);
    valid(&mut params, since_epoch(), CA_LIFE);
    let certificate = params.self_signed(&key).map_err(make)?;
    files::write(path, (certificate.pem() + &key.serialize_pem()).as_bytes(), Readers::Owner)?;
    Ok((certificate.der().clone(), key))
}

fn load_ca(path: &Path, pem: &[u8]) -> Result<(CertificateDer<'static>, KeyPair), TlsError> {
    let content = |why: String| TlsError::Content { path: path.to_owned(), why };
    let certificate = files::parse_certificates(path, pem)?.swap_remove(0);
    let der: PrivateKeyDer<'static> = files::parse_key(path, pem)?;
    // That key and certificate belong together shows when a leaf is issued and verified.
    let key = KeyPair::try_from(&der).map_err(|error| content(error.to_string()))?;
    Ok((certificate, key))
}

/// What the CA's certificate says. The name must stay as it is in every version: leaves are joined to the CA by it, and it is
/// made again from the key, not read from the certificate. It holds a piece of the key's hash, since browsers confuse two CAs
/// of one name.
fn ca_params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let hash = Sha256::digest(key.der_bytes());
    params.distinguished_name = named(&format!("Wayfare CA {}", HEXLOWER.encode(&hash[..4])));
    // No CA below this one.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn valid(params: &mut CertificateParams, now: Duration, life: Duration) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(CLOCK_SLACK);
    params.not_after = epoch + now.saturating_add(life);
}

fn since_epoch() -> Duration {
    Duration::from_secs(UnixTime::now().as_secs())
}

fn pem_certificate(certificate: &CertificateDer<'_>) -> String {
    let body = data_encoding::BASE64.encode(certificate);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn make(error: rcgen::Error) -> TlsError {
    TlsError::Make(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn leaf(ca: &LocalCa, wanted: &[&str]) -> CertificateDer<'static> {
        ca.leaf(&names(wanted)).expect("issued").cert[0].clone()
    }

    #[test]
    fn the_ca_and_the_leaf_survive_a_restart_and_their_keys_are_private() {
        let folder = tempfile::tempdir().expect("folder");
        let first = LocalCa::open(folder.path()).expect("made");
        let issued = leaf(&first, &["localhost", "127.0.0.1", "::1"]);
        let second = LocalCa::open(folder.path()).expect("loaded");
        assert_eq!(second.certificate(), first.certificate());
        assert_eq!(leaf(&second, &["127.0.0.1", "localhost"]), issued);
        for file in ["ca-with-key.pem", "leaf-with-key.pem"] {
            let mode = fs::metadata(folder.path().join(file)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        let public = files::certificates(&folder.path().join("ca.pem")).expect("a certificate");
        assert_eq!(public, [first.certificate().clone()]);
    }

    #[test]
    fn a_leaf_that_lacks_a_name_is_issued_anew_under_the_same_ca() {
        let folder = tempfile::tempdir().expect("folder");
        let ca = LocalCa::open(folder.path()).expect("made");
        let before = leaf(&ca, &["localhost"]);
        let after = leaf(&ca, &["localhost", "box.example"]);
        assert_ne!(before, after);
        verify::name(&after, "box.example").expect("has the name");
    }

    #[test]
    fn a_leaf_with_less_than_thirty_days_left_is_issued_anew() {
        let folder = tempfile::tempdir().expect("folder");
        let ca = LocalCa::open(folder.path()).expect("made");
        let path = folder.path().join("leaf-with-key.pem");
        for (left, kept) in [(29, false), (31, true)] {
            let old = ca.issue(&[], since_epoch() - LEAF_LIFE + DAY * left).expect("issued");
            fs::write(&path, &old).expect("written");
            let old = files::certificates(&path).expect("a certificate").swap_remove(0);
            assert_eq!(leaf(&ca, &[]) == old, kept, "{left} days left");
        }
    }

    #[test]
    fn a_damaged_leaf_is_replaced_but_a_damaged_ca_never() {
        let folder = tempfile::tempdir().expect("folder");
        let ca = LocalCa::open(folder.path()).expect("made");
        fs::write(folder.path().join("leaf-with-key.pem"), "nothing").expect("written");
        leaf(&ca, &["localhost"]);
        let path = folder.path().join("ca-with-key.pem");
        fs::write(&path, "nothing").expect("written");
        assert!(matches!(LocalCa::open(folder.path()), Err(TlsError::Content { .. })));
        assert_eq!(fs::read(&path).expect("there"), b"nothing");
    }

    #[test]
    fn a_ca_certificate_with_another_key_is_refused() {
        let [one, two] = [(); 2].map(|()| tempfile::tempdir().expect("folder"));
        let [a, b] = [&one, &two].map(|folder| LocalCa::open(folder.path()).expect("made"));
        let mixed = pem_certificate(a.certificate()) + &b.issuer.key().serialize_pem();
        fs::write(one.path().join("ca-with-key.pem"), mixed).expect("written");
        let mixed = LocalCa::open(one.path()).expect("each part is well formed");
        assert!(matches!(mixed.leaf(&[]), Err(TlsError::Content { .. })));
    }
}
