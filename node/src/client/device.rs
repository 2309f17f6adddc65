//! Devices as people name them.

use wayfare_protocol::NodeId;
use wayfare_protocol::control::DeviceInfo;

/// A word that means no device, or several.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchDevice {
    /// None.
    #[error("no device {wanted:?}; there are: {there}")]
    None {
        /// The word.
        wanted: String,
        /// Names of those that are there.
        there: String,
    },
    /// Several.
    #[error("several devices are called {wanted:?}: choose by id, {ids}")]
    Several {
        /// The word.
        wanted: String,
        /// Their short ids.
        ids: String,
    },
}

/// The device of a name, or of the beginning of an id.
///
/// # Errors
/// If there is none, or several.
pub fn device_of(devices: &[DeviceInfo], wanted: &str) -> Result<NodeId, NoSuchDevice> {
    let by_name: Vec<_> = devices.iter().filter(|device| device.name == wanted).collect();
    let by_id = || devices.iter().filter(|device| device.device.to_string().starts_with(wanted)).collect();
    let found: Vec<&DeviceInfo> = if by_name.is_empty() && !wanted.is_empty() { by_id() } else { by_name };
    let listed = |words: Vec<String>| words.join(", ");
    match found.as_slice() {
        [one] => Ok(NodeId(one.device)),
        [] => {
            let there = listed(devices.iter().map(|device| device.name.clone()).collect());
            Err(NoSuchDevice::None { wanted: wanted.to_owned(), there })
        }
        several => {
            let ids = listed(several.iter().map(|device| device.device.short()).collect());
            Err(NoSuchDevice::Several { wanted: wanted.to_owned(), ids })
        }
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::DeviceId;
    use wayfare_protocol::control::PresenceInfo;

    use super::*;

    fn known(id: u8, name: &str) -> DeviceInfo {
        DeviceInfo {
            device: DeviceId([id; 32]),
            name: name.to_owned(),
            os: "linux".to_owned(),
            presence: PresenceInfo::Online,
            node: None,
            load: None,
        }
    }

    #[test]
    fn a_device_is_found_by_name_then_by_id() {
        let devices = [known(0x1a, "laptop"), known(0x1b, "box"), known(0x2c, "box")];
        let found = |wanted: &str| device_of(&devices, wanted).map_err(|error| error.to_string());
        assert_eq!(found("laptop"), Ok(NodeId(DeviceId([0x1a; 32]))));
        assert_eq!(found("2c2c"), Ok(NodeId(DeviceId([0x2c; 32]))));
        assert!(found("box").expect_err("two").contains("2c2c2c2c"));
        assert!(found("phone").expect_err("none").contains("laptop"));
        assert!(found("").is_err() && found("1").is_err());
    }
}
