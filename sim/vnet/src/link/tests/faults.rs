//! The configured faults: how often, and how they do not depend on each other or on the past.

use super::*;
use crate::link::DamageKind::{Corrupt, Mangle};

/// A UDP datagram, so that each damage finds its place.
fn datagram(len: usize) -> Vec<u8> {
    let [from, to] = ["192.0.2.1:500", "198.51.100.2:500"].map(|end| end.parse().unwrap());
    crate::udp::emit(from, to, &vec![0x5a; len - 28])
}

/// All faults but those of the datagram as a whole.
fn all_faults() -> DirectionConfig {
    DirectionConfig {
        duplicate: Probability::from_ppm(150_000),
        reorder: Probability::from_ppm(100_000),
        reorder_delay: Duration::from_millis(500),
        corrupt: Probability::from_ppm(200_000),
        mangle: Probability::from_ppm(50_000),
        ..direction(10, 5_000, 250_000)
    }
}

fn fates(config: DirectionConfig, count: usize) -> Vec<Outcome> {
    let (mut link, octets) = (link(4, config), datagram(100));
    (0..count).map(|_| link.transmit(Instant::ZERO, Direction::Back, &octets).outcome).collect()
}

#[rstest]
#[case(1, 1_000)]
#[case(2, 100_000)]
#[case(3, 500_000)]
#[case(4, 900_000)]
fn the_frequency_of_each_fault_is_within_five_sigma(#[case] id: u32, #[case] ppm: u32) {
    type Column = fn(&Accounting) -> u32;
    const DATAGRAMS: u32 = 20_000;
    let share = Probability::from_ppm(ppm);
    let plain = direction(0, 9, 0);
    let faults: [(DirectionConfig, Column); 5] = [
        (DirectionConfig { loss: share, ..plain }, |a| a.dropped_for(DropReason::Loss)),
        (DirectionConfig { duplicate: share, ..plain }, |a| a.duplicated),
        (DirectionConfig { reorder: share, ..plain }, |a| a.reordered),
        (DirectionConfig { corrupt: share, ..plain }, |a| a.corrupted),
        (DirectionConfig { mangle: share, ..plain }, |a| a.mangled),
    ];
    let octets = datagram(100);
    for (number, (config, column)) in faults.into_iter().enumerate() {
        let mut link = link(id, config);
        for _ in 0..DATAGRAMS {
            link.transmit(Instant::ZERO, Direction::Back, &octets);
        }
        let count = column(&link.accounting(Direction::Back));
        assert!(within_five_sigma(count, DATAGRAMS, ppm), "fault {number}: {count}");
    }
}

/// Independent loss: the number of neighbours that are both lost is binomial enough for five sigma.
#[test]
fn neighbours_are_lost_independently() {
    let arrivals = arrivals(&mut link(5, direction(0, 0, 300_000)), Direction::Towards, 100_000);
    let pairs = arrivals.chunks_exact(2).filter(|pair| pair == &[None, None]).count();
    assert!(within_five_sigma(u32::try_from(pairs).unwrap(), 50_000, 90_000), "{pairs} pairs");
}

/// The share of each fault among copies that another fault hits is the share among all.
#[test]
fn the_faults_of_a_copy_are_drawn_independently_of_each_other() {
    let half = Probability::from_ppm(500_000);
    let config = DirectionConfig {
        duplicate: half,
        reorder: half,
        corrupt: half,
        mangle: half,
        ..direction(0, 0, 0)
    };
    let outcomes = fates(config, 20_000);
    let copies: Vec<&Delivery> = outcomes.iter().flat_map(Outcome::deliveries).collect();
    let count = |of: &dyn Fn(&Delivery) -> bool| {
        u32::try_from(copies.iter().filter(|copy| of(copy)).count()).unwrap()
    };
    let kind = |copy: &Delivery| copy.damage.map(|damage| damage.kind());
    let all = u32::try_from(copies.len()).unwrap();
    assert!(within_five_sigma(all - 20_000, 20_000, 500_000));
    assert!(within_five_sigma(count(&|c| c.reordered && kind(c) == Some(Corrupt)), all, 250_000));
    // Of the half that is not corrupted, half is mangled.
    assert!(within_five_sigma(count(&|c| c.reordered && kind(c) == Some(Mangle)), all, 125_000));
    let twins = outcomes.iter().filter(|outcome| {
        outcome.deliveries().count() == 2 && outcome.deliveries().all(|copy| copy.reordered)
    });
    assert!(within_five_sigma(u32::try_from(twins.count()).unwrap(), 20_000, 125_000));
}

/// What one fault decided: comparable whether the others are on or off.
fn decision(fault: &str, outcome: &Outcome) -> Option<Vec<String>> {
    let copies: Vec<&Delivery> = outcome.deliveries().collect();
    // Nothing is known of a lost datagram but that.
    if copies.is_empty() && fault != "loss" {
        return None;
    }
    let of_kind = |copy: &&&Delivery, kind| copy.damage.is_some_and(|d| d.kind() == kind);
    let damages = |kind| {
        let copy = copies.iter().take(1).find(|copy| of_kind(copy, kind));
        copy.iter().map(|copy| copy.damage.unwrap().to_string()).collect()
    };
    let held = |copy: &Delivery| if copy.reordered { 500_000 } else { 0 };
    Some(match fault {
        "loss" => vec![copies.is_empty().to_string()],
        "duplicate" => vec![copies.len().to_string()],
        "reorder" => vec![copies[0].reordered.to_string()],
        "jitter" => vec![(copies[0].after_us - held(copies[0])).to_string()],
        "corrupt" => damages(Corrupt),
        "mangle" if of_kind(&&copies[0], Corrupt) => return None,
        "mangle" => damages(Mangle),
        other => panic!("{other} is no fault"),
    })
}

#[rstest]
fn switching_one_fault_off_changes_no_decision_about_another(
    #[values("loss", "duplicate", "reorder", "corrupt", "mangle", "jitter")] off: &str,
) {
    let mut config = all_faults();
    match off {
        "loss" => config.loss = Probability::NEVER,
        "duplicate" => config.duplicate = Probability::NEVER,
        "reorder" => config.reorder = Probability::NEVER,
        "corrupt" => config.corrupt = Probability::NEVER,
        "mangle" => config.mangle = Probability::NEVER,
        _ => config.jitter = Duration::ZERO,
    }
    let (with, without) = (fates(all_faults(), 3_000), fates(config, 3_000));
    assert_ne!(with, without);
    for fault in ["loss", "duplicate", "reorder", "corrupt", "mangle", "jitter"] {
        if fault == off {
            continue;
        }
        let mut compared = 0;
        for (with, without) in with.iter().zip(&without) {
            if let (Some(with), Some(without)) = (decision(fault, with), decision(fault, without)) {
                assert_eq!(with, without, "{fault} without {off}");
                compared += 1;
            }
        }
        assert!(compared > 1_000, "{fault} without {off}: {compared} compared");
    }
}

#[test]
fn the_copies_of_a_duplicate_have_jitter_and_damage_of_their_own() {
    let outcomes = fates(DirectionConfig { duplicate: Probability::ALWAYS, ..all_faults() }, 500);
    let both: Vec<(Delivery, Delivery)> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Delivered(Deliveries { original, duplicate }) => {
                Some((*original, (*duplicate)?))
            }
            Outcome::Dropped(_) => None,
        })
        .collect();
    assert!(both.len() > 300);
    let differ =
        |of: fn(&(Delivery, Delivery)) -> bool| both.iter().filter(|both| of(both)).count();
    assert!(differ(|(a, b)| a.after_us != b.after_us) > 300);
    assert!(differ(|(a, b)| b.after_us < a.after_us) > 100);
    assert!(differ(|(a, b)| a.damage.is_some() && b.damage.is_none()) > 20);
    assert!(differ(|(a, b)| a.damage.is_none() && b.damage.is_some()) > 20);
    for (a, b) in &both {
        assert!(a.damage.is_none() || a.damage != b.damage, "{a} {b}");
    }
}

#[test]
fn what_is_held_back_is_overtaken() {
    let config = DirectionConfig {
        reorder: Probability::from_ppm(200_000),
        reorder_delay: Duration::from_millis(30),
        ..direction(10, 0, 0)
    };
    let mut account = 0;
    for outcome in fates(config, 100) {
        let Some(delivery) = outcome.deliveries().next() else { panic!("nothing is lost") };
        let expected = if delivery.reordered { 40_000 } else { 10_000 };
        assert_eq!(delivery.after_us, expected);
        account += u32::from(delivery.reordered);
    }
    assert!((1..100).contains(&account));
}

/// Computed by an independent ChaCha20 from the layout that `decide.rs` documents.
#[test]
fn all_decisions_are_those_of_the_documented_key_streams() {
    let (mut link, octets) = (link(3, all_faults()), datagram(100));
    let texts: Vec<String> = (0..24)
        .map(|_| link.transmit(Instant::ZERO, Direction::Towards, &octets).outcome.to_string())
        .collect();
    assert_eq!(texts, EXPECTED);
    let far = link.decide(Instant::ZERO, (Direction::Towards, 44), &octets);
    assert_eq!(far.to_string(), "+10851us +10867us mangle 42:08 46:04 89:02 97:08");
}

const EXPECTED: [&str; 24] = [
    "+11899us +13679us",
    "+510217us reordered corrupt 62:04",
    "dropped loss",
    "+14156us",
    "dropped loss",
    "+513557us reordered +12533us",
    "+511332us reordered",
    "+511022us reordered corrupt 29:20 36:40 72:80 97:01",
    "+13940us",
    "+14525us",
    "dropped loss",
    "+14719us",
    "+14780us",
    "+10581us corrupt 49:02 89:10",
    "+11947us +13740us",
    "dropped loss",
    "+10475us corrupt 29:08 33:04 47:01 89:40",
    "+11119us +11325us",
    "+10472us +13175us",
    "+12049us",
    "+510276us reordered corrupt 46:10",
    "+13708us",
    "+14629us corrupt 32:01 51:04",
    "+13560us corrupt 41:20 42:20 59:10 +12440us corrupt 46:80",
];

proptest! {
    /// Datagram `k` fares the same after any mix of sizes, times and datagrams the other way.
    #[test]
    fn the_fate_of_a_datagram_does_not_depend_on_what_happened_before(
        seed: u64,
        history in prop::collection::vec((0..2_000usize, any::<bool>()), 0..40),
    ) {
        let config = LinkConfig::symmetric(all_faults());
        let mut busy = Link::new(3, config.clone(), &Streams::new(seed));
        let mut quiet = Link::new(3, config, &Streams::new(seed));
        for (len, back) in history {
            let way = if back { Direction::Back } else { Direction::Towards };
            busy.transmit(Instant::from_secs(9), way, &vec![0; len]);
            busy.inject(way, len);
            if !back {
                quiet.transmit(Instant::ZERO, Direction::Towards, &[0]);
            }
        }
        let octets = datagram(100);
        prop_assert_eq!(
            busy.transmit(Instant::ZERO, Direction::Towards, &octets),
            quiet.transmit(Instant::ZERO, Direction::Towards, &octets)
        );
    }

    #[test]
    fn every_copy_is_accounted_for(
        sends in prop::collection::vec((0..2_000usize, 0..3usize, any::<bool>()), 0..200),
    ) {
        let config = LinkConfig {
            outages: vec![Outage { from: Instant::from_secs(3), until: Instant::from_secs(5) }],
            ..LinkConfig::symmetric(all_faults())
        };
        let mut link = Link::new(1, config, &Streams::new(7));
        link.order(Direction::Towards, Fault::Drop, [3, 4, 90]);
        let (mut octets, mut copies, mut arrived) = (0, 0, 0);
        for (second, (len, arrivals, forged)) in (0..).zip(sends) {
            let now = Instant::from_secs(second);
            let fate = link.transmit(now, Direction::Towards, &vec![0; len]);
            octets += len as u64;
            copies += fate.outcome.deliveries().count();
            copies += usize::from(forged && link.inject(Direction::Towards, len).is_some());
            for _ in 0..arrivals.min(copies - arrived) {
                link.arrived(Direction::Towards);
                arrived += 1;
            }
            prop_assert!(link.accounting(Direction::Towards).balances());
        }
        let account = link.accounting(Direction::Towards);
        prop_assert_eq!(account.octets, octets);
        prop_assert_eq!(account.in_flight as usize, copies - arrived);
        prop_assert_eq!(link.accounting(Direction::Back), Accounting::default());
    }
}
