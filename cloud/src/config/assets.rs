//! Where assets are: in files, or in a bucket of S3.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use wayfare_io::Bucket;

use super::ConfigError;

/// The region of a service that says nothing of regions.
const REGION: &str = "us-east-1";

/// What keeps assets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssetPlace {
    /// Files in the data folder.
    #[default]
    Files,
    /// A bucket of S3, or of what speaks its protocol. Its keys come from the environment alone.
    S3,
}

/// The table `assets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AssetsConfig {
    /// What keeps them.
    pub store: AssetPlace,
    /// The bucket's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The bucket's region; it may be absent where an endpoint is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where the service is, `https://` or `http://`, host and port; `None`: AWS, in the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What the names in the bucket begin with, `/` between levels; `None`: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

impl AssetsConfig {
    /// The bucket; `None`: they are in files.
    ///
    /// # Errors
    /// If settings are missing, or do not go together.
    pub fn bucket(&self) -> Result<Option<Bucket>, ConfigError> {
        let wrong = |what: &str| Err(ConfigError::Wrong(what.to_owned()));
        let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (bucket, region, endpoint) = (named(&self.bucket), named(&self.region), named(&self.endpoint));
        match self.store {
            AssetPlace::Files if *self == Self::default() => return Ok(None),
            AssetPlace::Files => return wrong("assets.bucket and what belongs to it need assets.store = \"s3\""),
            AssetPlace::S3 => {}
        }
        let Some(name) = bucket else { return wrong("assets.store = \"s3\" needs assets.bucket") };
        if endpoint.as_deref().is_some_and(|at| !at.starts_with("https://") && !at.starts_with("http://")) {
            return wrong("assets.endpoint must begin with https:// or http://");
        }
        if region.is_none() && endpoint.is_none() {
            return wrong("assets.store = \"s3\" needs assets.region, or assets.endpoint where it is not AWS");
        }
        let (region, prefix) = (region.unwrap_or_else(|| REGION.to_owned()), self.prefix.clone().unwrap_or_default());
        Ok(Some(Bucket { name, region, endpoint, prefix }))
    }

    /// Whether they leave this machine unencrypted.
    pub(crate) fn is_exposed(&self) -> bool {
        let Some(host) = self.endpoint.as_deref().and_then(|at| at.strip_prefix("http://")) else { return false };
        let host = host.split('/').next().unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
        host != "localhost" && !host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> AssetsConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_bucket_is_what_is_said_and_nothing_less() {
        assert_eq!(of("").bucket(), Ok(None));
        let aws = of("store = 's3'\nbucket = 'pictures'\nregion = 'eu-central-1'\nprefix = 'mesh/a'");
        let bucket = |name: &str, region: &str, endpoint: Option<&str>, prefix: &str| Bucket {
            name: name.to_owned(),
            region: region.to_owned(),
            endpoint: endpoint.map(str::to_owned),
            prefix: prefix.to_owned(),
        };
        assert_eq!(aws.bucket(), Ok(Some(bucket("pictures", "eu-central-1", None, "mesh/a"))));
        let own = of("store = 's3'\nbucket = 'pictures'\nendpoint = 'http://127.0.0.1:9000'");
        assert_eq!(own.bucket(), Ok(Some(bucket("pictures", REGION, Some("http://127.0.0.1:9000"), ""))));
        for (text, named) in [
            ("store = 's3'", "assets.bucket"),
            ("store = 's3'\nbucket = 'a'", "assets.region"),
            ("bucket = 'a'", "assets.store"),
            ("store = 's3'\nbucket = 'a'\nendpoint = 'here:9000'", "https://"),
        ] {
            let error = of(text).bucket().unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn what_leaves_this_machine_unencrypted_is_told() {
        for (endpoint, is_exposed) in [
            ("http://10.0.0.1:9000", true),
            ("http://files.example", true),
            ("https://files.example", false),
            ("http://127.0.0.1:9000", false),
            ("http://[::1]:9000/", false),
            ("http://localhost", false),
        ] {
            assert_eq!(of(&format!("endpoint = '{endpoint}'")).is_exposed(), is_exposed, "{endpoint}");
        }
    }
}
