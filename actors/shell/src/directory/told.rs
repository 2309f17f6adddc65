//! What the cloud tells a node of itself.

use super::Directory;

impl Directory {
    /// Notes what the cloud calls this node.
    pub fn set_called(&self, name: String) {
        self.with(|known| known.called = Some(name));
    }

    /// What the cloud calls this node, once.
    pub fn take_called(&self) -> Option<String> {
        self.with(|known| known.called.take())
    }
}
