//! An address that may be broken where it is read in parts, and not in the middle of a number.

use yew::prelude::*;

/// The address, with a place for a line's end between its parts.
pub(crate) fn address(whole: &str) -> Html {
    let part = |(at, part): (usize, &str)| {
        html! { <>if at > 0 { <wbr /> }{ part.to_owned() }</> }
    };
    html! { <>{ for pieces(whole).into_iter().enumerate().map(part) }</> }
}

/// The parts: scheme, labels of the host's name, port, segments of the path.
fn pieces(whole: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut begun = 0;
    for (at, _) in whole.char_indices().skip(1) {
        if may_break(&whole[..at], &whole[at..]) {
            pieces.push(&whole[begun..at]);
            begun = at;
        }
    }
    pieces.push(&whole[begun..]);
    pieces
}

fn may_break(before: &str, after: &str) -> bool {
    let begins = |rest: &str, with: fn(char) -> bool| rest.chars().next().is_some_and(with);
    if before.ends_with("//") {
        true
    } else if let Some(path) = after.strip_prefix('/') {
        !before.ends_with([':', '/']) && !path.is_empty()
    } else if let Some(name) = after.strip_prefix('.') {
        // An address of four numbers is one word.
        begins(name, char::is_alphabetic)
    } else if let Some(port) = after.strip_prefix(':') {
        let end = port.find('/').unwrap_or(port.len());
        end > 0 && port[..end].chars().all(|digit| digit.is_ascii_digit())
    } else {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_broken_between_its_parts_only() {
        for (whole, parts) in [
            ("ws://127.0.0.1:8080/ws/session", &["ws://", "127.0.0.1", ":8080", "/ws", "/session"][..]),
            ("wss://chat.example.com/ws", &["wss://", "chat", ".example", ".com", "/ws"]),
            ("ws://[fe80::1:2]:80/", &["ws://", "[fe80::1:2]", ":80/"]),
            ("ws://größe.example", &["ws://", "größe", ".example"]),
            ("localhost", &["localhost"]),
            ("", &[""]),
        ] {
            assert_eq!(pieces(whole), parts);
        }
    }
}
