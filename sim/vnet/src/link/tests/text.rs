//! Outcomes as texts.

use super::*;
use proptest::option;

fn damage() -> impl Strategy<Value = Damage> {
    let flips = prop::collection::btree_map(any::<u16>(), 1..=u8::MAX, 1..=MAX_FLIPS);
    (any::<bool>(), flips).prop_map(|(mangle, flips)| {
        let kind = if mangle { DamageKind::Mangle } else { DamageKind::Corrupt };
        let flips: Vec<Flip> =
            flips.into_iter().map(|(offset, mask)| Flip { offset, mask }).collect();
        Damage::new(kind, &flips).expect("ascending and not empty")
    })
}

fn delivery() -> impl Strategy<Value = Delivery> {
    (any::<u64>(), any::<bool>(), option::of(damage()))
        .prop_map(|(after_us, reordered, damage)| Delivery { after_us, reordered, damage })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        prop::sample::select(DropReason::ALL.to_vec()).prop_map(Outcome::Dropped),
        (delivery(), option::of(delivery())).prop_map(|(original, duplicate)| {
            Outcome::Delivered(Deliveries { original, duplicate })
        }),
    ]
}

proptest! {
    #[test]
    fn every_outcome_is_read_back_from_its_text(outcome in outcome()) {
        prop_assert_eq!(outcome.to_string().parse(), Ok(outcome));
    }

    /// One text for each outcome, and no text panics.
    #[test]
    fn what_is_read_is_written_in_the_same_way(
        text in "(dropped |\\+)?[0-9]{0,3}(us)?( (reordered|corrupt|mangle|loss|\\+[0-9]us|[0-9]{1,2}:[0-9a-fA-F]{1,3})){0,5}",
    ) {
        if let Ok(outcome) = text.parse::<Outcome>() {
            prop_assert_eq!(outcome.to_string(), text);
        }
    }

    #[test]
    fn reading_takes_any_text(text: String) {
        let _ = text.parse::<Outcome>();
    }
}

#[rstest]
#[case("+21462us")]
#[case("+0us")]
#[case("+21462us +35000us")]
#[case("+71462us reordered")]
#[case("+20000us corrupt 34:08 57:80")]
#[case("+20000us reordered mangle 28:01 +35000us corrupt 20:ff")]
#[case("+18446744073709551615us")]
#[case("dropped too_big")]
#[case("dropped outage")]
#[case("dropped listed")]
#[case("dropped loss")]
#[case("dropped queue_full")]
#[case("dropped traced")]
#[case("dropped gilbert_elliott")]
fn texts_that_are_read_and_written(#[case] text: &str) {
    assert_eq!(text.parse::<Outcome>().map(|outcome| outcome.to_string()), Ok(text.to_owned()));
}

#[rstest]
#[case("", r#"expected a delay such as +20000us, found """#)]
#[case("lost", r#"expected a delay such as +20000us, found "lost""#)]
#[case("+20ms", r#"expected a delay such as +20000us, found "+20ms""#)]
#[case("+020us", r#"expected a delay such as +20000us, found "+020us""#)]
#[case("++20us", r#"expected a delay such as +20000us, found "++20us""#)]
#[case(
    "+18446744073709551616us",
    r#"expected a delay such as +20000us, found "+18446744073709551616us""#
)]
#[case("+1us  +2us", r#"expected a delay such as +20000us, found """#)]
#[case("+1us late", r#"expected a delay such as +20000us, found "late""#)]
#[case("+1us +2us +3us", r#"expected the end, found "+3us""#)]
#[case("dropped", "expected a reason at the end")]
#[case("dropped Loss", r#"expected a reason, found "Loss""#)]
#[case("dropped loss again", r#"expected the end, found "again""#)]
#[case("+1us corrupt", "expected 1 to 4 flips with ascending offsets at the end")]
#[case("+1us corrupt 1:01 1:02", "expected 1 to 4 flips with ascending offsets at the end")]
#[case("+1us corrupt 1:00 +2us", r#"expected 1 to 4 flips with ascending offsets, found "+2us""#)]
#[case("+1us corrupt 1:1", r#"expected a flip such as 34:08, found "1:1""#)]
#[case("+1us corrupt 1:0A", r#"expected a flip such as 34:08, found "1:0A""#)]
#[case("+1us corrupt 01:0a", r#"expected a flip such as 34:08, found "01:0a""#)]
#[case("+1us corrupt 65536:01", r#"expected a flip such as 34:08, found "65536:01""#)]
#[case("+1us corrupt 1:01 mangle 2:01", r#"expected a flip such as 34:08, found "mangle""#)]
fn texts_that_are_refused_with_the_word_that_is_wrong(#[case] text: &str, #[case] why: &str) {
    assert_eq!(text.parse::<Outcome>().map_err(|error| error.to_string()), Err(why.to_owned()));
}

#[test]
fn the_account_has_a_column_for_each_reason() {
    for (place, reason) in DropReason::ALL.into_iter().enumerate() {
        assert_eq!(reason as usize, place);
    }
}
