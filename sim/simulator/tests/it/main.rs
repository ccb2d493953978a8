//! One program for all that is asked of whole runs: each program of its own would be linked with everything again.

mod ahead;
mod checkers;
mod child_deleted;
mod device;
mod documents;
mod energy;
mod exchanges;
mod fleet;
mod forgers;
mod links;
mod modelled;
mod one_address;
mod outside;
mod shipped;
mod support;
mod variants;
