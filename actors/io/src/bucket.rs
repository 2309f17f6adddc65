//! A bucket of S3, or of what speaks its protocol.

use std::io;
use std::path::PathBuf;

/// The environment's names of the keys, those of other programs that use S3.
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN: &str = "AWS_SESSION_TOKEN";

/// Where a bucket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The region that requests are signed for.
    pub region: String,
    /// `http://` or `https://`, host and port of the service; `None`: that of AWS in the region.
    pub endpoint: Option<String>,
    /// What all names in it begin with, `/` between levels; empty: nothing.
    pub prefix: String,
}

/// What a bucket wants to see. It is shown to nobody: not even by `Debug`.
#[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "nobody asks for them"))]
pub struct BucketKeys {
    id: String,
    secret: String,
    token: Option<String>,
}

/// A bucket that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The program cannot do it.
    #[error("this program was built without S3: build it with `--features s3`, or keep assets in files")]
    NotBuilt,
    /// A key is missing.
    #[error("{0} is not set: the keys of a bucket come from {KEY_ID} and {SECRET} in the environment")]
    NoKey(&'static str),
    /// It is not there, cannot be reached, or refuses the keys.
    #[error("cannot use the bucket {bucket}: {why}")]
    Unusable {
        /// Its name.
        bucket: String,
        /// What it answered, or the system said.
        why: String,
    },
    /// The folder beside it cannot be used.
    #[error("cannot use {folder}: {why}", folder = folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// There are assets in the folder, which nobody would find.
    #[error(
        "{folder} has assets that may not be in the bucket: bring its files there under the same names, and move it away",
        folder = .0.display()
    )]
    Left(PathBuf),
}

impl BucketKeys {
    /// From this process's environment.
    ///
    /// # Errors
    /// If one is not set, or nobody could use them.
    pub fn from_env() -> Result<Self, BucketError> {
        if !cfg!(feature = "s3") {
            return Err(BucketError::NotBuilt);
        }
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let needed = |name| set(name).ok_or(BucketError::NoKey(name));
        Ok(Self::new(needed(KEY_ID)?, needed(SECRET)?, set(TOKEN)))
    }

    /// These; a token belongs to keys that end after some time.
    #[must_use]
    pub fn new(id: String, secret: String, token: Option<String>) -> Self {
        Self { id, secret, token }
    }
}

#[cfg(not(feature = "s3"))]
impl Bucket {
    #[expect(clippy::unused_async, reason = "it waits where it is built with S3")]
    pub(crate) async fn open(&self, _: BucketKeys) -> Result<crate::durable_files::DurableFiles, BucketError> {
        Err(BucketError::NotBuilt)
    }
}

#[cfg(feature = "s3")]
mod built {
    use futures_util::TryStreamExt as _;
    use opendal::layers::{RetryEvent, RetryLayer, TimeoutLayer};
    use opendal::services::S3;
    use opendal::{HttpTransporter, Operator};
    use opendal_http_transport_reqwest::ReqwestTransport;
    use rustls::ClientConfig;
    use wayfare_protocol::limits::{BUCKET_ANSWER, BUCKET_CONNECT, BUCKET_RETRY, BUCKET_TRIES};

    use super::{Bucket, BucketError, BucketKeys};
    use crate::durable_files::{DurableFiles, reason};
    use crate::tls::{provider, public_roots};

    impl Bucket {
        /// Looks whether it is there and lets these keys in.
        pub(crate) async fn open(&self, keys: BucketKeys) -> Result<DurableFiles, BucketError> {
            let unusable = |why: String| BucketError::Unusable { bucket: self.name.clone(), why };
            let away = |why| unusable(reason(&why));
            let files = self.operator(keys).await.map_err(unusable)?;
            // Not `check`, which takes a bucket that does not exist for an empty one.
            let mut first = files.lister_with("/").limit(1).await.map_err(away)?;
            first.try_next().await.map_err(away)?;
            Ok(DurableFiles::bucket(files))
        }

        async fn operator(&self, keys: BucketKeys) -> Result<Operator, String> {
            // No other keys, regions or addresses count, whatever the environment and the files of other programs say.
            let mut service = S3::default()
                .disable_config_load()
                .disable_ec2_metadata()
                .bucket(&self.name)
                .region(&self.region)
                .root(&self.prefix)
                .access_key_id(&keys.id)
                .secret_access_key(&keys.secret);
            if let Some(endpoint) = &self.endpoint {
                service = service.endpoint(endpoint);
            }
            if let Some(token) = &keys.token {
                service = service.session_token(token);
            }
            let files = Operator::new(service).map_err(|why| reason(&why))?;
            let transport = HttpTransporter::new(ReqwestTransport::new(client().await?));
            let context = files.base_context().with_http_transport(transport);
            let told = |event: RetryEvent<'_>| tracing::debug!(error = %event.err, "a bucket is asked again");
            let asked_again = RetryLayer::new().with_max_times(BUCKET_TRIES).with_min_delay(BUCKET_RETRY).with_jitter();
            let bounded = TimeoutLayer::new().with_timeout(BUCKET_ANSWER).with_io_timeout(BUCKET_ANSWER);
            Ok(files.with_context(context).layer(bounded).layer(asked_again.with_notify(told)))
        }
    }

    async fn client() -> Result<reqwest::Client, String> {
        let roots = tokio::task::spawn_blocking(public_roots).await.map_err(|why| why.to_string())?;
        let tls = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|why| why.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client =
            reqwest::Client::builder().tls_backend_preconfigured(tls).http1_only().connect_timeout(BUCKET_CONNECT);
        client.build().map_err(|why| why.to_string())
    }
}
