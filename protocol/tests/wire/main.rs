//! The wire format: every kind of frame there and back, and nothing that breaks it gets through.

mod batches;
mod broken;
mod limits;
mod round_trip;
mod samples;
