//! From octets to a draft that can be changed, however wrong its lengths are.

use crate::message::{Draft, Inside, Part};
use crypto::{ProtectionKey, RustCrypto};
use ike_core::payload::{GENERIC_HEADER_LEN, Notify};
use ike_core::{ExchangeType, HEADER_LEN, Header, NotifyType, PayloadType, open_protected};

/// The payloads of a chain up to SK, its type behind them, and where it is.
struct Chain {
    parts: Vec<Part>,
    behind: PayloadType,
    end: usize,
}

fn chain(first: PayloadType, octets: &[u8]) -> Chain {
    let (mut kind, mut at, mut parts) = (first, 0, Vec::new());
    while kind != PayloadType::NONE && kind != PayloadType::SK {
        let rest = &octets[at..];
        let Some(header) = rest.first_chunk::<GENERIC_HEADER_LEN>() else { break };
        let claimed = u16::from_be_bytes([header[2], header[3]]);
        let fits = (GENERIC_HEADER_LEN..=rest.len()).contains(&usize::from(claimed));
        let len = if fits { usize::from(claimed) } else { rest.len() };
        let body = &rest[GENERIC_HEADER_LEN..len];
        let length = (!fits).then_some(claimed);
        parts.push(Part { flags: header[1], length, ..Part::raw(kind, body) });
        (kind, at) = (PayloadType(header[0]), at + len);
    }
    Chain { parts, behind: kind, end: at }
}

/// A message; `None`: it is protected and there is no key, or it does not open.
pub(super) fn draft(octets: &[u8], key: Option<&ProtectionKey>) -> Option<Draft> {
    let header = Header::parse(octets).ok()?;
    let Chain { mut parts, behind, end } = chain(header.next_payload, &octets[HEADER_LEN..]);
    let rest = &octets[HEADER_LEN + end..];
    let right = usize::try_from(header.length) == Ok(octets.len());
    let length = (!right).then_some(header.length);
    if behind != PayloadType::SK {
        if let Some(last) = parts.last_mut().filter(|_| behind != PayloadType::NONE) {
            last.next = Some(behind);
        }
        return Some(Draft { header, parts, inside: None, length, trailing: rest.to_vec() });
    }
    let inside = Some(inside(octets, HEADER_LEN + end, key?)?);
    Some(Draft { inside, length, ..Draft::clear(header, parts) })
}

fn inside(octets: &[u8], sk: usize, key: &ProtectionKey) -> Option<Inside> {
    let mut opened = octets.to_vec();
    let inner = open_protected(&RustCrypto, key, &mut opened).ok()?;
    let encryption = key.protection().encryption();
    let start = sk + GENERIC_HEADER_LEN;
    let iv = opened[start..start + encryption.iv_len()].to_vec();
    let Chain { mut parts, behind, end } = chain(inner.first, &opened[inner.range.clone()]);
    if let Some(last) = parts.last_mut().filter(|_| behind != PayloadType::NONE) {
        last.next = Some(behind);
    }
    let nested = behind == PayloadType::SK;
    if nested {
        let rest = &opened[inner.range.start + end..inner.range.end];
        parts.push(Part::raw(behind, rest.get(GENERIC_HEADER_LEN..)?));
    }
    let trailing = if nested { &[] } else { &opened[inner.range.start + end..inner.range.end] };
    let padding = opened.len() - key.protection().icv_len() - 1 - inner.range.end;
    let block = encryption.block_len();
    let least = (inner.range.len() + 1).next_multiple_of(block) - inner.range.len() - 1;
    let more_padding = padding.saturating_sub(least);
    Some(Inside { trailing: trailing.to_vec(), more_padding, ..Inside::of(parts, iv) })
}

/// The payloads, inside or in clear.
pub(in crate::mutants) fn payloads(draft: &Draft) -> &[Part] {
    draft.inside.as_ref().map_or(&draft.parts[..], |inside| &inside.parts)
}

/// Whether it is of that exchange, and a response or not.
pub(in crate::mutants) fn is(draft: &Draft, exchange: ExchangeType, response: bool) -> bool {
    draft.header.exchange == exchange && draft.header.flags.is_response() == response
}

/// Whether it has a payload of that type.
pub(in crate::mutants) fn has(draft: &Draft, kind: PayloadType) -> bool {
    payloads(draft).iter().any(|part| part.kind == kind)
}

/// The first payload of that type.
pub(in crate::mutants) fn part(draft: &mut Draft, kind: PayloadType) -> Option<&mut Part> {
    draft.payloads().iter_mut().find(|part| part.kind == kind)
}

/// The types of its notifies.
pub(in crate::mutants) fn notified(draft: &Draft) -> Vec<NotifyType> {
    let kind = |part: &Part| Notify::parse(&part.view()).ok().map(|notify| notify.kind);
    let notifies = payloads(draft).iter().filter(|part| part.kind == PayloadType::N);
    notifies.filter_map(kind).collect()
}

/// Whether it has a notify of an error.
pub(in crate::mutants) fn has_error(draft: &Draft) -> bool {
    notified(draft).iter().any(|kind| kind.is_error())
}

/// Makes notifies of one type notifies of another.
pub(in crate::mutants) fn rename_notify(draft: &mut Draft, from: NotifyType, to: NotifyType) {
    for part in draft.payloads().iter_mut().filter(|part| part.kind == PayloadType::N) {
        if part.body.get(2..4) == Some(&from.0.to_be_bytes()[..]) {
            part.body[2..4].copy_from_slice(&to.0.to_be_bytes());
        }
    }
}
