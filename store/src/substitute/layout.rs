//! Where what is in a cache is: the same in a folder as on a server. See `spec/store/substitution.md`.

use crate::digest::{ActionId, ObjectId, to_hex};
use crate::realisation::Realisation;

/// The file that says that a folder is a cache.
pub const CACHE_MARK: &str = "kiln-substituter";

/// What [`CACHE_MARK`] holds.
pub const CACHE_MARK_TEXT: &str = "kiln substituter 1\n";

/// Returns the path of a realisation below the folder of a cache.
#[must_use]
pub fn cached_realisation(action: &ActionId) -> String {
    let hex = to_hex(&action.0);
    format!("realisations/{}/{}", &hex[..2], &hex[2..])
}

/// Returns the path of an object's archive below the folder of a cache.
#[must_use]
pub fn cached_object(id: &ObjectId) -> String {
    let hex = to_hex(&id.0);
    format!("objects/{}/{}.zst", &hex[..2], &hex[2..])
}

/// Reads what a cache has as the realisation of an action.
///
/// # Errors
///
/// Why it is none of this action, as a phrase.
pub fn read_cached_realisation(bytes: &[u8], action: &ActionId) -> Result<Realisation, String> {
    let realisation = Realisation::decode(bytes).map_err(|it| it.to_string())?;
    if realisation.action != *action {
        return Err(format!("it is for action {}", realisation.action));
    }
    Ok(realisation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_digits_of_ids() {
        let rest = "11".repeat(31);
        assert_eq!(cached_realisation(&ActionId([0x11; 32])), format!("realisations/11/{rest}"));
        assert_eq!(cached_object(&ObjectId([0x11; 32])), format!("objects/11/{rest}.zst"));
    }
}
