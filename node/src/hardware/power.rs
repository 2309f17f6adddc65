//! Whether this machine runs on its battery.

use std::path::Path;

use wayfare_protocol::capability::Power;

/// Where Linux tells of power supplies.
pub const SUPPLIES: &str = "/sys/class/power_supply";

/// Reads it from a folder like [`SUPPLIES`]. A machine that tells of no battery, or of none that is being emptied, has other power.
#[must_use]
pub fn power(supplies: &Path) -> Power {
    let Ok(entries) = std::fs::read_dir(supplies) else { return Power::Mains };
    let mut empties = false;
    for supply in entries.flatten().map(|entry| entry.path()) {
        let says = |name: &str| {
            let text = std::fs::read_to_string(supply.join(name)).unwrap_or_default();
            text.trim().to_owned()
        };
        match says("type").as_str() {
            // `Device` is the battery of a mouse or a keyboard.
            "Battery" => empties |= says("scope") != "Device" && says("status") == "Discharging",
            "Mains" | "USB" if says("online") == "1" => return Power::Mains,
            _ => {}
        }
    }
    if empties { Power::Battery } else { Power::Mains }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(supplies: &[(&str, &[(&str, &str)])]) -> Power {
        let folder = tempfile::tempdir().unwrap();
        for (supply, files) in supplies {
            let supply = folder.path().join(supply);
            std::fs::create_dir(&supply).unwrap();
            for (name, text) in *files {
                std::fs::write(supply.join(name), format!("{text}\n")).unwrap();
            }
        }
        power(folder.path())
    }

    #[test]
    fn a_battery_counts_while_it_is_emptied_and_nothing_else_gives_power() {
        let battery = |status| ("BAT0", [("type", "Battery"), ("status", status), ("capacity", "71")]);
        let adapter = |online| ("AC", [("type", "Mains"), ("online", online)]);
        let (empties, charges) = (battery("Discharging"), battery("Charging"));
        assert_eq!(read(&[(empties.0, &empties.1), (adapter("0").0, &adapter("0").1)]), Power::Battery);
        assert_eq!(read(&[(empties.0, &empties.1), (adapter("1").0, &adapter("1").1)]), Power::Mains);
        assert_eq!(read(&[(charges.0, &charges.1), (adapter("1").0, &adapter("1").1)]), Power::Mains);
        assert_eq!(read(&[(empties.0, &empties.1)]), Power::Battery);
    }

    #[test]
    fn a_machine_without_a_battery_of_its_own_has_other_power() {
        let mouse = [("type", "Battery"), ("scope", "Device"), ("status", "Discharging")];
        assert_eq!(read(&[("hid-mouse", &mouse)]), Power::Mains);
        assert_eq!(read(&[]), Power::Mains);
        assert_eq!(power(Path::new("/no/such/folder")), Power::Mains);
    }
}
