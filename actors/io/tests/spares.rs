//! Spares as files, and in memory: one contract.

use std::sync::Arc;

use tempfile::TempDir;
use wayfare_actors::account::MemorySpares;
use wayfare_actors::contract::spare::{self as contract, SpareWorld};
use wayfare_actors::ports::{Pending, SpareStore};
use wayfare_io::FileSpares;
use wayfare_protocol::{AccountId, ChunkId, EntityId};

struct Folder(TempDir);

impl SpareWorld for Folder {
    fn open(&self) -> Pending<Arc<dyn SpareStore>> {
        let path = self.0.path().to_owned();
        Box::pin(async move { Arc::new(FileSpares::open(&path).await.unwrap()) as Arc<dyn SpareStore> })
    }

    fn damage(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) {
        let file = self.0.path().join(format!("{account}/{daemon}/{chunk}"));
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[0] ^= 1;
        std::fs::write(&file, bytes).unwrap();
    }
}

struct Memory(MemorySpares);

impl SpareWorld for Memory {
    fn open(&self) -> Pending<Arc<dyn SpareStore>> {
        let store = self.0.clone();
        Box::pin(async move { Arc::new(store) as Arc<dyn SpareStore> })
    }

    fn damage(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) {
        self.0.damage(account, daemon, chunk);
    }
}

#[tokio::test]
async fn files_keep_the_contract_of_spares() {
    contract::all(|| Folder(tempfile::tempdir().unwrap())).await;
}

#[tokio::test]
async fn memory_keeps_the_contract_of_spares() {
    contract::all(|| Memory(MemorySpares::default())).await;
}

/// A spare that a newer version wrote, or a hand: the others are read.
#[tokio::test]
async fn what_cannot_be_read_is_left_out() {
    let folder = Folder(tempfile::tempdir().unwrap());
    let account = AccountId(uuid::Uuid::from_u128(1));
    let place = folder.0.path().join(format!("{account}/{}", "07".repeat(32)));
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("spare"), b"nonsense").unwrap();
    assert_eq!(folder.open().await.all(account).await, Ok(Vec::new()));
}
