//! The server behind the gateway: each message goes to the application that its sender has.

mod door;
mod room;

#[cfg(test)]
mod tests;

use super::Output;
use crate::scenario::Application;
use core::net::SocketAddr;
use door::Doors;
use ike_core::Instant;
use room::Rooms;
use std::collections::VecDeque;

/// What the server wants done, and for whom.
type Outputs = VecDeque<(SocketAddr, Output)>;

fn send(outputs: &mut Outputs, to: SocketAddr, text: String, repeated: bool) {
    outputs.push_back((to, Output::Send { text, repeated }));
}

/// The server's side of all applications.
#[derive(Clone, Debug, Default)]
pub(crate) struct Controller {
    doors: Doors,
    rooms: Rooms,
    outputs: Outputs,
}

impl Controller {
    /// A message of a node that has this application.
    pub(crate) fn handle_message(
        &mut self,
        now: Instant,
        message: (SocketAddr, &str),
        application: &Application,
    ) {
        match application {
            Application::GarageDoor(config) => {
                self.doors.handle_message(now, message, *config, &mut self.outputs);
            }
            Application::RoomSensor(_) => {
                self.rooms.handle_message(now, message, &mut self.outputs);
            }
            // Echo requests are answered by the stack.
            Application::Ping(_) => {}
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.doors.handle_timeout(now, &mut self.outputs);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.doors.poll_timeout()
    }

    pub(crate) fn poll_output(&mut self) -> Option<(SocketAddr, Output)> {
        self.outputs.pop_front()
    }
}
