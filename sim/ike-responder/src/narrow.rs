//! Narrowing of traffic selectors (RFC 7296 2.9).

use ike_core::TrafficSelector;

/// As many as fit into a response beside everything else, in each of TSi and TSr.
const MOST: usize = 16;

/// What of the proposal the policy allows, in the order of the proposal: the first choice stays the
/// first. Empty where nothing is allowed.
pub(crate) fn narrow(
    proposed: impl Iterator<Item = TrafficSelector>,
    policy: &[TrafficSelector],
) -> Vec<TrafficSelector> {
    let mut narrowed: Vec<TrafficSelector> = Vec::new();
    for selector in proposed {
        for allowed in policy.iter().filter_map(|allowed| selector.intersection(allowed)) {
            if narrowed.len() < MOST && !narrowed.iter().any(|wide| wide.contains(&allowed)) {
                narrowed.push(allowed);
            }
        }
    }
    narrowed
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const ANY: (u16, u16) = (0, 65_535);

    fn range(first: u8, last: u8, protocol: u8, ports: (u16, u16)) -> TrafficSelector {
        TrafficSelector::new([10, 0, 0, first].into(), [10, 0, 0, last].into(), protocol, ports)
            .expect("a range")
    }

    fn host6() -> TrafficSelector {
        TrafficSelector::host(core::net::Ipv6Addr::LOCALHOST.into())
    }

    #[rstest]
    #[case::all_is_allowed(
        &[range(1, 9, 0, ANY)], &[range(0, 255, 0, ANY)], &[range(1, 9, 0, ANY)])]
    #[case::a_part_is_allowed(
        &[range(0, 255, 0, ANY)], &[range(7, 7, 17, (9, 9))], &[range(7, 7, 17, (9, 9))])]
    #[case::nothing_is_allowed(&[range(1, 9, 0, ANY)], &[range(10, 20, 0, ANY)], &[])]
    #[case::no_policy_allows_nothing(&[range(1, 9, 0, ANY)], &[], &[])]
    #[case::another_family(&[host6()], &[range(0, 255, 0, ANY)], &[])]
    #[case::each_family_by_its_own_policy(
        &[host6(), range(1, 9, 0, ANY)], &[range(0, 5, 0, ANY), host6()],
        &[host6(), range(1, 5, 0, ANY)])]
    #[case::the_specific_first_choice_stays_first(
        &[range(7, 7, 6, (80, 80)), range(0, 255, 0, ANY)], &[range(0, 15, 0, ANY)],
        &[range(7, 7, 6, (80, 80)), range(0, 15, 0, ANY)])]
    #[case::pieces_of_the_policy_stay_pieces(
        &[range(0, 255, 0, ANY)], &[range(1, 2, 0, ANY), range(8, 9, 0, ANY)],
        &[range(1, 2, 0, ANY), range(8, 9, 0, ANY)])]
    #[case::what_is_covered_is_not_repeated(
        &[range(0, 9, 0, ANY), range(3, 4, 6, ANY)], &[range(0, 255, 0, ANY)],
        &[range(0, 9, 0, ANY)])]
    fn the_proposal_is_narrowed_to_the_policy(
        #[case] proposed: &[TrafficSelector],
        #[case] policy: &[TrafficSelector],
        #[case] expected: &[TrafficSelector],
    ) {
        let narrowed = narrow(proposed.iter().copied(), policy);
        assert_eq!(narrowed, expected);
        assert!(TrafficSelector::all_within(&narrowed, proposed));
    }

    #[test]
    fn a_flood_of_selectors_is_cut_at_what_fits() {
        let proposed: Vec<_> = (0..=255).map(|last| range(last, last, 0, ANY)).collect();
        let narrowed = narrow(proposed.iter().copied(), &[range(0, 255, 0, ANY)]);
        assert_eq!(narrowed, proposed[..MOST]);
    }
}
