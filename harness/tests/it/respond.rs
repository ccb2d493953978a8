//! The program `respond` as a gateway beside a test.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

/// It runs until it ends by itself or this is dropped.
pub(crate) struct Respond {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Where it listens.
    pub(crate) address: String,
}

impl Respond {
    /// Starts it and reads where it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_respond"))
            .args(["--listen", "127.0.0.1:0", "--id", "gateway.example"])
            .args(["--psk", "door.example=hex:736563726574"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("respond starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let address = line.trim_end().strip_prefix("listening on ").expect("where").to_owned();
        Self { child, stdout, address }
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Its exit status and the rest of what it printed.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).expect("text");
        (self.child.wait().expect("a status").code(), text)
    }
}

impl Drop for Respond {
    fn drop(&mut self) {
        // One that has ended by itself is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
