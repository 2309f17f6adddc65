//! The arguments of `wayfare device`.

use clap::{Args, Subcommand};
use wayfare_protocol::pairing::PairingString;

/// `wayfare device`.
#[derive(Clone, Debug, Subcommand)]
pub enum DeviceCommand {
    /// Devices, whether they are there, and which kernels they offer.
    List,
    /// Call a device otherwise, everywhere; also one that is away.
    Rename(DeviceRename),
    /// Cut a device off: its links end and its key is refused, until it is paired anew.
    Revoke(DeviceRevoke),
    /// Let a device give its daemons to others, and take none until that is called off or its node starts anew.
    Drain(DeviceDrain),
    /// Pair a device that is nothing but a token, for programs that speak HTTP to the cloud, and print the token.
    Token(DeviceToken),
}

/// `wayfare device token`.
#[derive(Clone, Debug, Args)]
pub struct DeviceToken {
    /// What the cloud printed: wayfare://HOST:PORT/CODE/ANCHOR.
    pub pairing_string: PairingString,
    /// What it is called among the devices; by that name it is revoked.
    #[arg(long)]
    pub name: String,
    /// It may read documents, files, lists and outputs, and change nothing.
    #[arg(long)]
    pub read_only: bool,
    /// Speak unencrypted WebSocket to another machine (a wayfare+ws:// string).
    #[arg(long)]
    pub insecure_plaintext: bool,
}

/// `wayfare device rename`.
#[derive(Clone, Debug, Args)]
pub struct DeviceRename {
    /// Its name, or the beginning of its id.
    pub device: String,
    /// What it is called from now on.
    pub name: String,
}

/// `wayfare device revoke`.
#[derive(Clone, Debug, Args)]
pub struct DeviceRevoke {
    /// Its name, or the beginning of its id.
    pub device: String,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
}

/// `wayfare device drain`.
#[derive(Clone, Debug, Args)]
pub struct DeviceDrain {
    /// Its name, or the beginning of its id.
    pub device: String,
    /// It keeps what it still has, and takes daemons again.
    #[arg(long)]
    pub cancel: bool,
}
