//! The verbs a person types: parses, then spawns the program that has the verb.
//!
//! `cargo xtask VERB ARGUMENTS...` builds what the verb needs and hands it all the arguments as they are. What
//! computes is built in release; what waits for real gateways is built as the tests are, whose libraries it shares:
//! those that talk to Docker are half of a build. The program runs in the caller's directory, so that relative paths
//! mean what they say, and its exit status is passed on.
#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

/// A word after `cargo xtask`, and the program that it stands for.
struct Verb {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    package: &'static str,
    program: &'static str,
}

static VERBS: [Verb; 11] = [
    Verb {
        name: "simulate",
        arguments: "SCENARIO [OPTIONS]",
        about: "run a scenario in virtual time and show what happened",
        package: "runner",
        program: "simulate",
    },
    Verb {
        name: "sweep",
        arguments: "PLAN [OPTIONS]",
        about: "run a scenario with many changes and seeds, and report what they say together",
        package: "runner",
        program: "sweep",
    },
    Verb {
        name: "diff",
        arguments: "RUN RUN [OPTIONS]",
        about: "name the first event in which two runs differ",
        package: "runner",
        program: "diff",
    },
    Verb {
        name: "bench",
        arguments: "[PART...]",
        about: "measure what the simulator costs beside its cryptography",
        package: "runner",
        program: "bench",
    },
    Verb {
        name: "weigh",
        arguments: "[OPTIONS]",
        about: "measure how much memory a node takes, and a run of many",
        package: "runner",
        program: "weigh",
    },
    Verb {
        name: "decode",
        arguments: "CAPTURE [OPTIONS]",
        about: "draw the IKEv2 exchanges of anybody's capture, decrypted with Wireshark's table of keys",
        package: "runner",
        program: "decode",
    },
    Verb {
        name: "conformance",
        arguments: "[OPTIONS]",
        about: "judge implementations by the requirements of the RFCs, case by case",
        package: "runner",
        program: "conformance",
    },
    Verb {
        name: "interop",
        arguments: "[OPTIONS]",
        about: "run the interop cases against each gateway and show the verdicts",
        package: "harness",
        program: "interop",
    },
    Verb {
        name: "connect",
        arguments: "[OPTIONS]",
        about: "connect to a real gateway as the initiator",
        package: "harness",
        program: "connect",
    },
    Verb {
        name: "respond",
        arguments: "[OPTIONS]",
        about: "answer real initiators as the gateway",
        package: "harness",
        program: "respond",
    },
    Verb {
        name: "gateways",
        arguments: "[NAME...] [OPTIONS]",
        about: "build and try the real gateways that run in containers",
        package: "harness",
        program: "gateways",
    },
];

/// What `simulate` stands for where the gateway is not the reference responder: only then sockets and containers are
/// built.
static SIMULATE_OUTSIDE: Verb = Verb {
    name: "simulate",
    arguments: "SCENARIO --gateway NAME [OPTIONS]",
    about: "run a scenario with a real gateway, at the pace of the clock",
    package: "harness",
    program: "simulate-outside",
};

/// What `conformance` stands for where somebody outside is judged.
static CONFORMANCE_OUTSIDE: Verb = Verb {
    name: "conformance",
    arguments: "--implementation NAME | --gateway udp:ADDRESS | --device udp:ADDRESS [OPTIONS]",
    about: "judge a real gateway or device by the same cases, in real time",
    package: "harness",
    program: "conformance-outside",
};

/// The implementations in containers: only they are built with sockets.
const IN_CONTAINERS: [&str; 3] = ["strongswan", "libreswan", "openiked"];

/// The exit status for what nobody can make sense of.
const BAD_INPUT: u8 = 2;
/// The exit status where no program ran; cargo's own, too.
const NOT_STARTED: u8 = 101;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(name) = arguments.next() else {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    };
    if ["help", "--help", "-h"].iter().any(|help| name == *help) {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let Some(verb) = VERBS.iter().find(|verb| name == verb.name) else {
        eprint!("no verb {}\n\n{}", name.display(), usage());
        return ExitCode::from(BAD_INPUT);
    };
    let arguments: Vec<OsString> = arguments.collect();
    let verb = match verb.name {
        "simulate" if has_gateway_outside(&arguments) => &SIMULATE_OUTSIDE,
        "conformance" if judges_outside(&arguments) => &CONFORMANCE_OUTSIDE,
        _ => verb,
    };
    // A newcomer should see that something is being built; whoever has built it wants the result only.
    let quiet = !io::stderr().is_terminal() || verb.is_built(&target_directory());
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    match Command::new(&cargo).args(verb.cargo_arguments(quiet, arguments.into_iter())).status() {
        Ok(status) => exit_code(status),
        Err(error) => {
            eprintln!("cannot start {}: {error}", cargo.display());
            ExitCode::from(NOT_STARTED)
        }
    }
}

/// Whether the last `--gateway` names another one than the reference responder.
fn has_gateway_outside(arguments: &[OsString]) -> bool {
    last(arguments, "--gateway").is_some_and(|name| name != "reference")
}

/// Whether a gateway or a device at a port is to be judged, or an implementation in a container.
fn judges_outside(arguments: &[OsString]) -> bool {
    let contained = last(arguments, "--implementation");
    ["--gateway", "--device"].iter().any(|option| last(arguments, option).is_some())
        || contained.is_some_and(|name| IN_CONTAINERS.contains(&name))
}

/// The last value of an option.
fn last<'a>(arguments: &'a [OsString], option: &str) -> Option<&'a str> {
    let options = arguments.iter().take_while(|argument| *argument != "--");
    let values = options.zip(arguments.iter().skip(1).map(Some).chain([None])).filter_map(
        |(found, next)| match found.to_str()?.strip_prefix(option)? {
            "" => next?.to_str(),
            value => value.strip_prefix('='),
        },
    );
    values.last()
}

impl Verb {
    /// What cargo is told.
    fn cargo_arguments(
        &self,
        quiet: bool,
        arguments: impl Iterator<Item = OsString>,
    ) -> Vec<OsString> {
        let manifest = root().join("Cargo.toml");
        let mut all: Vec<OsString> = vec!["run".into()];
        if quiet {
            all.push("--quiet".into());
        }
        if self.in_release() {
            all.push("--release".into());
        }
        // The manifest by its path instead of a change of directory: that stays the caller's.
        all.extend([OsString::from("--manifest-path"), manifest.into()]);
        all.extend(["--package", self.package, "--bin", self.program, "--"].map(OsString::from));
        all.extend(arguments);
        all
    }

    /// Whether its program computes all the time that it runs.
    fn in_release(&self) -> bool {
        self.package != "harness"
    }

    /// Whether there is a program from an earlier build.
    fn is_built(&self, target: &Path) -> bool {
        let program = format!("{}{}", self.program, env::consts::EXE_SUFFIX);
        target.join(if self.in_release() { "release" } else { "debug" }).join(program).exists()
    }
}

fn usage() -> String {
    let outside = [&SIMULATE_OUTSIDE, &CONFORMANCE_OUTSIDE];
    let with_outside = |verb: &'static Verb| {
        [verb].into_iter().chain(outside.into_iter().filter(|other| other.name == verb.name))
    };
    let entry = |Verb { name, arguments, about, .. }: &Verb| {
        format!("  {name} {arguments}\n        {about}\n")
    };
    let entries: String = VERBS.iter().flat_map(with_outside).map(entry).collect();
    format!(
        "cargo xtask VERB ...\n\n{entries}\n`cargo xtask VERB --help` shows the options of a verb.\n"
    )
}

/// The root of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where cargo builds, as far as the environment says.
fn target_directory() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The exit status of the program; 128 and the signal where one ended it, as a shell has it.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| signal(status).map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
const fn signal(_: ExitStatus) -> Option<i32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_after_the_verb_passes_untouched() {
        let typed = ["x.toml", "--help", "--", "--set", "link.loss=5%"].map(OsString::from);
        let arguments = VERBS[0].cargo_arguments(true, typed.clone().into_iter());
        let at = arguments.iter().position(|argument| argument == "--").expect("a separator");
        assert_eq!(arguments[at + 1..], typed);
        assert_eq!(arguments[..3], ["run", "--quiet", "--release"].map(OsString::from));
        assert_eq!(
            arguments[at - 4..at],
            ["--package", "runner", "--bin", "simulate"].map(OsString::from)
        );
    }

    #[test]
    fn what_waits_for_the_clock_is_not_built_in_release() {
        for verb in VERBS.iter().chain([&SIMULATE_OUTSIDE, &CONFORMANCE_OUTSIDE]) {
            let arguments = verb.cargo_arguments(true, [].into_iter());
            let released = arguments.iter().any(|argument| argument == "--release");
            assert_eq!(released, verb.package == "runner", "{}", verb.program);
        }
    }

    #[test]
    fn a_gateway_outside_is_one_that_is_not_the_reference() {
        for (typed, outside) in [
            ("x.toml", false),
            ("x.toml --gateway reference", false),
            ("x.toml --gateway=reference", false),
            ("x.toml --gateway strongswan --skip-idle", true),
            ("--gateway=portal:127.0.0.1:1 x.toml", true),
            ("x.toml --gateway libreswan --gateway reference", false),
            ("x.toml --gateway", false),
            ("x.toml --gatewayed y", false),
            ("x.toml -- --gateway strongswan", false),
        ] {
            let typed: Vec<OsString> = typed.split(' ').map(OsString::from).collect();
            assert_eq!(has_gateway_outside(&typed), outside, "{typed:?}");
        }
    }

    #[test]
    fn who_is_outside_is_judged_by_the_program_with_sockets() {
        for (typed, outside) in [
            ("--out x", false),
            ("--implementation responder", false),
            ("--implementation strongswan --case x", true),
            ("--implementation=libreswan", true),
            ("--gateway udp:192.0.2.1", true),
            ("--device udp:192.0.2.1:4500 --wake x", true),
            ("--mutants --implementation esn-chosen", false),
        ] {
            let typed: Vec<OsString> = typed.split(' ').map(OsString::from).collect();
            assert_eq!(judges_outside(&typed), outside, "{typed:?}");
        }
    }

    #[test]
    fn a_first_build_is_shown() {
        assert!(!VERBS[0].is_built(Path::new("no such directory")));
        let loud = VERBS[0].cargo_arguments(false, std::iter::empty());
        assert!(!loud.contains(&OsString::from("--quiet")));
    }

    #[test]
    fn the_root_is_the_workspace() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
        assert!(manifest.starts_with("[workspace]"));
    }
}
