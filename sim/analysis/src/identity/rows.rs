//! The rows of the table of identities.

use super::Row;
use super::compare::*;
use crate::premise::Premise as P;

/// What all statements about a handshake take for granted.
const LOSS: &[P] = &[
    P::OneKind,
    P::Intact,
    P::IndependentLoss,
    P::SameFrames,
    P::GatewayRemembers,
    P::NobodyRefused,
    P::AllFinished,
];
/// What is counted: it does not matter how long an answer takes, if it comes in turn.
const COUNTS: &[&[P]] = &[LOSS, &[P::SameExchanges, P::AnsweredInTurn]];
/// A request without its cookie leaves nothing at the gateway.
const ORPHANS: &[&[P]] = &[LOSS, &[P::TwoExchanges, P::AnsweredInTurn]];
/// Where answers may come late.
const LATE: &[&[P]] =
    &[LOSS, &[P::TwoExchanges, P::ConstantRoundTrip, P::LastAnswerInTime, P::ExactTimers]];
/// Times, too.
const TIMES: &[&[P]] =
    &[LOSS, &[P::SameExchanges, P::ConstantRoundTrip, P::ExactTimers, P::AnsweredInTurn]];
/// Whatever else becomes of a datagram.
const FRAMES: &[P] = &[P::LossyFrames, P::OneKind, P::SameFrames];
const HERD: &[P] = &[
    P::WakeAtOnce,
    P::ServiceTime,
    P::OneKind,
    P::Intact,
    P::IndependentLoss,
    P::NoLoss,
    P::ConstantDelay,
    P::ExactTimers,
    P::TwoExchanges,
    P::NobodyRefused,
    P::NobodyGivesUp,
    P::AllFinished,
];
/// Wakes go on to the end of the run: the one handshake that is then under way does not count.
const QUEUE: &[P] = &[
    P::PoissonWakes,
    P::ServiceTime,
    P::ServedInTheEnd,
    P::OneKind,
    P::Intact,
    P::IndependentLoss,
    P::NoLoss,
    P::ConstantDelay,
    P::TwoExchanges,
    P::NobodyRefused,
    P::NobodyGivesUp,
];

const BURSTS: &[P] = &[P::Bursts, P::OneKind, P::NoLoss, P::WakeOnce, P::SameFrames];
/// What bursts change can only be told apart where the rest is as the formulas want it.
const WITHOUT_BURSTS: &[P] = &[
    P::Bursts,
    P::OneKind,
    P::Intact,
    P::SameFrames,
    P::SameExchanges,
    P::NobodyRefused,
    P::AllFinished,
];

/// Whatever becomes of the answers.
const SERVICE: &[P] = &[P::ServiceTime, P::Intact, P::NobodyRefused];

const DIFFIE_HELLMAN: &[P] = &[P::Intact, P::TwoExchanges, P::GatewayRemembers, P::NobodyRefused];

pub(super) const ROWS: [Row; 18] = [
    Row {
        name: "exchange succeeds",
        formula: "1 - q^N",
        premises: COUNTS,
        compare: exchange_success,
    },
    Row {
        name: "handshake succeeds",
        formula: "(1 - q^N)^E",
        premises: COUNTS,
        compare: handshake_success,
    },
    Row {
        name: "requests per exchange",
        formula: "(1 - q^N) / s",
        premises: COUNTS,
        compare: requests,
    },
    Row {
        name: "responses per exchange",
        formula: "(1 - p_f)(1 - q^N) / s",
        premises: COUNTS,
        compare: responses,
    },
    Row {
        name: "spurious per exchange",
        formula: "sum of P(k) (sent(k) - k)",
        premises: LATE,
        compare: spurious,
    },
    Row {
        name: "mean latency, s",
        formula: "E (R + sum of P(k) S_(k-1))",
        premises: TIMES,
        compare: mean_latency,
    },
    Row {
        name: "worst step of the staircase",
        formula: "sum of P(j) P(k) ..",
        premises: TIMES,
        compare: staircase,
    },
    Row {
        name: "orphans per handshake",
        formula: "q^N - p_f^N",
        premises: ORPHANS,
        compare: orphans,
    },
    Row {
        name: "half-open SAs x time, s",
        formula: "sum of durations",
        premises: &[],
        compare: little,
    },
    Row {
        name: "datagram in frames is lost",
        formula: "1 - (1 - p)^n",
        premises: &[FRAMES],
        compare: lost_in_frames,
    },
    Row {
        name: "first requests lost in bursts",
        formula: "(l_good r + l_bad p) / (p + r)",
        premises: &[BURSTS],
        compare: bursts,
    },
    Row {
        name: "handshake succeeds, without bursts",
        formula: "(1 - q^N)^E at the mean loss",
        premises: &[WITHOUT_BURSTS],
        compare: success_without_bursts,
    },
    Row {
        name: "requests per exchange, without bursts",
        formula: "(1 - q^N) / s at the mean loss",
        premises: &[WITHOUT_BURSTS],
        compare: requests_without_bursts,
    },
    Row {
        name: "Diffie-Hellman of the gateway",
        formula: "1 for each IKE_SA_INIT",
        premises: &[DIFFIE_HELLMAN],
        compare: diffie_hellman,
    },
    Row {
        name: "herd: IKE_SA_INIT sent",
        formula: "n + sum of max(0, n + 1 - ceil((S_j - R) / c))",
        premises: &[HERD],
        compare: herd_transmissions,
    },
    Row {
        name: "herd: last answer, s",
        formula: "n c + R",
        premises: &[HERD],
        compare: herd_answers,
    },
    Row {
        name: "mean wait in the queue, s",
        formula: "rho c / (2 (1 - rho)), less for few nodes",
        premises: &[QUEUE],
        compare: queue_wait,
    },
    Row {
        name: "knee: served per s while busy",
        formula: "1 / c",
        premises: &[SERVICE],
        compare: served_while_busy,
    },
];
