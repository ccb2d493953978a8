//! The implementations that can be plugged into the virtual network.

/// An implementation in a container, by the contract of `docs/gateways.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plug {
    /// Its name on a command line, and its folder below `harness/gateways`.
    pub name: &'static str,
    /// What it can be.
    pub roles: &'static [Role],
    /// What it does otherwise than a reader would expect, whatever the setting.
    pub caveats: &'static [&'static str],
}

/// Which end of IKEv2 a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The gateway: it answers.
    Responder,
    /// The device: it connects.
    Initiator,
}

impl Role {
    /// The word of the contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Responder => "responder",
            Self::Initiator => "initiator",
        }
    }
}

const BOTH: &[Role] = &[Role::Responder, Role::Initiator];

/// All of them.
pub const GATEWAYS: [Plug; 3] = [
    Plug {
        name: "strongswan",
        roles: BOTH,
        caveats: &["ESP is in user space (kernel-libipsec), not in the kernel"],
    },
    Plug {
        name: "libreswan",
        roles: BOTH,
        caveats: &["it runs in a kernel of its own (User-Mode Linux), on x86-64 only"],
    },
    Plug {
        name: "openiked",
        roles: &[Role::Responder],
        caveats: &[
            "it runs in a kernel of its own (User-Mode Linux), on x86-64 only",
            "its build for Linux has no ESP with HMAC-SHA2-256 or an AEAD: only scenarios that refuse the Child SA work",
            "it forgets the IKE SA when it refuses the Child SA",
        ],
    },
];

impl Plug {
    /// The implementation with a name.
    ///
    /// # Errors
    /// The names that there are.
    pub fn named(name: &str) -> Result<&'static Self, String> {
        let names = || GATEWAYS.map(|plug| plug.name).join(", ");
        let found = GATEWAYS.iter().find(|plug| plug.name == name);
        found.ok_or_else(|| format!("no gateway {name}; expected one of {}", names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_folder_with_a_recipe_and_each_folder_is_in_the_table() {
        let root = crate::gateways::image::folder();
        let mut folders: Vec<String> = std::fs::read_dir(&root)
            .expect("harness/gateways")
            .map(|entry| entry.expect("an entry"))
            .filter(|entry| entry.path().join("Dockerfile").is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        folders.sort();
        let mut names = GATEWAYS.map(|plug| plug.name.to_owned()).to_vec();
        names.sort();
        assert_eq!(folders, names);
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        assert_eq!(Plug::named("libreswan").map(|plug| plug.name), Ok("libreswan"));
        let error = Plug::named("racoon").expect_err("no such");
        assert!(error.ends_with("expected one of strongswan, libreswan, openiked"), "{error}");
    }
}
