//! The minimal IKEv2 initiator of RFC 7815, sans-IO; no_std, no alloc.
#![forbid(unsafe_code)]
