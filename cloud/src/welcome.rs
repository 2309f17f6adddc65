//! What a person points a phone at: the app's page with a pairing string behind `#`, which browsers send to nobody.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use wayfare_protocol::pairing::PairingString;

/// The address of the app that takes the string by itself.
#[must_use]
pub fn address(string: &PairingString) -> String {
    format!("{}/pair#{string}", string.origin())
}

/// The string, the address, and the address for a camera.
///
/// # Errors
/// If the address is too long for a code.
pub fn welcome(string: &PairingString) -> Result<String> {
    let address = address(string);
    let code = QrCode::with_error_correction_level(&address, EcLevel::L).context("the address as a code")?;
    // Cameras want dark on light, and most terminals are light on dark.
    let code = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    let mut text = String::new();
    writeln!(text, "{string}\n{address}\n\n{code}")?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_led_to_the_app_of_the_cloud_that_the_string_is_for() {
        let text = "wayfare://mesh.example:7443/ABCDE12345/00112233445566778899aabbccddeeff";
        let string: PairingString = text.parse().unwrap();
        assert_eq!(address(&string), format!("https://mesh.example:7443/pair#{text}"));
        let shown = welcome(&string).unwrap();
        assert!(shown.starts_with(text) && shown.lines().count() > 20, "{shown}");
        let widths: Vec<_> =
            shown.lines().skip(3).filter(|line| !line.is_empty()).map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0] && *width > 30), "a square: {widths:?}");
    }
}
