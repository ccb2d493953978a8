//! What both ends of IKEv2 must agree on: wire formats, key schedule, SK payload; no_std, no alloc.
#![forbid(unsafe_code)]
