//! The figures of a run that a scenario can set bounds to.

/// The figures that only a run has in which some node has a radio.
pub(super) const OF_RADIOS: [&str; 3] = ["energy_uj", "handshake_energy_uj", "radio_on_us"];

/// The figures of a run: the name in `[expect]` and in the report, and what it counts. Each is an integer.
pub const FIGURES: &[(&str, &str)] = &[
    ("nodes", "nodes in the run"),
    ("wakes", "times a node woke"),
    ("attempts", "times a node began to connect"),
    ("established", "attempts that ended with an IKE SA and its Child SA at the node"),
    ("failed", "attempts that the node gave up"),
    ("ike_requests", "different IKE requests that nodes sent"),
    ("ike_retransmissions", "times a node sent an IKE request again"),
    ("ike_datagrams", "IKE datagrams that nodes and gateway sent"),
    ("esp_packets_sent", "ESP packets that nodes and gateway sent"),
    ("esp_packets_received", "ESP packets that passed the receiver's checks"),
    ("application_sent", "application messages that nodes and server sent, repetitions among them"),
    ("application_received", "application messages that arrived, repetitions among them"),
    ("application_repeated", "application messages that were sent again for want of an answer"),
    ("application_completed", "wakes whose application did all it wanted"),
    ("application_failed", "wakes whose application gave up, or never had a Child SA"),
    ("ping_requests", "echo requests that nodes sent"),
    ("ping_replies", "echo replies that nodes received in time"),
    ("datagrams_sent", "IP datagrams that entered a link"),
    (
        "datagrams_delivered",
        "IP datagrams that left a link at its other end, second copies, damaged and injected ones too",
    ),
    (
        "datagrams_lost",
        "IP datagrams that a link lost by its `loss`, `gilbert_elliott` or `loss_trace`",
    ),
    ("datagrams_duplicated", "IP datagrams that a link made a second copy of"),
    (
        "datagrams_reordered",
        "copies of IP datagrams that a link held back, so that later ones overtake them",
    ),
    (
        "datagrams_corrupted",
        "copies of IP datagrams that a link damaged so that a checksum or ESP catches it",
    ),
    (
        "datagrams_mangled",
        "copies of IP datagrams that a link damaged so that only IKE or ESP can catch it",
    ),
    ("datagrams_injected", "IP datagrams that forgers put on the far end of a link"),
    ("dropped", "datagrams that arrived and were refused by IKE or ESP"),
    ("diffie_hellman_gateway", "Diffie-Hellman operations of the gateway"),
    ("half_open_peak", "most IKE SAs that the gateway held half-open at one time"),
    ("gateway_sas_at_end", "IKE SAs that the gateway held when the run ended"),
    ("nodes_asleep_at_end", "nodes that slept when the run ended"),
    ("energy_uj", "energy that the nodes with a `radio` took, in microjoules"),
    ("handshake_energy_uj", "what of that went into attempts that ended, failed ones too"),
    ("radio_on_us", "time in which the radios of those nodes were on, in microseconds"),
];
