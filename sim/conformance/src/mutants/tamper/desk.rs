//! What is known of the messages so far, and what is to be done beside passing one on.

use crate::message::{Draft, Inside, Part, find};
use crate::peer::{Side, SkKeys};
use crate::subject::{SpiPair, Wish};
use crate::{Role, Setup};
use ike_core::{ExchangeType, Flags, Header, IkeKeys, Path, PayloadType};

/// What a change remembers and orders.
pub(in crate::mutants) struct Desk {
    role: Role,
    /// How the machine is set up.
    pub(in crate::mutants) setup: Setup,
    /// Where the message at hand comes from or goes to, as the tester sees it; may be changed.
    pub(in crate::mutants) path: Path,
    /// The latest SA.
    pub(in crate::mutants) sa: Option<(SpiPair, IkeKeys)>,
    /// For a change to count.
    pub(in crate::mutants) count: u32,
    /// For a change to keep octets.
    pub(in crate::mutants) kept: Vec<u8>,
    /// For a change to keep where something came from.
    pub(in crate::mutants) from: Option<Path>,
    /// The header of the machine's latest request.
    pub(in crate::mutants) asked: Option<Header>,
    /// The latest IKE_SA_INIT request and the octets of the latest response that is no refusal.
    pub(in crate::mutants) request: Option<Draft>,
    response: Option<(Draft, Vec<u8>)>,
    /// Whether IKE_AUTH has been answered.
    pub(in crate::mutants) up: bool,
    /// From now on nothing comes in and nothing goes out.
    pub(in crate::mutants) hangs: bool,
    /// To be sent to the tester.
    pub(in crate::mutants) says: Vec<Draft>,
    /// To be given to the machine as if the tester had sent it.
    pub(in crate::mutants) hears: Vec<Draft>,
    /// To be wished of the machine.
    pub(in crate::mutants) wants: Option<Wish>,
    sealed: u64,
}

impl Desk {
    pub(super) fn new(role: Role, setup: &Setup) -> Self {
        Self {
            role,
            setup: setup.clone(),
            path: setup.path,
            sa: None,
            count: 0,
            kept: Vec::new(),
            from: None,
            asked: None,
            request: None,
            response: None,
            up: false,
            hangs: false,
            says: Vec::new(),
            hears: Vec::new(),
            wants: None,
            sealed: 0,
        }
    }

    /// Takes note of a message before it is changed; `own`: the machine has written it.
    pub(super) fn note(&mut self, (draft, own): (&Draft, bool), octets: &[u8]) {
        if own && !draft.header.flags.is_response() {
            self.asked = Some(draft.header);
        }
        self.note_handshake(draft, octets);
    }

    fn note_handshake(&mut self, draft: &Draft, octets: &[u8]) {
        let response = draft.header.flags.is_response();
        match draft.header.exchange {
            ExchangeType::IKE_SA_INIT if !response => {
                (self.request, self.up) = (Some(draft.clone()), false);
            }
            ExchangeType::IKE_SA_INIT if find(&draft.parts, PayloadType::KE).is_some() => {
                self.response = Some((draft.clone(), octets.to_vec()));
            }
            ExchangeType::IKE_AUTH if response && draft.inside.is_some() => self.up = true,
            _ => {}
        }
    }

    /// Gives up for good; for the end of a change.
    pub(in crate::mutants) const fn hang(&mut self) -> bool {
        self.hangs = true;
        false
    }

    /// A protected message of that SA and exchange.
    pub(in crate::mutants) fn protected(&mut self, header: Header, parts: Vec<Part>) -> Draft {
        self.sealed += 1;
        let len = self.setup.suite.ike().protection.encryption().iv_len();
        let mut iv = (0xf000_0000_0000_0000 | self.sealed).to_be_bytes().to_vec();
        iv.resize(len, 0x33);
        Draft::protected(header, Inside::of(parts, iv))
    }

    fn answering(&self, request: &Header) -> Header {
        let own = if self.role == Role::Initiator { Flags::INITIATOR } else { Flags(0) };
        Header { flags: own.with(Flags::RESPONSE), version: Header::VERSION, ..*request }
    }

    /// Answers a request under protection.
    pub(in crate::mutants) fn answer(&mut self, request: &Header, parts: Vec<Part>) {
        let header = self.answering(request);
        let answer = self.protected(header, parts);
        self.says.push(answer);
    }

    /// Answers a message in clear.
    pub(in crate::mutants) fn answer_clear(&mut self, request: &Header, parts: Vec<Part>) {
        let answer = Draft::clear(self.answering(request), parts);
        self.says.push(answer);
    }

    /// What the tester must prove with this body of its ID.
    pub(in crate::mutants) fn proof(&self, id_body: &[u8]) -> Option<Vec<u8>> {
        let (spis, keys) = self.sa.clone()?;
        let nonce =
            |draft: &Draft| find(&draft.parts, PayloadType::NONCE).map(|it| it.body.clone());
        let (response, octets) = self.response.as_ref()?;
        let nonces = (nonce(self.request.as_ref()?)?, nonce(response)?);
        let sa = SkKeys { suite: self.setup.suite.ike(), spis, nonces, keys };
        Some(sa.proof(Side::Responder, &self.setup.psk, octets, id_body))
    }
}
