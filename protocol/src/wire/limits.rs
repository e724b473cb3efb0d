//! How large what comes in may be.

/// Limits on incoming messages, checked before anything is allocated for what they bound. Set the fields of a
/// default value:
///
/// ```
/// let mut limits = rejoin_protocol::wire::WireLimits::default();
/// limits.max_frame = 64 << 10;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WireLimits {
    /// Bytes of one frame, its type included. Default 1 MiB: a part of a message (a quarter of a window of 1 MiB at
    /// most), a publication of 64 KiB or a list of presence, with room to spare.
    pub max_frame: usize,
    /// Frames of one batch. Default 32,768: as many as a message of 64 KiB can hold.
    pub max_frames: usize,
    /// Bytes of HELLO besides its `auth`, its type included. Default 4,096.
    pub max_hello: usize,
    /// Bytes of what authenticates a client: `auth` in HELLO, which may have so many more for it, and AUTH. Default 16 KiB.
    pub max_auth: usize,
    /// Bytes of a channel's name. Default 255.
    pub max_channel: usize,
    /// Bytes of a reason. Default 123, as many as fit into a close frame (RFC 6455, section 5.5).
    pub max_reason: usize,
    /// Bytes of the name of a subprotocol, a client or an instance. Default 255.
    pub max_name: usize,
    /// Subprotocols that a HELLO offers. Default 32.
    pub max_protocols: usize,
    /// Members in a full list of presence. Default 10,000.
    pub max_members: usize,
}

impl Default for WireLimits {
    fn default() -> Self {
        Self {
            max_frame: 1 << 20,
            max_frames: 32_768,
            max_hello: 4_096,
            max_auth: 16 << 10,
            max_channel: 255,
            max_reason: 123,
            max_name: 255,
            max_protocols: 32,
            max_members: 10_000,
        }
    }
}

impl WireLimits {
    /// The most bytes of a whole HELLO: [`max_hello`](Self::max_hello) and [`max_auth`](Self::max_auth).
    #[must_use]
    pub fn hello_bytes(&self) -> usize {
        self.max_hello.saturating_add(self.max_auth)
    }
}
