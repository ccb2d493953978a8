//! What serde says, in the words of the documents.

/// A message of serde about TOML, for whoever wrote the TOML: that has tables, lists and keys where serde speaks of maps, sequences
/// and fields. Any other message stays as it is.
#[must_use]
pub fn in_plain_words(message: &str) -> String {
    let wrong_type = message.strip_prefix("invalid type: ");
    if let Some((found, expected)) = wrong_type.and_then(|it| it.rsplit_once(", expected ")) {
        return format!("{}: expected {}", found_in_toml(found), expected_in_toml(expected));
    }
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return format!("unknown key {}", rest.replacen(", expected ", ": expected ", 1));
    }
    match message.strip_prefix("missing field ") {
        Some(rest) => format!("missing key {rest}"),
        None => message.to_owned(),
    }
}

/// As `serde::de::Unexpected` is shown: a kind, and behind it the value in quotes if it is a single one.
fn found_in_toml(found: &str) -> String {
    let kinds = [
        ("integer ", "an integer"),
        ("floating point ", "a float"),
        ("boolean ", "a boolean"),
        ("string ", "a text"),
    ];
    let single = kinds.iter().find_map(|(kind, name)| Some((found.strip_prefix(kind)?, name)));
    match (found, single) {
        ("map", _) => "it is a table".to_owned(),
        ("sequence", _) => "it is a list".to_owned(),
        (_, Some((value, name))) => {
            let value = value.strip_suffix(" as i128").unwrap_or(value);
            format!("{} is {name}", value.trim_matches('`'))
        }
        (other, None) => format!("it is {other}"),
    }
}

fn expected_in_toml(expected: &str) -> &str {
    match expected {
        "a sequence" => "a list",
        "a map" => "a table",
        "a boolean" => "true or false",
        "a string" => "a text",
        own => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("invalid type: map, expected a sequence", "it is a table: expected a list")]
    #[case(
        "invalid type: sequence, expected a table such as {}",
        "it is a list: expected a table such as {}"
    )]
    #[case(
        "invalid type: integer `3`, expected a boolean",
        "3 is an integer: expected true or false"
    )]
    #[case(
        "invalid type: integer `9` as i128, expected a string",
        "9 is an integer: expected a text"
    )]
    #[case(
        "invalid type: floating point `0.1`, expected a rate",
        "0.1 is a float: expected a rate"
    )]
    #[case(
        "invalid type: string \"a, expected b\", expected c",
        "\"a, expected b\" is a text: expected c"
    )]
    #[case("invalid type: boolean `true`, expected a string", "true is a boolean: expected a text")]
    #[case("unknown field `a`, expected `b` or `c`", "unknown key `a`: expected `b` or `c`")]
    #[case("missing field `a`", "missing key `a`")]
    #[case("\"unknown field\" is not a rate", "\"unknown field\" is not a rate")]
    fn serde_is_told_in_the_words_of_toml(#[case] message: &str, #[case] plain: &str) {
        assert_eq!(in_plain_words(message), plain);
    }
}
