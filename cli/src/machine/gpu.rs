//! GPUs: by their numbers on the PCI bus, and by what their kernel drivers say.

use std::collections::BTreeMap;

use super::{Files, rows, version_at};

/// Which devices have which architecture.
const GPUS: &str = include_str!("gpus.txt");

/// A GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gpu {
    /// Where it is: `0000:01:00.0`.
    pub(crate) address: String,
    /// Who made it: `NVIDIA`, `AMD`, `Intel`.
    pub(crate) vendor: &'static str,
    /// Its vendor and device as numbers, `10de:2684`; none if only its driver shows it.
    pub(crate) device: Option<String>,
    /// Its chip, or what its driver calls it, if that is known.
    pub(crate) chip: Option<String>,
    /// The value of `facts.Gpu`.
    pub(crate) architecture: String,
}

/// Finds the GPUs, in the order of their addresses.
pub(super) fn find(files: &Files<'_>) -> Vec<Gpu> {
    let mut gpus: BTreeMap<String, Gpu> = BTreeMap::new();
    for address in files.names("/sys/bus/pci/devices") {
        let number = |name: &str| {
            let text = files.read(&format!("/sys/bus/pci/devices/{address}/{name}")).ok()?;
            u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()
        };
        let (Some(class), Some(vendor), Some(device)) =
            (number("class"), number("vendor"), number("device"))
        else {
            continue;
        };
        // Displays, and accelerators that have none.
        if !matches!(class >> 16, 0x03 | 0x12) {
            continue;
        }
        let Some((name, unknown)) = maker(vendor) else { continue };
        let row = rows(GPUS).find(|it| {
            let hex = |at: usize| u32::from_str_radix(it[at], 16).unwrap_or(u32::MAX);
            hex(0) == vendor && (hex(1)..=hex(2)).contains(&device)
        });
        let (architecture, chip) = match row {
            Some(row) => (row[3], Some(row[4..].join(" "))),
            None => (unknown, None),
        };
        let architecture = architecture.to_owned();
        let device = Some(format!("{vendor:04x}:{device:04x}"));
        gpus.insert(address.clone(), Gpu { address, vendor: name, device, chip, architecture });
    }
    // AMD's driver knows the architecture itself, also of what is newer than the table.
    for (location, architecture) in kfd(files) {
        let at = gpus.values_mut().find(|it| it.vendor == "AMD" && place(&it.address) == location);
        if let Some(gpu) = at.filter(|_| is_declared(&architecture)) {
            gpu.architecture = architecture;
        }
    }
    // In a container the driver may be all that is seen.
    for address in files.names("/proc/driver/nvidia/gpus") {
        let information = format!("/proc/driver/nvidia/gpus/{address}/information");
        let model = files.read(&information).ok().and_then(|it| {
            let line = it.lines().find_map(|it| it.strip_prefix("Model:").map(str::trim));
            line.map(str::to_owned)
        });
        gpus.entry(address.clone()).or_insert(Gpu {
            address,
            vendor: "NVIDIA",
            device: None,
            chip: model,
            architecture: "nvidia_unknown".to_owned(),
        });
    }
    gpus.into_values().collect()
}

/// The architectures of GPUs, each once, sorted.
pub(super) fn architectures(gpus: &[Gpu]) -> Vec<String> {
    let mut names: Vec<String> = gpus.iter().map(|it| it.architecture.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// The version of NVIDIA's kernel driver.
pub(super) fn nvidia_driver(files: &Files<'_>) -> Result<String, String> {
    let path = "/proc/driver/nvidia/version";
    let text = files.read(path)?;
    let line = text.lines().find(|it| it.contains("Kernel Module")).unwrap_or_default();
    // `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  …`
    let after = line.split_once("Kernel Module").map_or("", |it| it.1);
    let version = after.split_whitespace().find_map(version_at);
    version.ok_or_else(|| format!("{path} has no version"))
}

fn maker(vendor: u32) -> Option<(&'static str, &'static str)> {
    match vendor {
        0x10de => Some(("NVIDIA", "nvidia_unknown")),
        0x1002 => Some(("AMD", "amd_unknown")),
        0x8086 => Some(("Intel", "intel_unknown")),
        _ => None,
    }
}

fn is_declared(architecture: &str) -> bool {
    rows(GPUS).any(|it| it[3] == architecture)
}

/// What AMD's compute driver says: places of GPUs, and their architectures.
fn kfd(files: &Files<'_>) -> Vec<(Option<u32>, String)> {
    let nodes = "/sys/class/kfd/kfd/topology/nodes";
    let mut found = Vec::new();
    for node in files.names(nodes) {
        let Ok(text) = files.read(&format!("{nodes}/{node}/properties")) else { continue };
        let number = |name: &str| {
            let mut words = text.lines().map(str::split_whitespace);
            words.find_map(|mut it| (it.next() == Some(name)).then(|| it.next())?)?.parse().ok()
        };
        let version: u32 = number("gfx_target_version").unwrap_or(0);
        // Of processors it is 0.
        if version != 0 {
            let place = number("domain").unwrap_or(0) << 16 | number("location_id").unwrap_or(0);
            found.push((Some(place), architecture(version)));
        }
    }
    found
}

/// `90010` is `gfx90a`: two digits each of minor and stepping.
fn architecture(version: u32) -> String {
    let (major, minor, stepping) = (version / 10_000, version / 100 % 100, version % 100);
    format!("gfx{major}{minor:x}{stepping:x}")
}

/// Domain, bus, device and function of `0000:03:00.0`, as the driver counts them.
fn place(address: &str) -> Option<u32> {
    let (domain, rest) = address.split_once(':')?;
    let (bus, rest) = rest.split_once(':')?;
    let (device, function) = rest.split_once('.')?;
    let hex = |text: &str| u32::from_str_radix(text, 16).ok();
    let (domain, bus) = (hex(domain)? & 0xffff, hex(bus)? & 0xff);
    Some(domain << 16 | bus << 8 | (hex(device)? & 0x1f) << 3 | hex(function)? & 0x7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_lang::types::Ty;
    use kiln_lang::{Database, MemoryWorld, fact};
    use std::sync::Arc;

    #[test]
    fn every_architecture_of_the_table_is_declared() {
        let db = Database::new(Arc::new(MemoryWorld::default()), Vec::new());
        let Ty::Set(of) = fact(&db, "gpus").unwrap().ty else { panic!("gpus is no set") };
        for row in rows(GPUS) {
            assert!(of.position(row[3]).is_some(), "{row:?}");
            let hex = |at: usize| u32::from_str_radix(row[at], 16).unwrap();
            assert!(hex(1) <= hex(2) && hex(2) <= 0xffff, "{row:?}");
            assert!(maker(hex(0)).is_some() && row.len() > 4, "{row:?}");
        }
        for unknown in ["nvidia_unknown", "amd_unknown", "intel_unknown"] {
            assert!(of.position(unknown).is_some());
        }
    }

    #[test]
    fn versions_of_amd_are_architectures() {
        let names: Vec<String> = [90_010, 90_402, 90_006, 100_300, 110_000, 120_001]
            .map(architecture)
            .into_iter()
            .collect();
        assert_eq!(names.join(" "), "gfx90a gfx942 gfx906 gfx1030 gfx1100 gfx1201");
    }

    #[test]
    fn addresses_are_places() {
        assert_eq!(place("0000:03:00.0"), Some(0x300));
        assert_eq!(place("0001:c1:1f.7"), Some(0x1_c1ff));
        assert_eq!(place("usb1"), None);
    }
}
