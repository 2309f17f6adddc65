//! What a client asks of the account's devices.

use wayfare_protocol::control::{Control, DeviceInfo};
use wayfare_protocol::{DeviceId, Refusal, Wall};

use super::Client;

impl Client {
    /// The devices of the account; `None` when the link is lost before the answer.
    pub async fn devices(&self) -> Option<Vec<DeviceInfo>> {
        let request = self.request();
        let answer = self.question(request, Control::ListDevices { request }).await?;
        if let Control::DeviceList { devices, .. } = answer { Some(devices) } else { None }
    }

    /// Revokes a device: since when it is; `None` when the link is lost before the answer. Asked at once.
    pub fn revoke(&self, device: DeviceId) -> impl Future<Output = Option<Result<Wall, Refusal>>> + Send + use<> {
        let request = self.request();
        let answer = self.question(request, Control::RevokeDevice { request, device });
        async move { if let Control::DeviceRevoked { outcome, .. } = answer.await? { Some(outcome) } else { None } }
    }

    /// Calls a device otherwise; `None` when the link is lost before the answer.
    pub async fn rename(&self, device: DeviceId, name: String) -> Option<Result<(), Refusal>> {
        let request = self.request();
        let answer = self.question(request, Control::RenameDevice { request, device, name }).await?;
        if let Control::DeviceRenamed { outcome, .. } = answer { Some(outcome) } else { None }
    }
}
