//! Where a client connects: to the running node of its data folder, else to the cloud.

use std::os::unix::net::UnixStream;

use wayfare_actors::ports::Address;
use wayfare_io::client::{ClientError, ClientIdentity, MeshClient};
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::{DeviceId, Limits};

use crate::cloud_file::{Cloud, CloudFileError};
use crate::folder::DataFolder;

/// Which end answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The node of the same data folder.
    Node,
    /// The cloud.
    Cloud,
}

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which end answers.
    pub via: Via,
    /// Its address.
    pub address: Address,
    /// Whether unencrypted WebSocket may leave this machine.
    pub insecure_plaintext: bool,
}

/// There is nowhere to connect.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// No node runs and no cloud is known.
    #[error(
        "no node runs on {0} and it is not paired with a cloud: start one with `wayfare-node`, or pair with \
         `wayfare login <pairing-string>`"
    )]
    Nowhere(String),
    /// The cloud is wanted and not known.
    #[error("this device is not paired with a cloud: pair it with `wayfare login <pairing-string>`")]
    NotPaired,
    /// What is known of the cloud cannot be read.
    #[error(transparent)]
    CloudFile(#[from] CloudFileError),
}

impl Place {
    /// Connects there, within `limits.dial`.
    ///
    /// # Errors
    /// As of [`MeshClient::connect`].
    pub async fn connect(&self, identity: ClientIdentity, limits: &Limits) -> Result<MeshClient, ClientError> {
        MeshClient::connect(&self.address, self.insecure_plaintext, identity, limits).await
    }

    /// The running node of a data folder.
    #[must_use]
    pub fn of_node(folder: &DataFolder, device: DeviceId) -> Self {
        let address =
            Address { url: format!("unix:{}", folder.door().display()), identity: ServerIdentity::Node(device) };
        Self { via: Via::Node, address, insecure_plaintext: false }
    }

    /// A cloud.
    #[must_use]
    pub fn of_cloud(cloud: &Cloud) -> Self {
        Self { via: Via::Cloud, address: cloud.address.clone(), insecure_plaintext: cloud.insecure_plaintext }
    }

    /// The node of the folder if it answers and the cloud is not asked for, else the cloud.
    ///
    /// # Errors
    /// If there is neither, or `cloud.toml` cannot be read.
    pub fn find(folder: &DataFolder, device: DeviceId, cloud_only: bool) -> Result<Self, PlaceError> {
        if !cloud_only && node_answers(folder) {
            return Ok(Self::of_node(folder, device));
        }
        match Cloud::load(&folder.cloud())? {
            Some(cloud) => Ok(Self::of_cloud(&cloud)),
            None if cloud_only => Err(PlaceError::NotPaired),
            None => Err(PlaceError::Nowhere(folder.path().display().to_string())),
        }
    }
}

/// Whether somebody listens at the folder's door.
#[must_use]
pub fn node_answers(folder: &DataFolder) -> bool {
    UnixStream::connect(folder.door()).is_ok()
}
