//! What differs from node to node.

use super::{LEAST, read, with};
use rstest::rstest;

#[rstest]
#[case("door-{n}", "fqdn:door-0", "fqdn:door-299")]
#[case("{group}.{n}.example", "fqdn:door.0.example", "fqdn:door.299.example")]
#[case("fqdn:10.0.0.{n}", "fqdn:10.0.0.0", "fqdn:10.0.0.299")]
#[case("user-{n}@example", "rfc822:user-0@example", "rfc822:user-299@example")]
#[case("keyid:ff{n}", "keyid:ff00000000", "keyid:ff0000012b")]
#[case("2001:db8::{n}", "ipv6:2001:db8::", "ipv6:2001:db8::299")]
fn an_identity_has_the_number_where_the_pattern_says(
    #[case] pattern: &str,
    #[case] first: &str,
    #[case] last: &str,
) {
    let text = with("", &format!("count = 300\nidentity = \"{pattern}\""));
    let group = &read(&text).groups[0];
    assert_eq!(group.identity(0).to_string(), first);
    assert_eq!(group.identity(299).to_string(), last);
}

#[rstest]
#[case("a word", b"a word", b"a word")]
#[case("{group} {n} {n}", b"door 0 0", b"door 11 11")]
#[case("{x}", b"{x}", b"{x}")]
#[case("hex:00fF", &[0x00, 0xff], &[0x00, 0xff])]
#[case("hex:aa{n}", &[0xaa, 0, 0, 0, 0], &[0xaa, 0, 0, 0, 11])]
fn a_key_has_the_number_where_the_pattern_says(
    #[case] pattern: &str,
    #[case] first: &[u8],
    #[case] last: &[u8],
) {
    let group = &read(&with("", &format!("count = 12\npsk = \"{pattern}\""))).groups[0];
    assert_eq!(group.psk(0).as_slice(), first);
    assert_eq!(group.psk(11).as_slice(), last);
    assert_eq!(group.gateway_psk(11), Some(group.psk(11)));
}

#[test]
fn the_gateway_may_have_another_key_on_file() {
    let group = &read(&with("", "psk = \"right\"\ngateway_psk = \"wrong {n}\"")).groups[0];
    assert_eq!(group.psk(0).as_slice(), b"right");
    let on_file = group.gateway_psk(0).expect("a key");
    assert_eq!(on_file.as_slice(), b"wrong 0");
}

#[test]
fn the_gateway_has_no_key_of_nodes_that_it_does_not_know() {
    let group = &read(&with("", "count = 2\nknown = false")).groups[0];
    assert_eq!((group.gateway_psk(0), group.gateway_psk(1)), (None, None));
    assert_eq!(group.psk(1).as_slice(), b"door-1 shared secret");
    let group = &read(&with("", "known = true\ngateway_psk = \"other\"")).groups[0];
    assert!(group.gateway_psk(0).is_some());
}

#[test]
fn a_key_never_shows_in_debug_output() {
    let scenario = read(&with("", "psk = \"sesame\""));
    assert!(!format!("{scenario:?}").contains("sesame"));
}

#[test]
fn numbers_go_on_through_all_groups() {
    let second = LEAST.split_once("[[node]]").expect("there is a node").1.replace("door", "gate");
    let second = second.replace("garage-gate", "ping");
    let scenario = read(&format!("{LEAST}count = 3\n[[node]]{second}count = 2"));
    let numbers: Vec<_> = scenario.groups.iter().map(|group| group.numbers()).collect();
    assert_eq!((numbers, scenario.nodes()), (vec![0..3, 3..5], 5));
    assert_eq!(scenario.groups[1].identity(4).to_string(), "fqdn:gate-4.example");
}

#[test]
fn a_key_or_an_identity_that_is_too_long_only_for_the_last_node_is_refused() {
    for (key, length) in [("psk", 128), ("identity", 64)] {
        let pattern = "x".repeat(length - 2);
        let text = with("", &format!("count = 100\n{key} = \"{pattern}{{n}}\""));
        read(&text);
        let error = super::Scenario::parse("x.toml", &text.replace("100", "101"), &[]);
        let error = error.expect_err("one octet too many").to_string();
        assert!(
            error.starts_with(&format!("x.toml:9:{}: node.door.{key}: ", key.len() + 4)),
            "{error}"
        );
    }
}

#[test]
#[should_panic(expected = "group door has no node 1")]
fn a_node_of_another_group_is_not_invented() {
    let _ = read(LEAST).groups[0].identity(1);
}
