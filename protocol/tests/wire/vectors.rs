//! The vectors in `docs/protocol.md` say what the code does, and the other way round.

use std::collections::BTreeSet;

use crate::samples::{batch, bytes, frames, read};
use crate::show::show;

/// A fenced block of the document.
struct Vector {
    line: usize,
    message: Vec<u8>,
    /// The frames that it holds, or what is wrong with it.
    says: Result<Vec<String>, String>,
}

/// A block opens with three backquotes and `vector`. Its first lines are bytes in hex. A line with `=` in front is
/// a frame, and one with `!` is the error; an indented line goes on with the one before it.
fn vectors() -> Vec<Vector> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocol.md");
    let text = std::fs::read_to_string(path).expect("the document is there");
    let mut lines = text.lines().enumerate();
    let mut vectors = Vec::new();
    while let Some((line, _)) = lines.find(|(_, text)| *text == "```vector") {
        let block: Vec<&str> =
            lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```").collect();
        vectors.push(vector(line + 2, &block));
    }
    vectors
}

fn vector(line: usize, block: &[&str]) -> Vector {
    let first = block.iter().position(|text| text.starts_with(['=', '!'])).expect("a block says something");
    let (hex, rest) = block.split_at(first);
    let digits: Vec<u8> = hex
        .concat()
        .chars()
        .filter(|c| *c != ' ')
        .map(|c| c.to_digit(16).unwrap_or_else(|| panic!("line {line}: {c:?} is not hex")) as u8)
        .collect();
    assert!(digits.len().is_multiple_of(2), "line {line}: half a byte");
    let message = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    let mut said: Vec<String> = Vec::new();
    for text in rest {
        match (text.strip_prefix("= ").or_else(|| text.strip_prefix("! ")), said.last_mut()) {
            (Some(begin), _) => said.push(begin.to_owned()),
            (None, Some(last)) => *last = format!("{last} {}", text.trim()),
            (None, None) => unreachable!("the first line says something"),
        }
    }
    let says = if rest[0].starts_with('=') { Ok(said) } else { Err(said.concat()) };
    Vector { line, message, says }
}

#[test]
fn every_vector_is_read_as_the_document_says() {
    let vectors = vectors();
    assert!(vectors.len() > 40, "{} vectors", vectors.len());
    for Vector { line, message, says } in vectors {
        let found = read(&message);
        let found = found
            .map(|frames| frames.iter().map(show).collect::<Vec<_>>())
            .map_err(|error| format!("byte {}, {}: {}", error.at, error.field, error.fault));
        assert_eq!(found, says, "docs/protocol.md, line {line}");
    }
}

#[test]
fn every_vector_is_written_as_the_document_says() {
    for Vector { line, message, says } in vectors() {
        let Ok(frames) = read(&message) else {
            assert!(says.is_err());
            continue;
        };
        let parts: Vec<Vec<u8>> = frames.iter().map(bytes).collect();
        let newer_hello = message[0] == 0x01 && message[1] > 0;
        if message[0] == 0x08 {
            assert_eq!(batch(&parts), message, "docs/protocol.md, line {line}");
        } else if !newer_hello {
            assert_eq!(parts[0], message, "docs/protocol.md, line {line}");
        }
    }
}

#[test]
fn every_vector_breaks_when_it_is_cut_off_within_its_fields() {
    for Vector { line, message, says } in vectors() {
        for length in 0..message.len() {
            // What is left is refused, or a frame whose payload took the rest, which is written as it came.
            if let (Ok(_), Ok(frames)) = (&says, read(&message[..length])) {
                let whole = message[..length].to_vec();
                let parts: Vec<Vec<u8>> = frames.iter().map(bytes).collect();
                assert!(parts == [whole.clone()] || batch(&parts) == whole || message[1] > 0, "line {line}");
            }
        }
    }
}

/// The words of a frame: its name with each of its bare words and each of its fields.
fn words(shown: &str) -> Vec<String> {
    let outside_quotes: String = shown.split('"').step_by(2).collect();
    let mut words = outside_quotes.split(' ').map(|word| word.split('=').next().unwrap_or(word));
    let name = words.next().unwrap_or_default().to_owned();
    std::iter::once(name.clone()).chain(words.map(|word| format!("{name} {word}"))).collect()
}

#[test]
fn every_field_and_variant_of_every_frame_has_a_vector() {
    let written: BTreeSet<String> = vectors()
        .iter()
        .filter_map(|vector| read(&vector.message).ok())
        .flatten()
        .flat_map(|frame| words(&show(&frame)))
        .collect();
    let sampled: BTreeSet<String> = (0..3).flat_map(frames).flat_map(|frame| words(&show(&frame))).collect();
    let missing: Vec<_> = sampled.difference(&written).collect();
    assert!(missing.is_empty(), "no vector for {missing:?}");
}
