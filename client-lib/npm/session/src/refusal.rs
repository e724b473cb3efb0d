//! Why something was not taken, as one number: the kind, and eight times the limit that it names.

use rejoin::session::Refusal;

/// What stands for none.
pub(crate) const TAKEN: f64 = 0.0;

pub(crate) fn number(refusal: Refusal) -> f64 {
    let (kind, limit) = match refusal {
        Refusal::Full => (1.0, 0),
        Refusal::TooLarge { limit } => (2.0, limit),
        Refusal::TooMany { limit } => (3.0, limit),
        Refusal::NameTooLong { limit } => (4.0, limit),
        Refusal::TooManyChannels { limit } => (6.0, limit),
        // There is one more: closed.
        _ => (5.0, 0),
    };
    kind + 8.0 * limit as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_and_limit_can_be_told_apart() {
        assert_eq!(number(Refusal::Full), 1.0);
        assert_eq!(number(Refusal::TooLarge { limit: 16 << 20 }), 2.0 + 8.0 * f64::from(16 << 20));
        assert_eq!(number(Refusal::NameTooLong { limit: 255 }) % 8.0, 4.0);
        assert_eq!(number(Refusal::Closed), 5.0);
    }
}
