//! The server's key: it proves which session is whose, without a look-up.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use hmac::{Hmac, Mac};
use rejoin_protocol::wire::{Alias, SessionId, Token};
use sha2::Sha256;

/// A secret of 32 bytes that all instances of a server share. Whoever has it can resume any session.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// A key that is known.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key of this process alone: its sessions do not outlive it.
    ///
    /// # Errors
    /// The system's, when it has no random bytes to give.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(bytes))
    }

    /// Reads the key from a file, or makes one and writes it there, readable by its owner alone. A crash while it is written
    /// leaves no broken key.
    ///
    /// # Errors
    /// When the file can't be read or written, does not hold 32 bytes, or can be read by others.
    pub fn at(path: &Path) -> io::Result<Self> {
        match std::fs::File::open(path) {
            Ok(file) => Self::read(path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match Self::random()?.write(path) {
                    // Another process was faster.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        Self::read(path, std::fs::File::open(path)?)
                    }
                    written => written,
                }
            }
            Err(error) => Err(error),
        }
    }

    fn read(path: &Path, mut file: std::fs::File) -> io::Result<Self> {
        let path = path.display();
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata()?.permissions());
            if mode & 0o077 != 0 {
                let mode = mode & 0o777;
                return Err(io::Error::other(format!(
                    "{path} can be read or written by others (mode {mode:o}): make it yours alone by `chmod 600 {path}`, or, if \
                     somebody may have read it, remove it, which ends all sessions"
                )));
            }
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let bytes = bytes.try_into().map_err(|bytes: Vec<u8>| {
            let found = bytes.len();
            io::Error::other(format!("{path} is no key: it has {found} bytes and not 32"))
        })?;
        Ok(Self(bytes))
    }

    /// Writes it beside, and gives it its name when it is whole.
    fn write(self, path: &Path) -> io::Result<Self> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}", std::process::id()));
        // What a crash has left may have other rights.
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(&self.0)?;
        file.sync_all()?;
        // Unlike renaming, it fails where there is a key already.
        let named = std::fs::hard_link(&beside, path);
        std::fs::remove_file(&beside)?;
        named?;
        #[cfg(unix)]
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::File::open(folder)?.sync_all()?;
        }
        Ok(self)
    }

    fn mac(&self, purpose: &[u8], id: SessionId) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| {
            // HMAC takes keys of any length (RFC 2104, section 2).
            unreachable!()
        });
        mac.update(purpose);
        mac.update(&id.born.to_be_bytes());
        mac.update(&id.random);
        mac
    }

    fn of_principal(&self, id: SessionId, principal: &str) -> Hmac<Sha256> {
        let mut mac = self.mac(b"token", id);
        mac.update(principal.as_bytes());
        mac
    }

    pub(super) fn token(&self, id: SessionId, principal: &str) -> Token {
        self.of_principal(id, principal).finalize().into_bytes().into()
    }

    /// Compared in constant time.
    pub(super) fn proves(&self, id: SessionId, principal: &str, token: &Token) -> bool {
        self.of_principal(id, principal).verify_slice(token).is_ok()
    }

    pub(super) fn alias(&self, id: SessionId) -> Alias {
        let mac = self.mac(b"alias", id).finalize().into_bytes();
        let mut alias = [0; 8];
        alias.copy_from_slice(&mac[..8]);
        Alias::from_le_bytes(alias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: SessionId = SessionId { born: 1, random: [2; 12] };

    #[test]
    fn a_token_proves_one_id_of_one_principal_under_one_key() {
        let key = Key::new([7; 32]);
        let token = key.token(ID, "ada");
        assert!(key.proves(ID, "ada", &token));
        assert!(!key.proves(ID, "bob", &token));
        assert!(!key.proves(SessionId { born: 2, ..ID }, "ada", &token));
        assert!(!Key::new([8; 32]).proves(ID, "ada", &token));
        assert_ne!(key.alias(ID), 0);
        assert!(!format!("{key:?}").contains('7'));
    }

    #[test]
    fn a_key_in_a_file_is_the_same_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = Key::at(&path).unwrap();
        assert_eq!(Key::at(&path).unwrap().token(ID, ""), made.token(ID, ""));
        std::fs::write(&path, b"short").unwrap();
        assert!(Key::at(&path).unwrap_err().to_string().contains("5 bytes"));
    }

    #[test]
    #[cfg(unix)]
    fn a_key_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        Key::at(&path).unwrap();
        let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        for mode in [0o644, 0o640, 0o602] {
            set(mode);
            let error = Key::at(&path).unwrap_err().to_string();
            assert!(error.contains("chmod 600") && error.contains(&format!("{mode:o}")), "{error}");
        }
        set(0o600);
        Key::at(&path).unwrap();
    }

    #[test]
    fn what_a_crash_left_of_a_key_does_no_harm_and_one_key_is_made_by_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(folder.path().join(format!("key.{}", std::process::id())), b"half").unwrap();
        let made = Key::at(&path).unwrap();
        assert!(Key::new([1; 32]).write(&path).is_err(), "there is one already");
        assert_eq!(Key::at(&path).unwrap().token(ID, ""), made.token(ID, ""));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
