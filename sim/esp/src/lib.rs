//! ESP packets: seal, open, sequence numbers, replay window; no_std, no alloc.
#![forbid(unsafe_code)]
