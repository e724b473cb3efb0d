//! Who keeps a session over a reload of the page, as its core sees it.

use std::rc::Weak;

use rejoin_protocol::session::{Pair, Publication, Stored};

use super::core::Core;

/// What keeps a session over a reload of the page. A trait object, so that a session that is not kept does not carry
/// the code for it.
pub(crate) trait Keeper {
    /// Keeps the identity, at once; where it can't, keeps nothing from now on and says so to the core.
    fn identity(&self, core: Weak<Core>, pair: &Pair);

    /// Keeps a publication of a channel, and says so to the core once it is kept.
    fn published(&self, core: Weak<Core>, publication: Publication, channel: &str, stored: &Stored);

    /// A publication has its answer, or never will: forgets it, and says so to the core once it is forgotten.
    fn settled(&self, core: Weak<Core>, publication: Publication);

    /// The identity is gone: its numbers say nothing any more.
    fn lost(&self);

    /// The session is over.
    fn over(&self);
}

/// Who keeps a session, where somebody may. Where nobody can there is no code that asks.
#[cfg(all(feature = "persistence", not(all(feature = "native", not(target_arch = "wasm32")))))]
pub(crate) type Kept = std::rc::Rc<dyn Keeper>;
#[cfg(not(all(feature = "persistence", not(all(feature = "native", not(target_arch = "wasm32"))))))]
pub(crate) type Kept = Nobody;

/// Nobody, of whom there is none.
#[cfg(not(all(feature = "persistence", not(all(feature = "native", not(target_arch = "wasm32"))))))]
pub(crate) enum Nobody {}

#[cfg(not(all(feature = "persistence", not(all(feature = "native", not(target_arch = "wasm32"))))))]
impl std::ops::Deref for Nobody {
    type Target = dyn Keeper;

    fn deref(&self) -> &Self::Target {
        match *self {}
    }
}
