//! The wire format: every kind of frame there and back, nothing that breaks it gets through, and the vectors of
//! `docs/protocol.md` hold.

mod batches;
mod broken;
mod limits;
mod round_trip;
mod samples;
mod show;
mod vectors;
