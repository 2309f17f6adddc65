//! A server of S3 in this process, `s3s-fs` on a folder, that can go away and come back.

use std::fs;
use std::net::{SocketAddr, TcpListener as Bound};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use anyhow::Result;
use hyper::body::Incoming;
use hyper::header::IF_MATCH;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
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
    is_changed: Arc<AtomicBool>,
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
        let (address, is_changed) = (listener.local_addr()?, Arc::new(AtomicBool::new(false)));
        let serving = tokio::spawn(serve(listener, service.build(), Arc::clone(&answers), Arc::clone(&is_changed)));
        Ok(Self { folder: folder.to_owned(), address, answers, is_changed, serving: serving.abort_handle() })
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

    /// Whatever is read on the condition that it is what it was has become something else. `s3s-fs` itself knows no conditions.
    pub fn has_changed(&self) {
        self.is_changed.store(true, Ordering::SeqCst);
    }

    /// It is there again.
    pub fn come_back(&self) {
        self.leave_after(i64::MAX);
    }
}

async fn serve(listener: TcpListener, service: S3Service, answers: Arc<AtomicI64>, is_changed: Arc<AtomicBool>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (service, answers, is_changed) = (service.clone(), Arc::clone(&answers), Arc::clone(&is_changed));
        let answer = move |request: Request<Incoming>| {
            let is_gone = answers.fetch_sub(1, Ordering::SeqCst) <= 0;
            let is_other = request.headers().contains_key(IF_MATCH) && is_changed.load(Ordering::SeqCst);
            let service = service.clone();
            async move {
                if is_gone {
                    return Err("gone".to_owned());
                }
                if is_other {
                    let mut answer = Response::new(s3s::Body::empty());
                    *answer.status_mut() = StatusCode::PRECONDITION_FAILED;
                    return Ok(answer);
                }
                service.call(request.map(s3s::Body::from)).await.map_err(|error| format!("{error:?}"))
            }
        };
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
    }
}
