//! Outages, lists of drops, replay and injection.

use super::*;
use crate::link::DamageKind::{Corrupt, Mangle};
use std::collections::BTreeMap;

fn faulty() -> DirectionConfig {
    let share = Probability::from_ppm(200_000);
    DirectionConfig {
        duplicate: share,
        reorder: share,
        reorder_delay: Duration::from_millis(500),
        corrupt: share,
        mangle: share,
        ..direction(10, 5_000, 200_000)
    }
}

#[rstest]
#[case::before(999_999, false)]
#[case::first_instant(1_000_000, true)]
#[case::last_instant(2_999_999, true)]
#[case::after(3_000_000, false)]
#[case::in_the_second_outage(4_000_000, true)]
#[case::empty_outage(5_000_000, false)]
fn nothing_enters_a_link_that_is_down(
    #[case] at_us: u64,
    #[case] down: bool,
    #[values(Direction::Towards, Direction::Back)] way: Direction,
) {
    let outage =
        |from, until| Outage { from: Instant::from_secs(from), until: Instant::from_secs(until) };
    let config = LinkConfig {
        outages: vec![outage(4, 5), outage(1, 3), outage(5, 5)],
        ..LinkConfig::symmetric(direction(20, 0, 0))
    };
    let mut link = Link::new(1, config, &Streams::new(7));
    let fate = link.transmit(Instant::from_micros(at_us), way, &[0; 100]);
    let expected = if down { Outcome::Dropped(DropReason::Outage) } else { plain_ms(20) };
    assert_eq!(fate.outcome, expected);
    assert_eq!(link.accounting(way).dropped_for(DropReason::Outage), u32::from(down));
    assert_eq!(link.outages().len(), 3);
}

#[test]
fn listed_datagrams_are_dropped_and_the_others_fare_as_before() {
    let undisturbed = outcomes(&mut link(1, faulty()), Direction::Towards, 60);
    let mut listed = link(1, faulty());
    listed.order(Direction::Towards, Fault::Drop, [1, 7]);
    listed.order(Direction::Towards, Fault::Drop, [40]);
    let fates = outcomes(&mut listed, Direction::Towards, 60);
    for (index, (fate, before)) in fates.iter().zip(&undisturbed).enumerate() {
        let expected = if [1, 7, 40].contains(&index) {
            &Outcome::Dropped(DropReason::Listed)
        } else {
            before
        };
        assert_eq!(fate, expected, "{index}");
    }
    assert_eq!(listed.accounting(Direction::Towards).dropped_for(DropReason::Listed), 3);
    let back = outcomes(&mut listed, Direction::Back, 60);
    assert_eq!(back, outcomes(&mut link(1, faulty()), Direction::Back, 60));
}

/// On a link that does nothing of it by itself, and on one that does much of it: each order does what chance would
/// have done, and only that.
#[rstest]
#[case(Fault::Duplicate)]
#[case(Fault::Reorder)]
#[case(Fault::Corrupt)]
#[case(Fault::Mangle)]
fn an_ordered_fault_hits_its_datagram_and_the_others_fare_as_before(#[case] fault: Fault) {
    let good = DirectionConfig { reorder_delay: Duration::from_millis(500), ..direction(10, 0, 0) };
    for config in [good, DirectionConfig { loss: Probability::NEVER, ..faulty() }] {
        let before = outcomes(&mut link(1, config), Direction::Towards, 60);
        let mut ordered = link(1, config);
        ordered.order(Direction::Towards, fault, [1, 7, 40]);
        let fates = outcomes(&mut ordered, Direction::Towards, 60);
        for (index, (fate, before)) in fates.iter().zip(&before).enumerate() {
            let hit = fate.deliveries().all(|delivery| match fault {
                Fault::Drop | Fault::Duplicate => fate.deliveries().count() == 2,
                Fault::Reorder => delivery.reordered,
                Fault::Corrupt => delivery.damage.is_some_and(|damage| damage.kind() == Corrupt),
                Fault::Mangle => delivery.damage.is_some(),
            });
            if [1, 7, 40].contains(&index) {
                assert!(hit, "{index}: {fate}");
            } else {
                assert_eq!(fate, before, "{index}");
            }
        }
        let back = outcomes(&mut ordered, Direction::Back, 60);
        assert_eq!(back, outcomes(&mut link(1, config), Direction::Back, 60));
    }
}

/// So a damage that chance did can be ordered, to the bit.
#[test]
fn an_ordered_damage_is_the_one_that_chance_would_have_done() {
    let by_chance =
        DirectionConfig { corrupt: Probability::from_ppm(200_000), ..direction(10, 0, 0) };
    let fates = outcomes(&mut link(1, by_chance), Direction::Towards, 60);
    let hit = |(_, fate): &(u64, &Outcome)| fate.deliveries().any(|copy| copy.damage.is_some());
    let hits: Vec<u64> = (0..).zip(&fates).filter(hit).map(|(index, _)| index).collect();
    assert!(hits.len() > 3 && hits.len() < 30, "{hits:?}");
    let mut ordered = link(1, direction(10, 0, 0));
    ordered.order(Direction::Towards, Fault::Corrupt, hits);
    assert_eq!(outcomes(&mut ordered, Direction::Towards, 60), fates);
}

/// Through the text, as a recorded run is replayed: on a link that is good by itself.
#[test]
fn replaying_what_was_recorded_gives_identical_outcomes_and_accounts() {
    let mut recorded = link(1, faulty());
    recorded.order(Direction::Towards, Fault::Drop, [2]);
    let mut table = BTreeMap::new();
    for len in 0..400 {
        let fate = send(&mut recorded, Direction::Towards, 4 * len);
        table.insert(fate.index, fate.outcome.to_string().parse().unwrap());
    }
    let mut replayed = link(9, direction(77, 0, 0));
    replayed.replay(Direction::Towards, table.clone());
    for len in 0..400 {
        let fate = send(&mut replayed, Direction::Towards, 4 * len);
        assert_eq!(fate.outcome, table[&fate.index]);
    }
    let account = recorded.accounting(Direction::Towards);
    assert_eq!(replayed.accounting(Direction::Towards), account);
    assert!(DropReason::ALL.iter().any(|reason| account.dropped_for(*reason) > 0));
    assert!(account.reordered > 0 && account.corrupted > 0 && account.mangled > 0);
    assert_eq!(send(&mut replayed, Direction::Back, 100).outcome, plain_ms(77));
}

#[test]
fn what_is_missing_in_a_replay_arrives_plainly_whatever_is_configured() {
    let config = LinkConfig {
        outages: vec![Outage { from: Instant::ZERO, until: Instant::MAX }],
        ..LinkConfig::symmetric(faulty())
    };
    let mut link = Link::new(1, config, &Streams::new(7));
    link.order(Direction::Towards, Fault::Drop, [0]);
    link.replay(Direction::Towards, BTreeMap::from([(1, Outcome::Dropped(DropReason::Loss))]));
    let fates = outcomes(&mut link, Direction::Towards, 3);
    assert_eq!(fates, [plain_ms(10), Outcome::Dropped(DropReason::Loss), plain_ms(10)]);
    assert_eq!(send(&mut link, Direction::Back, 1).outcome, Outcome::Dropped(DropReason::Outage));
}

/// A table of another run may name octets that a datagram does not have.
#[test]
fn replayed_damage_beyond_the_end_does_nothing() {
    let damage = Damage::new(Mangle, &[Flip { offset: 60_000, mask: 1 }]).unwrap();
    let [from, to] = ["[2001:db8::1]:500", "[2001:db8::2]:500"].map(|end| end.parse().unwrap());
    let sent = crate::udp::emit(from, to, b"hello");
    let mut octets = sent.clone();
    damage.apply(&mut octets);
    assert_eq!(octets, sent);
}

#[test]
fn injected_datagrams_have_indexes_and_a_column_of_their_own() {
    let mut link = link(1, direction(1, 0, 0));
    assert_eq!(send(&mut link, Direction::Back, 10).index, 0);
    assert_eq!(link.inject(Direction::Back, MTU), Some(0));
    assert_eq!(link.inject(Direction::Back, MTU + 1), None);
    assert_eq!(link.inject(Direction::Back, 10), Some(1));
    assert_eq!(send(&mut link, Direction::Back, 10).index, 1);
    let account = link.accounting(Direction::Back);
    assert_eq!((account.sent, account.injected, account.in_flight), (2, 2, 4));
    assert!(account.balances());
    (0..4).for_each(|_| link.arrived(Direction::Back));
    let account = link.accounting(Direction::Back);
    assert!(account.balances());
    assert_eq!((account.delivered, account.octets), (4, 20));
    link.arrived(Direction::Back);
    assert!(!link.accounting(Direction::Back).balances());
}
