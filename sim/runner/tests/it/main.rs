//! One program for what is asked of the programs.

mod bad_inputs;
mod conformance_document;
mod decode;
mod expectations;
mod kills;
mod recorded;
mod unheard;
