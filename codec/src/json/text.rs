//! The text of a JSON value, read from its beginning to its end (RFC 8259).

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Expected};

use super::fault::Fault;

/// How many values may lie within one another, as in `serde_json`: each takes room on the stack.
const DEPTH: u8 = 128;

/// A text that is being read.
pub(super) struct Text<'t> {
    text: &'t str,
    /// How many bytes have been read.
    at: usize,
    /// How many more values may begin within the present one.
    depth: u8,
}

/// Reads a value that is the whole of a text, or says what is wrong with it and where.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut text = Text { text, at: 0, depth: DEPTH };
    let read = T::deserialize(&mut text).and_then(|value| text.end().map(|()| value));
    read.map_err(|fault| text.describe(&fault))
}

impl<'t> Text<'t> {
    #[inline(never)]
    fn describe(&self, fault: &Fault) -> String {
        format!("{fault}, at byte {}", self.at)
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Fault::new("more text after the value")),
        }
    }

    // Where size goes before speed nothing else would be inlined: these two are called for every byte.

    /// The next byte, whatever it is.
    #[inline(always)]
    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What has not been read. Indexing would bring the text of its panic into every client.
    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The first byte of what is next, behind white space.
    #[inline(never)]
    pub(super) fn peek(&mut self) -> Option<u8> {
        while self.at_space() {
            self.at += 1;
        }
        self.next()
    }

    /// Whether white space is next.
    pub(super) fn at_space(&self) -> bool {
        matches!(self.next(), Some(b' ' | b'\t' | b'\n' | b'\r'))
    }

    /// Passes a byte if it is the next.
    #[inline(always)]
    pub(super) fn pass(&mut self, byte: u8) -> bool {
        let is = self.next() == Some(byte);
        self.at += usize::from(is);
        is
    }

    /// Passes a byte if it is the next behind white space.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        self.peek();
        self.pass(byte)
    }

    /// Passes a word.
    pub(super) fn word(&mut self, word: &'static str) -> Result<(), Fault> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(Fault::new("a word that is none of true, false and null"));
        }
        self.at += word.len();
        Ok(())
    }

    /// What is next is not what a type expects.
    #[inline(never)]
    pub(super) fn unexpected(&mut self, expected: &dyn Expected) -> Fault {
        let found = match self.peek() {
            None => "the end of the text",
            Some(b'"') => "a string",
            Some(b'-' | b'0'..=b'9') => "a number",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            Some(b'[') => "an array",
            Some(b'{') => "an object",
            Some(_) => "what begins no value",
        };
        Fault::kind(found, expected)
    }

    /// Reads what lies between a byte and its counterpart, the first of which is next.
    pub(super) fn within<R>(
        &mut self,
        closing: u8,
        read: impl FnOnce(&mut Self) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        self.descend()?;
        let read = read(self);
        self.depth += 1;
        read.and_then(|value| self.close(closing).map(|()| value))
    }

    fn descend(&mut self) -> Result<(), Fault> {
        if self.depth == 1 {
            return Err(Fault::new("too many values within one another"));
        }
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, closing: u8) -> Result<(), Fault> {
        if self.take(closing) {
            Ok(())
        } else {
            Err(Fault::new("more in an array or object than its type has"))
        }
    }

    /// Reads a string, whose opening quotation mark is next.
    #[inline(never)]
    pub(super) fn string(&mut self) -> Result<Cow<'t, str>, Fault> {
        self.at += 1;
        let plain = self.plain();
        if self.pass(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut whole = plain.to_owned();
        while self.escaped()? {
            whole.push(self.character()?);
            whole.push_str(self.plain());
        }
        Ok(Cow::Owned(whole))
    }

    /// What stands for itself in a string. It ends before a byte of ASCII, so that it is a text.
    fn plain(&mut self) -> &'t str {
        let rest = self.rest();
        // Eight bytes at a time: a string may have megabytes.
        let mut length = 8 * rest.chunks_exact(8).take_while(|bytes| are_plain(bytes)).count();
        while rest.get(length).is_some_and(|&byte| is_plain(byte)) {
            length += 1;
        }
        let plain = self.text.get(self.at..self.at + length).unwrap_or_default();
        self.at += length;
        plain
    }

    /// Passes the end of a string, or the beginning of an escape, and says whether it was the latter.
    fn escaped(&mut self) -> Result<bool, Fault> {
        match self.next() {
            Some(byte @ (b'"' | b'\\')) => {
                self.at += 1;
                Ok(byte == b'\\')
            }
            Some(_) => Err(Fault::new("a control character in a string")),
            None => Err(Fault::new("a string without an end")),
        }
    }

    /// Reads what an escape stands for, or two that make a pair.
    fn character(&mut self) -> Result<char, Fault> {
        const LONE: Fault = Fault::new("half a surrogate pair");
        let unit = self.unit()?;
        let mut units = [unit, 0];
        let mut length = 1;
        if matches!(unit, 0xd800..=0xdbff) {
            if !(self.pass(b'\\') && self.next() == Some(b'u')) {
                return Err(LONE);
            }
            units[1] = self.unit()?;
            length = 2;
        }
        let mut characters = char::decode_utf16(units.into_iter().take(length));
        characters.next().and_then(Result::ok).ok_or(LONE)
    }

    /// Reads what follows a backslash: a unit of UTF-16.
    fn unit(&mut self) -> Result<u16, Fault> {
        let byte = self.next();
        self.at += usize::from(byte.is_some());
        Ok(match byte {
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => 10,
            Some(b'r') => 13,
            Some(b't') => 9,
            Some(byte @ (b'"' | b'\\' | b'/')) => u16::from(byte),
            Some(b'u') => {
                let mut unit = 0;
                for _ in 0..4 {
                    let digit = self.next().and_then(|byte| char::from(byte).to_digit(16));
                    let digit = digit.ok_or(Fault::new("an escape without four hexadecimal digits"))?;
                    unit = unit << 4 | digit as u16;
                    self.at += 1;
                }
                unit
            }
            _ => return Err(Fault::new("an unknown escape")),
        })
    }

    /// Passes a string of any content.
    fn skip_string(&mut self) -> Result<(), Fault> {
        if !self.take(b'"') {
            return Err(Fault::new("a name without quotation marks"));
        }
        self.plain();
        while self.escaped()? {
            self.unit()?;
            self.plain();
        }
        Ok(())
    }

    /// Reads a number, which is next, as it is written.
    #[inline(never)]
    pub(super) fn number(&mut self) -> Result<&'t str, Fault> {
        let from = self.at;
        self.pass(b'-');
        let leading = self.next() == Some(b'0');
        if self.digits()? > 1 && leading {
            return Err(Fault::new("a number that begins with a zero"));
        }
        if self.pass(b'.') {
            self.digits()?;
        }
        if self.pass(b'e') || self.pass(b'E') {
            let _ = self.pass(b'+') || self.pass(b'-');
            self.digits()?;
        }
        Ok(self.text.get(from..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Result<usize, Fault> {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.next() {
            self.at += 1;
        }
        let digits = self.at - from;
        if digits == 0 { Err(Fault::new("a number without a digit")) } else { Ok(digits) }
    }

    /// Passes the colon between a name and its value.
    pub(super) fn colon(&mut self) -> Result<(), Fault> {
        if self.take(b':') { Ok(()) } else { Err(Fault::new("a name without a colon")) }
    }

    /// Whether another element or name follows, `first` or behind a comma; what closes them is left.
    pub(super) fn more(&mut self, first: bool, closing: u8) -> Result<bool, Fault> {
        if self.peek() == Some(closing) {
            return Ok(false);
        }
        if first {
            return Ok(true);
        }
        if !self.pass(b',') {
            return Err(Fault::new("a comma is missing"));
        }
        if self.peek() == Some(closing) { Err(Fault::new("a comma too many")) } else { Ok(true) }
    }

    /// Passes a value of any kind, and of any depth, for it takes no room on the stack.
    #[inline(never)]
    pub(super) fn skip(&mut self) -> Result<&'t str, Fault> {
        self.peek();
        let from = self.at;
        let mut open = Vec::new();
        loop {
            let mut first = false;
            match self.peek() {
                Some(b'"') => self.skip_string()?,
                Some(b'-' | b'0'..=b'9') => drop(self.number()?),
                Some(b't') => self.word("true")?,
                Some(b'f') => self.word("false")?,
                Some(b'n') => self.word("null")?,
                Some(byte @ (b'[' | b'{')) => {
                    self.at += 1;
                    // Of either, the counterpart is two further.
                    open.push(byte + 2);
                    first = true;
                }
                _ => return Err(Fault::new("a value is missing")),
            }
            // What has been closed ends a value in its turn.
            loop {
                let Some(&closing) = open.last() else {
                    return Ok(self.text.get(from..self.at).unwrap_or_default());
                };
                if self.more(first, closing)? {
                    if closing == b'}' {
                        self.skip_string()?;
                        self.colon()?;
                    }
                    break;
                }
                self.at += 1;
                open.pop();
                first = false;
            }
        }
    }
}

/// Whether a byte stands for itself in a string.
fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\'
}

/// Whether each of eight bytes does, as one number: what is subtracted from a byte borrows into its highest bit.
fn are_plain(bytes: &[u8]) -> bool {
    const EACH: u64 = u64::MAX / 255;
    let Ok(word) = bytes.try_into().map(u64::from_le_bytes) else { return false };
    let below = |word: u64, byte: u8| word.wrapping_sub(EACH * u64::from(byte)) & !word;
    let is = |byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
    (below(word, b' ') | is(b'"') | is(b'\\')) & (EACH << 7) == 0
}
