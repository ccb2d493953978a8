//! Presets, frames and windows.

use super::*;
use crate::scenario::Scenario;
use crate::scenario::schema::presets;
use proptest::prelude::*;

fn group(lines: &str) -> crate::scenario::Group {
    let text = format!(
        "description = \"one\"\nduration = \"1min\"\n[[node]]\nname = \"n\"\nwakes = {{ at = [\"1s\"] }}\n\
         application = {{ kind = \"ping\" }}\n{lines}\n"
    );
    let scenario = Scenario::parse("x.toml", &text, &[]);
    let [group] =
        scenario.unwrap_or_else(|error| panic!("{error}")).groups.try_into().expect("one");
    group
}

fn framing(name: &str) -> Framing {
    group(&format!("radio = \"{name}\"")).radio.expect("a radio").framing
}

#[test]
fn every_preset_is_whole() {
    let suites = ["aes-gcm-x25519", "aes-gcm-p256", "aes-cbc-modp2048"];
    for name in presets().cpu.keys() {
        let knows = suites.iter().filter(|suite| {
            let text = format!(
                "description = \"one\"\nduration = \"1min\"\n[[node]]\nname = \"n\"\nsuite = \"{suite}\"\n\
                 cpu = \"{name}\"\nwakes = {{ at = [\"1s\"] }}\napplication = {{ kind = \"ping\" }}\n"
            );
            Scenario::parse("x.toml", &text, &[]).is_ok()
        });
        assert!(knows.count() > 0, "{name} knows no group");
    }
    for name in presets().radio.keys() {
        let radio = group(&format!("radio = \"{name}\"")).radio.expect("a radio");
        assert!(radio.sleep < radio.cpu && radio.cpu < radio.receive, "{name}");
        assert_eq!(radio.listen, radio.receive, "{name}");
    }
}

#[test]
fn currents_and_voltage_make_exact_powers() {
    let radio = group("radio = \"nrf52840\"").radio.expect("a radio");
    assert_eq!(radio.transmit.picowatts(), 19_200_000_000);
    assert_eq!(radio.sleep.picowatts(), 4_500_000);
    let other = group("radio = { preset = \"nrf52840\", supply = \"1800mV\", listen = \"7mA\" }");
    let other = other.radio.expect("a radio");
    assert_eq!(other.transmit.picowatts(), 6_400_000 * 1_800);
    assert_eq!(other.listen.picowatts(), 7_000_000 * 1_800);
    assert_eq!(other.framing, radio.framing);
}

#[test]
fn a_frame_of_802_15_4_takes_as_long_as_the_standard_says() {
    let framing = framing("nrf52840");
    // The longest frame: 4.256 ms, its acknowledgement 352 us after 192 us.
    let air = framing.sending(104);
    assert_eq!((air.frames, air.transmit_us, air.receive_us, air.listen_us), (1, 4_256, 352, 192));
    let back = framing.receiving(104);
    assert_eq!((back.receive_us, back.transmit_us, back.listen_us), (4_256, 352, 192));
    // One octet more, and it is two fragments: 96 octets behind 4, 9 behind 5.
    assert_eq!(framing.frames(105).collect::<Vec<u64>>(), [123, 37]);
}

#[test]
fn other_radios_cut_plainly() {
    let framing =
        Framing { frame: 40, frame_header: 8, fragments: Fragments::Plain, ..framing("esp32") };
    assert_eq!(framing.frames(70).collect::<Vec<u64>>(), [40, 40, 14]);
    assert_eq!(framing.frames(64).collect::<Vec<u64>>(), [40, 40]);
    assert_eq!(framing.frames(0).collect::<Vec<u64>>(), [8]);
}

#[test]
fn a_bit_rate_that_does_not_divide_is_rounded_up_once_a_frame() {
    // 1000 octets at 27,200 bit/s: 294,117.6 us; at 62,500 bit/s: 128 ms.
    let framing = framing("sara-n2");
    assert_eq!(framing.receiving(1_000).receive_us, 294_118);
    assert_eq!(framing.sending(1_000).transmit_us, 128_000);
}

proptest! {
    #[test]
    fn fragments_carry_the_datagram_and_fit(octets in 0_u64..9_000) {
        let framing = framing("cc2420");
        let frames: Vec<u64> = framing.frames(octets).collect();
        prop_assert!(frames.iter().all(|frame| *frame <= framing.frame));
        let several = frames.len() > 1;
        let headers = if several { FIRST_FRAGMENT + (frames.len() as u64 - 1) * NEXT_FRAGMENT } else { 0 };
        let carried = frames.iter().sum::<u64>() - frames.len() as u64 * framing.frame_header - headers;
        prop_assert_eq!(carried, octets);
    }

    #[test]
    fn windows_are_counted_as_they_are(every in 1_u64..40, part in 1_u64..40, from in 0_u64..200, more in 0_u64..200) {
        let listen = Listen::Windows { every_us: every, for_us: part.min(every) };
        let on = (from..from + more).filter(|at| listen.is_on(*at)).count() as u64;
        prop_assert_eq!(listen.on_us(from, from + more), on);
        let next = (from..).find(|at| listen.is_on(*at)).expect("windows come again");
        prop_assert_eq!(listen.next_us(from), next);
    }
}
