"""libreswan's configuration from the contract of docs/gateways.md."""

import os

import wakebench
from wakebench import caveat, seconds, unsupported

PATH = "/etc/ipsec.conf"
SECRETS = "/etc/ipsec.secrets"
NAME = "wakebench"
# The connection of a device that is only made on command: for UDP, since two with the same selectors are one.
MORE = "more"
IKE = {
    "aes-gcm-x25519": "aes_gcm128-sha256-dh31",
    "aes-gcm-p256": "aes_gcm128-sha256-dh19",
    "aes-cbc-modp2048": "aes128-sha256-modp2048",
    "chacha20-x25519": "chacha20_poly1305-sha256-dh31",
    "aes256-gcm-x25519": "aes_gcm256-sha256-dh31",
}
ESP = {
    "aes-gcm-x25519": "aes_gcm128",
    "aes-gcm-p256": "aes_gcm128",
    "aes-cbc-modp2048": "aes128-sha256",
    "chacha20-x25519": "chacha20_poly1305",
    "aes256-gcm-x25519": "aes_gcm256",
}
GROUPS = {"x25519": "dh31", "p256": "dh19", "modp2048": "modp2048"}
# No device of ours offers these.
FOREIGN_ESP = "aes256-sha2_512"
FOREIGN_NETWORK = {"ipv4": "192.0.2.0/24", "ipv6": "2001:db8:ffff::/64"}
FOREVER_S = 86_400


def identity(who):
    """As ipsec.conf and ipsec.secrets spell it. There is no way to quote in either, so characters that need it are
    refused."""
    if who.kind in ("ipv4", "ipv6"):
        return who.address()
    if who.kind == "keyid":
        return f"@#{who.octets.hex()}"
    text = who.plain()
    wants_at = who.kind == "rfc822"
    if text is None or ("@" in text) != wants_at:
        unsupported(f"libreswan cannot be told the identity {who.kind}:#{who.octets.hex()}: its files have no quotes")
    return text if wants_at else f"@{text}"


def check(setting):
    """Ends with `unsupported` where that is so."""
    without = [suite for suite in setting.suites if suite not in IKE]
    if without:
        unsupported(f"libreswan has no AES-CCM in IKE: {', '.join(without)}")
    foreign = [group for group in [*setting.groups, setting.pfs] if group and group not in GROUPS]
    if foreign:
        unsupported(f"libreswan has no group {', '.join(foreign)}")
    if setting.child not in ("accept", "refuse", "refuse:NO_PROPOSAL_CHOSEN", "refuse:TS_UNACCEPTABLE"):
        unsupported(f"libreswan cannot be made to answer CHILD={setting.child}")
    if setting.idle_timeout_ms is not None:
        unsupported("libreswan never forgets an idle SA by itself")
    identity(setting.local_id)
    for who, _ in wakebench.credentials():
        identity(who)


def floods(setting):
    """Its limits of half-open IKE SAs."""
    cookies = setting.cookie_threshold()
    lines = {"ddos-mode": {None: "unlimited", 0: "busy"}.get(cookies, "auto")}
    if cookies:
        total, per_address = cookies
        lines["ddos-ike-threshold"] = total + 1
        if per_address is not None:
            caveat("libreswan counts half-open IKE SAs of all addresses together only: COOKIES")
    if setting.half_open_limit is not None:
        lines["max-halfopen-ike"] = setting.half_open_limit
    if setting.half_open_per_address is not None:
        caveat("libreswan has no limit of half-open IKE SAs by address: HALF_OPEN_PER_ADDRESS")
    if setting.half_open_timeout_ms is not None:
        caveat("libreswan's time for half-open IKE SAs cannot be set: HALF_OPEN_TIMEOUT_MS")
    return lines


def proposals(setting):
    """The IKE and the ESP proposals, the best first, each once."""
    more = "".join(f"+{GROUPS[group]}" for group in setting.groups)
    ike = dict.fromkeys(IKE[suite] + more for suite in setting.suites)
    esp = dict.fromkeys(ESP[suite] for suite in setting.suites)
    if setting.child in ("refuse", "refuse:NO_PROPOSAL_CHOSEN"):
        esp = [FOREIGN_ESP]
    if setting.pfs:
        # The group stands behind a semicolon where the suite has no integrity algorithm of its own.
        esp = [f"{suite};{GROUPS[setting.pfs]}" for suite in esp]
    return ",".join(ike), ",".join(esp)


def timers(setting):
    """When it rekeys and asks whether its peer lives."""
    ike, child = setting.ike_lifetime_ms, setting.child_lifetime_ms
    lines = {
        "ikelifetime": FOREVER_S if ike is None else seconds(ike, "IKE_LIFETIME_MS"),
        "salifetime": FOREVER_S if child is None else seconds(child, "CHILD_LIFETIME_MS"),
        "rekey": "no" if ike is None and child is None else "yes",
    }
    if lines["rekey"] == "yes":
        caveat("libreswan rekeys a second before a lifetime ends, not at its end")
        lines |= {"rekeymargin": 1, "rekeyfuzz": "0%"}
    if setting.liveness_ms is not None:
        lines["dpddelay"] = seconds(setting.liveness_ms, "LIVENESS_MS")
    return lines


def connection(setting):
    """The one connection. A responder's has no identity of the peer: each is told from the next by its key."""
    ike, esp = proposals(setting)
    inside = setting.server_network
    if setting.child == "refuse:TS_UNACCEPTABLE":
        inside = FOREIGN_NETWORK[setting.family]
    # Without rightsubnet each device is what is behind it. With one, its Child SA would go to an instance of the connection
    # that has lost the identity, and INITIAL_CONTACT would not find the old one.
    ends = {"right": "%any", "rightid": "%any", "narrowing": "yes"}
    if not setting.responder:
        inside, outside = f"{setting.gateway.ip}/{setting.gateway.max_prefixlen}", setting.server_network
        ends = {"right": setting.peer, "rightid": identity(setting.remote_id), "rightsubnet": outside}
        if not setting.initial_contact:
            ends["initial-contact"] = "no"
    return {
        "type": "tunnel", "keyexchange": "ikev2", "authby": "secret", "auto": "ignore",
        "left": setting.gateway.ip, "leftid": identity(setting.local_id), "leftsubnet": inside,
        "ike": ike, "esp": esp, "pfs": "yes" if setting.pfs else "no",
        "mobike": "no", "encapsulation": "no", "failureshunt": "drop", "negotiationshunt": "drop",
        **ends, **timers(setting),
    }


def connections(setting):
    """The names to be loaded."""
    return [NAME] if setting.responder else [NAME, MORE]


def write(setting):
    """Both files."""
    check(setting)
    setup = {"logtime": "no", "uniqueids": "yes", **floods(setting)}
    lines = ["config setup"] + [f"  {name}={value}" for name, value in setup.items()]
    for conn in connections(setting):
        narrower = {"leftprotoport": "udp", "rightprotoport": "udp"} if conn == MORE else {}
        all_lines = {**connection(setting), **narrower}
        lines += ["", f"conn {conn}"] + [f"  {name}={value}" for name, value in all_lines.items()]
    with open(PATH, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    ours = identity(setting.local_id)
    with open(os.open(SECRETS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        for who, key in wakebench.credentials():
            file.write(f"{ours} {identity(who)} : PSK 0x{key}\n")
