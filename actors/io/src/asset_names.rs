//! What the files of assets are called.

use wayfare_protocol::{AccountId, AssetId};

/// Where an asset of an account is.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) account: AccountId,
    pub(crate) asset: AssetId,
}

impl Place {
    pub(crate) fn whole(&self) -> String {
        format!("{}/{:02x}/{}", self.account, self.asset.0[0], self.asset)
    }

    pub(crate) fn upload(&self) -> String {
        format!("{}/uploads/{}/", self.account, self.asset)
    }

    pub(crate) fn part(&self, at: u64) -> String {
        format!("{}{at:016x}", self.upload())
    }

    pub(crate) fn owed(&self) -> String {
        format!("{}/owed/{}", self.account, self.asset)
    }

    pub(crate) fn unlinked(&self) -> String {
        format!("{}/unlinked/{}", self.account, self.asset)
    }
}

/// Which cloud an account met last.
pub(crate) fn met(account: AccountId) -> String {
    format!("{account}/met")
}
