//! What a gateway does after a device refused what it asked for (RFC 7815 2.1: NO_ADDITIONAL_SAS).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What it did next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// It did not ask at all.
    NeverAsked,
    /// It deleted the IKE SA.
    DeletesIke,
    /// It deleted the Child SA and left the IKE SA.
    DeletesChild,
    /// It left the SA and began a new one by itself, towards the device, which answers no IKE_SA_INIT.
    StartsAnew,
    /// It asked again, and the SA stayed.
    AsksAgain,
    /// It left everything as it was.
    KeepsAll,
}

impl Next {
    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverAsked => "never asked",
            Self::DeletesIke => "deletes the IKE SA",
            Self::DeletesChild => "deletes the Child SA",
            Self::StartsAnew => "starts an IKE SA of its own",
            Self::AsksAgain => "asks again",
            Self::KeepsAll => "keeps all",
        }
    }
}

/// What the events say of it.
#[must_use]
pub fn after_refusal(events: &[Value]) -> Next {
    let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let refused = |event: &Value| {
        text(event, "event") == "answered" && text(event, "exchange") == "CREATE_CHILD_SA"
    };
    let starts = |event: &Value| {
        let fields = ["who", "event", "exchange", "kind"].map(|key| text(event, key));
        fields == ["gateway", "message", "IKE_SA_INIT", "request"]
    };
    let mut after = events.iter().skip_while(|event| !refused(event));
    if after.next().is_none() {
        return Next::NeverAsked;
    }
    let after: Vec<&Value> = after.collect();
    let closed = |reason: &str| {
        after
            .iter()
            .any(|event| text(event, "event") == "closed" && text(event, "reason") == reason)
    };
    if closed("the gateway deleted the IKE SA") {
        Next::DeletesIke
    } else if closed("the gateway deleted the Child SA") {
        Next::DeletesChild
    } else if after.iter().any(|event| starts(event)) {
        Next::StartsAnew
    } else if after.iter().any(|event| refused(event)) {
        Next::AsksAgain
    } else {
        Next::KeepsAll
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_follows_the_first_refusal_counts() {
        let refused = json!({"event": "answered", "exchange": "CREATE_CHILD_SA"});
        let lives = json!({"event": "answered", "exchange": "INFORMATIONAL"});
        let closed = |reason: &str| json!({"event": "closed", "reason": reason});
        let ike = closed("the gateway deleted the IKE SA");
        let child = closed("the gateway deleted the Child SA");
        let silent = closed("closed without a Delete");
        let anew = json!({"who": "gateway", "event": "message", "exchange": "IKE_SA_INIT", "kind": "request"});
        let cases = [
            (vec![&lives, &ike], Next::NeverAsked),
            (vec![&lives, &refused, &lives, &silent], Next::KeepsAll),
            (vec![&refused, &refused, &silent], Next::AsksAgain),
            (vec![&refused, &refused, &ike], Next::DeletesIke),
            (vec![&refused, &child], Next::DeletesChild),
            (vec![&refused, &refused, &anew, &anew, &silent], Next::StartsAnew),
            (vec![&refused, &anew, &ike], Next::DeletesIke),
            (vec![&ike, &refused, &silent], Next::KeepsAll),
        ];
        for (events, expected) in cases {
            let events: Vec<Value> = events.into_iter().cloned().collect();
            assert_eq!(after_refusal(&events), expected, "{events:?}");
        }
    }
}
