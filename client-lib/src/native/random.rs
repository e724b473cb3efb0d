//! Random numbers of the operating system.

/// 64 random bits that nobody can guess.
///
/// # Panics
/// If the operating system has no randomness to give: then nothing that needs it can be done safely.
pub(crate) fn random() -> u64 {
    let mut bytes = [0; 8];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no random numbers: {error}");
    }
    u64::from_le_bytes(bytes)
}

/// A seed for jitter.
pub(crate) fn seed() -> u64 {
    random()
}
