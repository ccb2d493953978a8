//! What a device says with a field wrong that most gateways pass over, and what it passes over itself.

use crate::message::{Draft, SelectorDraft, ts_part};
use crate::mutants::Mutant;
use crate::mutants::tamper::{edit_sa, is, notified, part};
use ike_core::{ExchangeType, Flags, IkeSpi, NotifyType, PayloadType, TransformType};

const INIT: ExchangeType = ExchangeType::IKE_SA_INIT;
const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::device(
        "cookie-with-spi",
        &["NG15"],
        "names a responder's SPI in the request with a cookie",
    )
    .writing(|it, _| {
        if has_cookie(it) {
            it.header.spi_r = IkeSpi(9);
        }
        true
    }),
    Mutant::device("cookie-counted", &["NG15"], "gives the request with a cookie Message ID 1")
        .writing(|it, _| {
            it.header.message_id += u32::from(has_cookie(it));
            true
        }),
    Mutant::device(
        "offer-cut",
        &["NG11"],
        "offers the group alone that it was asked for, not the whole offer",
    )
    .reading(|it, desk| {
        desk.count |= u32::from(notified(it).contains(&NotifyType::INVALID_KE_PAYLOAD));
        true
    })
    .writing(|it, desk| {
        let ke = part(it, PayloadType::KE).and_then(|ke| ke.body.first_chunk().copied());
        if let Some(group) = ke.map(u16::from_be_bytes).filter(|_| desk.count > 0) {
            edit_sa(it, |proposal| {
                proposal.transforms.retain(|it| it.kind != TransformType::DH || it.id == group);
            });
        }
        true
    }),
    Mutant::device("spi-proposed", &["NG9"], "has its SPI in the proposal of IKE_SA_INIT").writing(
        |it, _| {
            if is(it, INIT, false) {
                let spi = it.header.spi_i.to_octets().to_vec();
                edit_sa(it, |proposal| proposal.spi = spi);
            }
            true
        },
    ),
    Mutant::device("numbers-from-2", &["NG1"], "counts its proposals from 2").writing(|it, _| {
        if is(it, INIT, false) {
            edit_sa(it, |proposal| proposal.number = 2);
        }
        true
    }),
    Mutant::device("key-length-missing", &["NG4"], "offers AES without a Key Length").writing(
        |it, _| {
            edit_sa(it, |proposal| {
                let ciphers = proposal.transforms.iter_mut();
                ciphers.for_each(|transform| transform.attributes.clear());
            });
            true
        },
    ),
    Mutant::device(
        "auth-flags-unchecked",
        &["HD6"],
        "takes IKE_AUTH answers that have the initiator flag",
    )
    .reading(|it, _| {
        if is(it, ExchangeType::IKE_AUTH, true) {
            it.header.flags = Flags(it.header.flags.0 & !Flags::INITIATOR.0);
        }
        true
    }),
    Mutant::device("old-ids-answered", &["RT14"], "answers requests of long ago once more")
        .reading(|it, desk| {
            if !is(it, INFORMATIONAL, false) || it.inside.is_none() {
                return true;
            }
            let old = it.header.message_id.saturating_add(1) < desk.count;
            if old {
                desk.answer(&it.header, Vec::new());
            } else if it.header.message_id <= desk.count {
                desk.count = it.header.message_id + 1;
            }
            !old
        }),
    Mutant::device("own-spi-unchecked", &["RT18"], "does not look at its own SPI in requests")
        .reading(|it, desk| {
            if let (Some((spis, _)), true) = (&desk.sa, is(it, INFORMATIONAL, false)) {
                (it.header.spi_i, it.header.spi_r) = *spis;
            }
            true
        }),
    Mutant::device("range-ends-unread", &["TS2"], "takes the first address of a range for all")
        .reading(|it, _| {
            for whose in [PayloadType::TSI, PayloadType::TSR] {
                cut_ranges(it, whose);
            }
            true
        }),
];

fn has_cookie(draft: &Draft) -> bool {
    is(draft, INIT, false) && notified(draft) == [NotifyType::COOKIE]
}

/// Each range down to its first address.
fn cut_ranges(draft: &mut Draft, whose: PayloadType) {
    let Some(part) = part(draft, whose) else { return };
    let mut selectors = SelectorDraft::of(part);
    for selector in &mut selectors {
        let half = selector.range.len() / 2;
        selector.range.copy_within(..half, half);
    }
    if !selectors.is_empty() {
        part.body = ts_part(whose, &selectors).body;
    }
}
