//! Who this tab's person is: a name, and a secret by which the server knows the person again.

use demo_messages::chat::{Key, NAME_CHARS};
use gloo_storage::{SessionStorage, Storage};

use crate::browser;
use crate::local_time;

const NAME: &str = "rejoin-name";
const SECRET: &str = "rejoin-secret";
/// Letters and digits that a secret is drawn from: 32, so that a byte's lowest five bits choose one evenly.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Five bits each: 160 bits.
const SECRET_CHARS: usize = 32;

/// Who the person is. Both live as long as the tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) secret: String,
    /// None until the person has given one.
    pub(crate) name: Option<String>,
}

impl Identity {
    /// What the tab has kept, or a new secret and no name. A browser without storage gives a person for as long
    /// as the page lasts.
    pub(crate) fn load() -> Self {
        let kept = |key| SessionStorage::get::<String>(key).ok();
        let secret = kept(SECRET).filter(|secret| is_secret(secret)).unwrap_or_else(|| {
            let secret = new_secret();
            keep(SECRET, &secret);
            secret
        });
        Self { secret, name: kept(NAME).and_then(|name| check_name(&name).ok()) }
    }

    /// The same person under this name.
    pub(crate) fn named(&self, name: String) -> Self {
        keep(NAME, &name);
        Self { name: Some(name), ..self.clone() }
    }
}

fn keep(key: &str, value: &str) {
    if let Err(error) = SessionStorage::set(key, value) {
        browser::warn("the tab's storage keeps nothing", &error.to_string().into());
    }
}

fn is_secret(secret: &str) -> bool {
    (16..=64).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn new_secret() -> String {
    let mut bytes = [0_u8; SECRET_CHARS];
    if let Err(error) = browser::window().crypto().and_then(|c| c.get_random_values_with_u8_array(&mut bytes))
    {
        // No browser of the last ten years comes here. A guessable secret would let others speak as this
        // person, so the page does not go on with one.
        wasm_bindgen::throw_val(error);
    }
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

/// Why a name can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadName {
    Empty,
    /// It has so many characters.
    TooLong(usize),
}

/// The name as the server takes it.
pub(crate) fn check_name(name: &str) -> Result<String, BadName> {
    let name = name.trim();
    match name.chars().count() {
        0 => Err(BadName::Empty),
        chars if chars > NAME_CHARS => Err(BadName::TooLong(chars)),
        _ => Ok(name.to_owned()),
    }
}

/// 2026 in milliseconds since 1970.
const KEYS_FROM_MS: u64 = 1_767_225_600_000;
/// So many numbers a second are set aside: nobody writes faster for as long as a tab lives.
const KEYS_PER_SECOND: u64 = 8;

/// The numbers of a person's messages: growing over reloads and different in duplicated tabs, because they begin
/// with the time at which the page was loaded.
#[derive(Debug)]
pub(crate) struct Keys {
    next: u32,
}

impl Keys {
    /// The numbers from now on.
    pub(crate) fn from_now() -> Self {
        Self::from(local_time::now_ms())
    }

    fn from(now_ms: u64) -> Self {
        let next = now_ms.saturating_sub(KEYS_FROM_MS) * KEYS_PER_SECOND / 1_000;
        // Of the 32 bits, the last part of the time decides: they last for seventeen years.
        Self { next: u32::try_from(next & u64::from(u32::MAX)).unwrap_or_default() }
    }

    /// A number not given before.
    pub(crate) fn draw(&mut self) -> Key {
        let key = Key(self.next);
        self.next = self.next.wrapping_add(1);
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_counted_in_characters() {
        assert_eq!(check_name("  Ada "), Ok("Ada".to_owned()));
        assert_eq!(check_name(" \u{2003} "), Err(BadName::Empty));
        assert_eq!(check_name(&"\u{1f980}".repeat(32)).map(|n| n.chars().count()), Ok(32));
        assert_eq!(check_name(&"a".repeat(33)), Err(BadName::TooLong(33)));
    }

    #[test]
    fn keys_grow_over_a_reload() {
        let mut before = Keys::from(KEYS_FROM_MS + 60_000);
        let last = (0..7).map(|_| before.draw()).last();
        assert!(Some(Keys::from(KEYS_FROM_MS + 61_000).draw()) > last);
    }

    #[test]
    fn only_letters_and_digits_make_a_secret() {
        assert!(is_secret(&"a2".repeat(16)));
        assert!(!is_secret("short") && !is_secret(&"a-".repeat(16)) && !is_secret(&"a".repeat(65)));
    }
}
