//! One program for what is asked of the programs.

mod conformance_document;
mod decode;
mod kills;
mod recorded;
mod unheard;
