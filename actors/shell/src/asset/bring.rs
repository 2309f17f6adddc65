//! What was added here is brought to the cloud.

use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::{AssetId, Refusal};

use super::{Assets, Environs, Here, failed};
use crate::ports::AssetError;

impl Assets {
    /// Brings what is owed to the cloud, whenever something is, for as long as this runs.
    pub(crate) async fn bring(self, cloud: ServerIdentity) {
        loop {
            let is_done = self.meet(&cloud).await && self.bring_owed().await;
            let Environs { runtime, limits, .. } = self.environs();
            if is_done {
                self.0.owing.notified().await;
            } else {
                runtime.sleep(limits.asset_retry).await;
            }
        }
    }

    /// A cloud that is met for the first time gets everything that is here: it was added when there was no cloud, or another one.
    /// Whether that is owed.
    async fn meet(&self, cloud: &ServerIdentity) -> bool {
        let (store, account) = self.store();
        let met = async {
            if store.met(account).await?.as_ref() == Some(cloud) {
                return Ok::<_, AssetError>(());
            }
            for asset in store.list(account).await? {
                store.owe(account, asset).await?;
            }
            store.note_met(account, cloud.clone()).await
        };
        let met = met.await;
        if let Err(error) = &met {
            tracing::warn!(%error, "what was here before is not brought to the cloud now");
        }
        met.is_ok()
    }

    /// Whether nothing is left that could be brought later.
    async fn bring_owed(&self) -> bool {
        let (store, account) = self.store();
        let owed = match store.owed(account).await {
            Ok(owed) => owed,
            Err(error) => {
                tracing::warn!(%error, "assets are not brought to the cloud now");
                return false;
            }
        };
        let mut is_done = true;
        for asset in owed {
            match self.bring_one(asset).await {
                Ok(()) => {}
                Err(refusal) => {
                    tracing::info!(%asset, %refusal, "an asset is not brought to the cloud now");
                    is_done = false;
                }
            }
        }
        is_done
    }

    async fn bring_one(&self, asset: AssetId) -> Result<(), Refusal> {
        let mut size = self.size_here(asset).await?;
        let mut turn = None;
        if size.is_none() {
            // It is owed before it is there: whoever brings it here may be about to.
            turn = Some(self.turn(asset).await?);
            size = self.size_here(asset).await?;
        }
        // Nobody has what was owed and then did not come, or was deleted.
        if let Some(size) = size {
            self.send(asset, size, &Here { assets: self.clone(), asset }).await?;
        }
        let (store, account) = self.store();
        let settled = store.settle(account, asset).await.map_err(|error| failed(&error));
        drop(turn);
        settled
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use wayfare_protocol::{AccountId, ErrorCode};

    use super::*;
    use crate::asset::{MemoryAssets, still};
    use crate::ports::AssetStore;

    /// What is being finished here is owed already, and stays owed until the cloud has it.
    #[tokio::test]
    async fn what_is_about_to_be_here_stays_owed() {
        let store: Arc<dyn AssetStore> = Arc::new(MemoryAssets::default());
        let assets = still::assets(Arc::clone(&store), true);
        let asset = AssetId::of(b"one");
        let mut upload = assets.upload(asset, 3).await.unwrap().expect("it is not here");
        upload.take(Bytes::from_static(b"one")).await.unwrap();
        store.owe(AccountId::LOCAL, asset).await.unwrap();
        let bringing = tokio::spawn({
            let assets = assets.clone();
            async move { assets.bring_one(asset).await }
        });
        tokio::task::yield_now().await;
        upload.finish().await.unwrap();
        let brought = bringing.await.unwrap();
        assert_eq!(brought.map_err(|refusal| refusal.code), Err(ErrorCode::OwnerUnreachable), "there is no cloud");
        assert_eq!(store.owed(AccountId::LOCAL).await, Ok(vec![asset]));
    }

    /// Whoever brought it was gone when the store finished it, and what was owed of it was taken for nothing.
    #[tokio::test]
    async fn what_is_brought_again_is_owed_again() {
        let store: Arc<dyn AssetStore> = Arc::new(MemoryAssets::default());
        let assets = still::assets(Arc::clone(&store), true);
        let asset = assets.put(Bytes::from_static(b"one")).await.unwrap();
        store.settle(AccountId::LOCAL, asset).await.unwrap();
        assert_eq!(assets.put(Bytes::from_static(b"one")).await, Ok(asset));
        assert_eq!(store.owed(AccountId::LOCAL).await, Ok(vec![asset]));
    }

    /// What was added without a cloud is owed to the first one, and to another one again; what a cloud had, it is not owed by a restart.
    #[tokio::test]
    async fn whatever_is_here_is_owed_to_a_cloud_that_is_met_for_the_first_time() {
        let store: Arc<dyn AssetStore> = Arc::new(MemoryAssets::default());
        let before = still::assets(Arc::clone(&store), false).put(Bytes::from_static(b"before")).await.unwrap();
        assert_eq!(store.owed(AccountId::LOCAL).await, Ok(vec![]), "there is no cloud");
        let clouds = [ServerIdentity::Ca([1; 32]), ServerIdentity::Ca([2; 32])];
        for cloud in &clouds {
            let assets = still::assets(Arc::clone(&store), true);
            assert!(assets.meet(cloud).await);
            assert_eq!(store.owed(AccountId::LOCAL).await, Ok(vec![before]));
            store.settle(AccountId::LOCAL, before).await.unwrap();
            assert!(assets.meet(cloud).await);
            assert_eq!(store.owed(AccountId::LOCAL).await, Ok(vec![]), "it has been met");
        }
    }
}
