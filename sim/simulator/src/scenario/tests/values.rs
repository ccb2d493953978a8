//! Values with units are exact, or refused.

use super::{read, with};
use crate::scenario::{
    Application, Bound, Close, Cookies, Family, GarageDoor, Ping, Profile, Queue, Rate, RoomSensor,
    units,
};
use crate::world::link_config;
use core::time::Duration;
use ike_core::{Factor, Jitter, Schedule, Suite};
use proptest::prelude::*;
use rstest::rstest;
use vnet::link::LossTrace;

#[rstest]
#[case("0us", 0)]
#[case("1us", 1)]
#[case("250ms", 250_000)]
#[case("1.5s", 1_500_000)]
#[case("0.000001s", 1)]
#[case("0.1ms", 100)]
#[case("1min", 60_000_000)]
#[case("1h30min", 5_400_000_000)]
#[case("1d1h1min1s1ms1us", 90_061_001_001)]
#[case("90min", 5_400_000_000)]
#[case("36500d", 3_153_600_000_000_000)]
fn a_duration_is_read_to_the_microsecond(#[case] text: &str, #[case] us: u64) {
    assert_eq!(units::duration(text), Ok(Duration::from_micros(us)));
}

#[rstest]
#[case("")]
#[case("5")]
#[case("s")]
#[case("-1s")]
#[case("+1s")]
#[case("1 s")]
#[case(" 1s")]
#[case("1S")]
#[case("1m")]
#[case(".5s")]
#[case("1.s")]
#[case("1.2.3s")]
#[case("1e3s")]
#[case("1s1s")]
#[case("1s1min")]
#[case("1s5")]
#[case("0.1us")]
#[case("0.0000001s")]
#[case("36500d1us")]
#[case("999999999999999999999d")]
#[case("٣s")]
fn what_is_no_duration_is_refused(#[case] text: &str) {
    let message = units::duration(text).expect_err(text);
    assert!(message.starts_with(&format!("\"{text}\" is ")), "{message}");
}

#[rstest]
#[case("6.4mA", 6_400_000)]
#[case("6.40mA", 6_400_000)]
#[case("1.5uA", 1_500)]
#[case("0uA", 0)]
#[case("1nA", 1)]
#[case("10A", 10_000_000_000)]
fn a_current_is_read_to_the_nanoampere(#[case] text: &str, #[case] na: u64) {
    assert_eq!(units::nanoamperes(text), Ok(na));
}

#[rstest]
#[case("")]
#[case("5")]
#[case("mA")]
#[case("6,4mA")]
#[case("6.4 mA")]
#[case("-1mA")]
#[case("0.1nA")]
#[case("10.1A")]
#[case("3V")]
fn what_is_no_current_is_refused(#[case] text: &str) {
    let message = units::nanoamperes(text).expect_err(text);
    assert!(message.starts_with(&format!("\"{text}\" is not a current")), "{message}");
}

#[test]
fn a_voltage_is_read_to_the_millivolt() {
    assert_eq!(units::millivolts("3.3V"), Ok(3_300));
    assert_eq!(units::millivolts("1800mV"), Ok(1_800));
    for wrong in ["0V", "3", "0.0001V", "101V", "3mA"] {
        assert!(units::millivolts(wrong).is_err(), "{wrong}");
    }
}

#[rstest]
#[case("0%", 0)]
#[case("0.0001%", 1)]
#[case("0.1%", 1_000)]
#[case("12.5%", 125_000)]
#[case("100%", 1_000_000)]
#[case("100.0000%", 1_000_000)]
fn a_rate_is_read_to_the_part_per_million(#[case] text: &str, #[case] ppm: u32) {
    assert_eq!(units::rate(text).map(Rate::ppm), Ok(ppm));
}

#[rstest]
#[case("")]
#[case("%")]
#[case("10")]
#[case("0.1")]
#[case("10 %")]
#[case("-1%")]
#[case("100.0001%")]
#[case("110%")]
#[case("0.00001%")]
#[case("99999999999999999999%")]
fn what_is_no_rate_is_refused(#[case] text: &str) {
    let message = units::rate(text).expect_err(text);
    assert!(message.starts_with(&format!("\"{text}\" is ")), "{message}");
}

#[rstest]
#[case("2", 2, 1)]
#[case("9/5", 9, 5)]
#[case("1.8", 9, 5)]
#[case("18/10", 9, 5)]
#[case("0.5", 1, 2)]
#[case("4294967295", u32::MAX, 1)]
#[case("1/4294967295", 1, u32::MAX)]
fn a_factor_is_a_fraction_in_lowest_terms(#[case] text: &str, #[case] up: u32, #[case] down: u32) {
    assert_eq!(units::factor(text), Ok(Factor { numerator: up, denominator: down }));
}

#[rstest]
#[case("")]
#[case("0")]
#[case("0.0")]
#[case("0/5")]
#[case("1/0")]
#[case("-2")]
#[case("9/")]
#[case("/5")]
#[case("9/5/1")]
#[case("1.5/2")]
#[case("4294967296")]
#[case("0.0000000001")]
fn what_is_no_factor_is_refused(#[case] text: &str) {
    let message = units::factor(text).expect_err(text);
    assert!(message.starts_with(&format!("\"{text}\" is not ")), "{message}");
}

#[rstest]
#[case("3", Some(3), Some(3))]
#[case("\">= 3\"", Some(3), None)]
#[case("\">=3\"", Some(3), None)]
#[case("\"> 0\"", Some(1), None)]
#[case("\"<= 4\"", None, Some(4))]
#[case("\"< 3\"", None, Some(2))]
#[case("\"2..=5\"", Some(2), Some(5))]
#[case("\"2 ..= 5\"", Some(2), Some(5))]
#[case("\"7\"", Some(7), Some(7))]
fn a_bound_includes_its_ends(
    #[case] text: &str,
    #[case] min: Option<u64>,
    #[case] max: Option<u64>,
) {
    let scenario = read(&with(&format!("[expect]\nfailed = {text}"), ""));
    let bounds: Vec<_> = scenario.expect.iter().collect();
    let bound = Bound { min, max };
    assert_eq!(bounds, [("failed", bound)]);
    for (value, inside) in
        [(min.map(|min| min - 1), false), (min, true), (max, true), (max.map(|max| max + 1), false)]
    {
        assert!(value.is_none_or(|value| bound.holds(value) == inside), "{bound} {value:?}");
    }
    // What is shown to the reader of a report can be written in a file.
    let again = read(&with(&format!("[expect]\nfailed = \"{bound}\""), ""));
    assert_eq!(again.expect, scenario.expect);
}

#[test]
fn expectations_keep_the_order_of_the_file() {
    let scenario = read(&with("[expect]\nwakes = 1\nattempts = 1\nfailed = 0", ""));
    let names: Vec<_> = scenario.expect.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["wakes", "attempts", "failed"]);
}

#[test]
fn a_queue_has_a_limit_in_datagrams_or_in_octets_or_both() {
    let link = "[link]\nqueue = 3\n[link.back]\nqueue = { octets = 4096 }";
    let link = read(&with(link, "")).link;
    assert_eq!(link.towards.queue, Queue { datagrams: 3, ..Queue::UNLIMITED });
    // It is another limit, not one more.
    assert_eq!(link.back.queue, Queue { octets: 4_096, ..Queue::UNLIMITED });
    let both = read(&with("[link]\nqueue = { datagrams = 0, octets = 9 }", "")).link;
    assert_eq!(both.back.queue, Queue { datagrams: 0, octets: 9 });
}

#[test]
fn recorded_loss_is_of_both_directions_or_of_one() {
    let ms = Duration::from_millis;
    let both = LossTrace::new([(ms(1_500), false), (ms(20), true)], false);
    let back = LossTrace::new([(ms(7), true)], true);
    assert!(both.is_some() && back.is_some());
    let text = "[link]\nloss_trace = { spans = [\"pass 1.5s\", \"lose 20ms\"] }\n\
                [link.back]\nloss_trace = { spans = [\"lose 7ms\"], repeat = true }";
    let scenario = read(&with(text, ""));
    assert_eq!((&scenario.link.towards.loss_trace, &scenario.link.back.loss_trace), (&both, &back));
    assert_eq!(scenario.groups[0].link, scenario.link);
    let config = link_config(&scenario.link);
    assert_eq!((config.trace_towards, config.trace_back), (both, back));
}

#[test]
fn a_direction_differs_from_the_link_only_where_it_says_so() {
    let link = "[link]\ndelay = \"5ms\"\njitter = \"1ms\"\nloss = \"2%\"\nmtu = 1400\n\
                [link.towards]\nloss = \"30%\"\n[link.back]\ndelay = \"1s\"\nmtu = 576";
    let link = read(&with(link, "")).link;
    assert_eq!(
        (link.towards.delay, link.back.delay),
        (Duration::from_millis(5), Duration::from_secs(1))
    );
    assert_eq!(
        (link.towards.jitter, link.back.jitter),
        (Duration::from_millis(1), Duration::from_millis(1))
    );
    assert_eq!((link.towards.loss.ppm(), link.back.loss.ppm()), (300_000, 20_000));
    assert_eq!((link.towards.mtu, link.back.mtu), (1_400, 576));
}

#[test]
fn every_key_of_the_gateway_is_taken() {
    let text = "seed = 18446744073709551615\nfamily = \"ipv6\"\n[gateway]\nidentity = \"keyid:00ff\"\n\
                suites = [\"chacha20-x25519\", \"aes-ccm8-p256\"]\ncookies = \"always\"\n\
                liveness = \"30s\"\nhalf_open_timeout = \"1min\"\ndelete_after = \"2h\"";
    let scenario = read(&with(text, ""));
    assert_eq!((scenario.seed, scenario.family), (u64::MAX, Family::Ipv6));
    let gateway = scenario.gateway;
    assert_eq!(gateway.identity.to_string(), "keyid:00ff");
    assert_eq!(gateway.suites, [Suite::ChaCha20X25519, Suite::AesCcm8P256]);
    assert_eq!(gateway.cookies, Cookies::Always);
    assert_eq!(gateway.liveness, Some(Duration::from_secs(30)));
    assert_eq!(gateway.half_open_timeout, Duration::from_secs(60));
    assert_eq!(gateway.delete_after, Some(Duration::from_secs(7_200)));
}

#[test]
fn every_key_of_a_node_is_taken() {
    let text = "suite = \"aes-gcm-p256\"\nprofile = \"rfc7815\"\ninitial_contact = false\nawake = \"0s\"\n\
                close = \"delete\"\nrestart = { attempts = 3, hold_off = \"1s\", growth = \"1.5\" }\n\
                retransmission = { preset = \"coap\", first = \"1s\", factor = \"1.8\", cap = \"9s\", \
                tries = 7, jitter = { shorten = \"20%\" } }";
    let [group] = read(&with("", text)).groups.try_into().expect("one group");
    assert_eq!((group.suite, group.profile), (Suite::AesGcmP256, Profile::Rfc7815));
    assert_eq!((group.initial_contact, group.awake), (false, Duration::ZERO));
    assert_eq!(group.close, Close::Delete);
    assert_eq!((group.restart.attempts, group.restart.hold_off), (3, Duration::from_secs(1)));
    assert_eq!(group.restart.growth, Factor { numerator: 3, denominator: 2 });
    let schedule = Schedule {
        first: Duration::from_secs(1),
        factor: Factor { numerator: 9, denominator: 5 },
        cap: Some(Duration::from_secs(9)),
        tries: 7,
        jitter: Jitter::Shorten { percent: 20 },
        ..Schedule::COAP
    };
    assert_eq!(group.retransmission, schedule);
}

#[rstest]
#[case("\"libreswan\"", Schedule::LIBRESWAN)]
#[case("{}", Schedule::RFC7296)]
#[case("{ preset = \"strongswan\" }", Schedule::STRONGSWAN)]
#[case("{ preset = \"coap\", jitter = \"none\" }", Schedule { jitter: Jitter::None, ..Schedule::COAP })]
#[case("{ jitter = { stretch = \"50%\" } }", Schedule { jitter: Jitter::Stretch { percent: 50 }, ..Schedule::RFC7296 })]
#[case("\"openiked\"", Schedule::OPENIKED)]
#[case("{ preset = \"fixed\", jitter = \"full\" }", Schedule { jitter: Jitter::Full, ..Schedule::FIXED })]
#[case("{ factor = 3 }", Schedule { factor: Factor { numerator: 3, denominator: 1 }, ..Schedule::RFC7296 })]
fn a_table_changes_what_it_names_of_the_preset(#[case] text: &str, #[case] schedule: Schedule) {
    let scenario = read(&with("", &format!("retransmission = {text}")));
    assert_eq!(scenario.groups[0].retransmission, schedule);
}

#[rstest]
#[case(
    r#"{ kind = "garage-door", travel = "0s", status_every = "3s", reply_timeout = "4s", tries = 9 }"#,
    Application::GarageDoor(GarageDoor {
        travel: Duration::ZERO,
        status_every: Duration::from_secs(3),
        reply_timeout: Duration::from_secs(4),
        tries: 9,
    })
)]
#[case(
    r#"{ kind = "room-sensor", reports = 3, poll = true, reply_timeout = "5s", tries = 6 }"#,
    Application::RoomSensor(RoomSensor {
        reports: 3,
        poll: true,
        reply_timeout: Duration::from_secs(5),
        tries: 6,
    })
)]
#[case(
    r#"{ kind = "ping", count = 65535, interval = "3ms", payload = 0, timeout = "4s", tries = 6 }"#,
    Application::Ping(Ping {
        count: 65_535,
        interval: Duration::from_millis(3),
        payload: 0,
        timeout: Duration::from_secs(4),
        tries: 6,
    })
)]
fn every_key_of_an_application_is_taken(#[case] table: &str, #[case] application: Application) {
    let text = super::LEAST.replace(r#"{ kind = "garage-door" }"#, table);
    assert_eq!(read(&text).groups[0].application, application);
}

proptest! {
    #[test]
    fn a_rate_reads_as_it_is_shown(ppm in 0..=1_000_000_u32) {
        let rate = Rate::from_ppm(ppm).expect("at most all");
        prop_assert_eq!(units::rate(&rate.to_string()), Ok(rate));
    }

    #[test]
    fn a_number_of_each_unit_adds_up(s in 0..100_000_u64, ms in 0..1_000_u64, us in 0..1_000_u64) {
        let text = format!("{s}s{ms}ms{us}us");
        prop_assert_eq!(units::duration(&text), Ok(Duration::from_micros((s * 1_000 + ms) * 1_000 + us)));
    }

    #[test]
    fn no_text_panics_as_a_value(text in ".*|[0-9./%]{1,30}[a-z]{0,3}") {
        let _ = (units::duration(&text), units::rate(&text), units::factor(&text));
        let _ = units::whole_percent(&text);
    }
}
