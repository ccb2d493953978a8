//! Where RFC 7815 and RFC 7296 disagree, a profile decides.

use core::fmt;
use core::str::FromStr;

/// Which of the two a device follows where they differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// RFC 7815 to the letter: COOKIE and INVALID_KE_PAYLOAD are ignored (1, A.3), a request of
    /// the gateway is answered whatever its Message ID (2.1), each time with a fresh IV.
    Rfc7815,
    /// The least that RFC 7296 demands: COOKIE and INVALID_KE_PAYLOAD are answered (2.6, 1.2), the
    /// window is 1 and the last response is kept to the octet (2.3).
    #[default]
    Rfc7296Min,
    /// The same with what came after: the algorithms' levels of RFC 8247 and RFC 8221, and RFC 9333
    /// for ESP. Every algorithm here is one that these recommend, so it differs in what it is
    /// judged by.
    Modern,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rfc7815, Self::Rfc7296Min, Self::Modern];

    /// The name in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rfc7815 => "rfc7815",
            Self::Rfc7296Min => "rfc7296-min",
            Self::Modern => "modern",
        }
    }

    /// Whether COOKIE and INVALID_KE_PAYLOAD change the request.
    pub(crate) const fn answers_unauthenticated_notifies(self) -> bool {
        matches!(self, Self::Rfc7296Min | Self::Modern)
    }

    /// Whether a request of a higher major version is answered (RFC 7296 2.5; RFC 7815 A.1: not).
    pub(crate) const fn tells_its_version(self) -> bool {
        matches!(self, Self::Rfc7296Min | Self::Modern)
    }

    /// Whether the gateway's Message IDs are tracked.
    pub(crate) const fn has_window(self) -> bool {
        matches!(self, Self::Rfc7296Min | Self::Modern)
    }
}

/// No profile has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownProfile;

impl fmt::Display for UnknownProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected one of")?;
        Profile::ALL.iter().try_for_each(|profile| write!(f, " {}", profile.name()))
    }
}

impl core::error::Error for UnknownProfile {}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        Self::ALL.into_iter().find(|profile| profile.name() == text).ok_or(UnknownProfile)
    }
}
