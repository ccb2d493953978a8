//! The initiator and the responder over the loopback interface: as library functions in one process, and as
//! the programs. No test looks at how long anything takes; deadlines only guard against hanging.

mod cells;
mod conform;
mod gateways;
mod independent;
mod interop;
mod loopback;
mod outside;
mod pair;
mod programs;
mod respond;
mod weather;
