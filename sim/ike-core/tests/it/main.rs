//! The codec and the key schedule through the public interface.

mod common;
mod hostile;
mod published;
mod round_trip;
