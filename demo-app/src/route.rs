//! Which page an address means, and which address a page has.

use demo_messages::room::FIRST_ROOM;

/// A page and what of it the address decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// The chat, in a room.
    Chat {
        /// The room's name as the address gives it, not yet checked by the server.
        room: String,
    },
    /// The speed test; `shared` is the result that a link carries.
    Speed {
        /// The fragment without its `#`, empty if there is none.
        shared: String,
    },
    /// The connection lab.
    Lab,
    /// Nothing is there.
    Missing {
        /// The path that was asked for.
        path: String,
    },
}

impl Route {
    /// Reads the parts of an address: `search` with its `?`, `hash` with its `#`, or empty.
    pub(crate) fn parse(path: &str, search: &str, hash: &str) -> Self {
        match path.trim_end_matches('/') {
            "" | "/chat" => Self::Chat { room: room_of(search).unwrap_or(FIRST_ROOM).to_owned() },
            "/speed" => Self::Speed { shared: hash.trim_start_matches('#').to_owned() },
            "/lab" => Self::Lab,
            other => Self::Missing { path: other.to_owned() },
        }
    }

    /// The address of the page, from its path on.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Chat { room } if room == FIRST_ROOM => "/chat".to_owned(),
            Self::Chat { room } => format!("/chat?room={room}"),
            Self::Speed { shared } if shared.is_empty() => "/speed".to_owned(),
            Self::Speed { shared } => format!("/speed#{shared}"),
            Self::Lab => "/lab".to_owned(),
            Self::Missing { path } => path.clone(),
        }
    }
}

/// The room in a query. Only names that a room may have: anything else is taken as not given.
fn room_of(search: &str) -> Option<&str> {
    search
        .trim_start_matches('?')
        .split('&')
        .filter_map(|pair| pair.strip_prefix("room="))
        .find(|room| is_room_name(room))
}

/// Whether the server would take it as a room's name.
pub(crate) fn is_room_name(name: &str) -> bool {
    (1..=demo_messages::chat::ROOM_CHARS).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(room: &str) -> Route {
        Route::Chat { room: room.into() }
    }

    #[test]
    fn the_root_and_chat_are_the_first_room() {
        assert_eq!(Route::parse("/", "", ""), chat("general"));
        assert_eq!(Route::parse("/chat", "", ""), chat("general"));
        assert_eq!(Route::parse("/chat/", "", "#x"), chat("general"));
    }

    #[test]
    fn a_query_names_the_room_and_a_bad_one_is_ignored() {
        assert_eq!(Route::parse("/chat", "?a=b&room=tea-2", ""), chat("tea-2"));
        for bad in ["?room=", "?room=Tea", "?room=a%20b", "?room=../x", &format!("?room={}", "a".repeat(33))]
        {
            assert_eq!(Route::parse("/chat", bad, ""), chat("general"), "{bad}");
        }
    }

    #[test]
    fn an_address_leads_back_to_its_route() {
        for (path, search, hash) in [
            ("/chat", "", ""),
            ("/chat", "?room=tea", ""),
            ("/speed", "", ""),
            ("/speed", "", "#d1-u2"),
            ("/lab", "", ""),
            ("/no", "", ""),
        ] {
            let route = Route::parse(path, search, hash);
            assert_eq!(route.address(), format!("{path}{search}{hash}"));
        }
    }
}
