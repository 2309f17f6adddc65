//! A server of S3 in this process, `s3s-fs` on a folder, that can go away and come back.

use std::fs;
use std::net::{SocketAddr, TcpListener as Bound};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::Result;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

/// The only bucket.
pub const BUCKET: &str = "pictures";
/// The keys that it wants.
pub const KEY_ID: &str = "wayfare";
/// See [`KEY_ID`].
pub const SECRET: &str = "not a secret";

/// See the module. Dropped, it ends.
pub struct BucketServer {
    folder: PathBuf,
    address: SocketAddr,
    answers: Arc<AtomicI64>,
    serving: AbortHandle,
}

impl Drop for BucketServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl BucketServer {
    /// Serves a folder on an address of this machine that is free. To be called where tokio runs.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn start(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join(BUCKET))?;
        let files = FileSystem::new(folder).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let listener = Bound::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let (listener, answers) = (TcpListener::from_std(listener)?, Arc::new(AtomicI64::new(i64::MAX)));
        let address = listener.local_addr()?;
        let serving = tokio::spawn(serve(listener, service.build(), Arc::clone(&answers)));
        Ok(Self { folder: folder.to_owned(), address, answers, serving: serving.abort_handle() })
    }

    /// Where it is.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The file of what has that name in the bucket.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(BUCKET).join(name)
    }

    /// Whether it has parts of what is not whole yet.
    #[must_use]
    pub fn has_parts(&self) -> bool {
        let mut names = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        names.any(|entry| entry.file_name().to_string_lossy().contains(".part-"))
    }

    /// It answers so many requests more, and then is gone: connections end without an answer.
    pub fn leave_after(&self, requests: i64) {
        self.answers.store(requests, Ordering::SeqCst);
    }

    /// It is there again.
    pub fn come_back(&self) {
        self.leave_after(i64::MAX);
    }
}

async fn serve(listener: TcpListener, service: S3Service, answers: Arc<AtomicI64>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (service, answers) = (service.clone(), Arc::clone(&answers));
        let answer = move |request: Request<Incoming>| {
            let is_gone = answers.fetch_sub(1, Ordering::SeqCst) <= 0;
            let service = service.clone();
            async move {
                if is_gone {
                    return Err("gone".to_owned());
                }
                service.call(request.map(s3s::Body::from)).await.map_err(|error| format!("{error:?}"))
            }
        };
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
    }
}
