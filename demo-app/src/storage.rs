//! Values that the browser keeps for the page, where the user lets it: as JSON, in the tab or in the browser.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

use crate::browser::{self, words_of};

/// Which of the browser's two stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    /// For as long as the tab lives.
    Tab,
    /// For all pages of this origin, until the user empties it.
    Browser,
}

/// Why a value can't be had or kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StorageError {
    /// There is none under this name, or the browser lets the page read nothing.
    Missing,
    /// It is not such a value.
    Unreadable(String),
    /// The browser does not keep it, and says why.
    NotKept(String),
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("nothing is stored"),
            Self::Unreadable(why) | Self::NotKept(why) => f.write_str(why),
        }
    }
}

impl Store {
    /// Whether the browser lets the page use it.
    pub(crate) fn is_allowed(self) -> bool {
        self.open().is_ok()
    }

    /// The value under a name.
    pub(crate) fn get<T: DeserializeOwned>(self, name: &str) -> Result<T, StorageError> {
        let text = self.open().and_then(|store| store.get_item(name)).ok().flatten();
        let text = text.ok_or(StorageError::Missing)?;
        serde_json::from_str(&text).map_err(|error| StorageError::Unreadable(error.to_string()))
    }

    /// Keeps a value under a name.
    pub(crate) fn set<T: Serialize>(self, name: &str, value: &T) -> Result<(), StorageError> {
        let text = serde_json::to_string(value).map_err(|error| StorageError::NotKept(error.to_string()))?;
        self.open()
            .and_then(|store| store.set_item(name, &text))
            .map_err(|error| StorageError::NotKept(words_of(&error)))
    }

    /// Removes the value under a name.
    pub(crate) fn delete(self, name: &str) {
        if let Err(error) = self.open().and_then(|store| store.remove_item(name)) {
            browser::warn("a stored value could not be removed", &error);
        }
    }

    /// The store. To ask for it throws where the user has blocked cookies and site data.
    fn open(self) -> Result<web_sys::Storage, JsValue> {
        let window = browser::window();
        let store = match self {
            Self::Tab => window.session_storage()?,
            Self::Browser => window.local_storage()?,
        };
        store.ok_or_else(|| js_sys::Error::new("this browser has no storage").into())
    }
}
