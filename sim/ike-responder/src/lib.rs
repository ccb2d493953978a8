//! The reference IKEv2 responder, sans-IO.
#![forbid(unsafe_code)]
