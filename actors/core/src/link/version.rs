//! Whether two versions of Wayfare speak with one another.
//!
//! By Semantic Versioning what may break is told by the major version, before 1.0 by the minor one. A version that is not of that
//! form is a build of somebody's own, who knows what he does.

use wayfare_protocol::{ErrorCode, Refusal};

/// The part of a version within which the wire does not change, and the version itself, to be compared.
fn parsed(version: &str) -> Option<((u64, u64), [u64; 3])> {
    let mut numbers = version.split(['-', '+']).next()?.split('.').map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    let (major, minor, patch) = (next()?, next()?, next()?);
    Some((if major == 0 { (0, minor) } else { (major, 0) }, [major, minor, patch]))
}

/// # Errors
/// If they do not: says which is to be updated.
pub(super) fn check(device: &str, server: &str) -> Result<(), Refusal> {
    let (Some((device_wire, of_device)), Some((server_wire, of_server))) = (parsed(device), parsed(server)) else {
        return Ok(());
    };
    if device_wire == server_wire {
        return Ok(());
    }
    let older = if of_device < of_server { "this device" } else { "the server" };
    let detail = format!(
        "this device has Wayfare {device} and the server {server}, which do not speak with one another: update {older}"
    );
    Err(Refusal::new(ErrorCode::VersionMismatch, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_speak_within_a_major_one_and_before_the_first_within_a_minor_one() {
        for (device, server) in [("0.1.0", "0.1.9"), ("1.2.0", "1.9.3"), ("0.1.0-rc.1", "0.1.0"), ("mine", "0.9.0")] {
            assert_eq!(check(device, server), Ok(()), "{device} {server}");
        }
        for (device, server, older) in [
            ("0.1.4", "0.2.0", "update this device"),
            ("1.0.0", "0.9.0", "update the server"),
            ("1.9.0", "2.0.0", "update this device"),
        ] {
            let refusal = check(device, server).expect_err(device);
            assert_eq!(refusal.code, ErrorCode::VersionMismatch);
            assert!(refusal.detail.ends_with(older) && refusal.detail.contains(server), "{refusal}");
        }
    }
}
