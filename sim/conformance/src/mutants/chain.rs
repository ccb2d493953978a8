//! Walking a chain of payloads in place.

use ike_core::PayloadType;

/// Octets of a generic payload header.
const GENERIC: usize = 4;

/// Calls `change` with the type and the octets of each payload, its generic header among them, as
/// far as the lengths make sense.
pub(super) fn each(
    first: PayloadType,
    mut octets: &mut [u8],
    mut change: impl FnMut(PayloadType, &mut [u8]),
) {
    let mut kind = first;
    while kind != PayloadType::NONE && kind != PayloadType::SK && octets.len() >= GENERIC {
        let len = usize::from(u16::from_be_bytes([octets[2], octets[3]]));
        if !(GENERIC..=octets.len()).contains(&len) {
            return;
        }
        let (payload, rest) = octets.split_at_mut(len);
        let next = PayloadType(payload[0]);
        change(kind, payload);
        (kind, octets) = (next, rest);
    }
}

/// Makes notifies of this type notifies of a status that nobody knows.
pub(super) fn hide_notify(first: PayloadType, octets: &mut [u8], hidden: ike_core::NotifyType) {
    each(first, octets, |kind, payload| {
        if kind == PayloadType::N && payload.get(6..8) == Some(&hidden.0.to_be_bytes()[..]) {
            payload[6..8].copy_from_slice(&40_000_u16.to_be_bytes());
        }
    });
}

/// Sets or clears the critical flag of payloads of no defined type.
pub(super) fn unknown_critical(first: PayloadType, octets: &mut [u8], critical: bool) {
    each(first, octets, |kind, payload| {
        if !kind.is_defined() {
            payload[1] = if critical { payload[1] | 0x80 } else { payload[1] & 0x7f };
        }
    });
}

/// Makes a payload impossible whose generic header has a reserved bit set.
pub(super) fn refuse_reserved(first: PayloadType, octets: &mut [u8]) {
    each(first, octets, |_, payload| {
        if payload[1] & 0x7f != 0 {
            payload[2..4].fill(0);
        }
    });
}
