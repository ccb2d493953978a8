"""iked.conf from the contract of docs/gateways.md."""

import os

import wakebench
from wakebench import caveat, seconds, unsupported

PATH = "/etc/iked.conf"
IKE = {
    "aes-gcm-x25519": ("aes-128-gcm", None, "curve25519"),
    "aes-gcm-p256": ("aes-128-gcm", None, "ecp256"),
    "aes-cbc-modp2048": ("aes-128", "hmac-sha2-256", "modp2048"),
}
ESP = {
    "aes-gcm-x25519": ("aes-128-gcm", None),
    "aes-gcm-p256": ("aes-128-gcm", None),
    "aes-cbc-modp2048": ("aes-128", "hmac-sha2-256"),
}
# No device of ours offers these.
FOREIGN_ESP = ("aes-256", "hmac-sha2-512")


def identity(who):
    """As iked.conf spells it: its kind is guessed from its look, so one that looks like another is refused."""
    if who.kind in ("ipv4", "ipv6"):
        return f'"{who.address()}"'
    text = who.plain()
    fits = text is not None and not text[0].isdigit() and ("@" in text) == (who.kind == "rfc822")
    if who.kind == "keyid" or not fits:
        unsupported(f"OpenIKED cannot be told the identity {who.kind}:#{who.octets.hex()}")
    return f'"{text}"'


def transforms(setting):
    """The words for the IKE and the Child SA, a proposal for each suite."""
    without = [suite for suite in setting.suites if suite not in IKE]
    if without:
        unsupported(f"OpenIKED has no suite {', '.join(without)}")
    if setting.pfs:
        unsupported("OpenIKED with PFS was not tried")
    if setting.child == "accept":
        unsupported("OpenIKED 7.4 on Linux has no ESP with HMAC-SHA2-256 or an AEAD, so with no suite here: its README.md has "
                    "the lines of its source; CHILD=refuse works")
    foreign = setting.child in ("refuse", "refuse:NO_PROPOSAL_CHOSEN")
    if not foreign:
        unsupported(f"OpenIKED cannot be made to answer CHILD={setting.child}")
    ike, esp = [], []
    for suite in setting.suites:
        cipher, integrity, group = IKE[suite]
        words = ["ikesa", "enc", cipher, "prf", "hmac-sha2-256"]
        words += ["auth", integrity] if integrity else []
        ike.append(" ".join([*words, "group", group]))
        cipher, integrity = FOREIGN_ESP if foreign else ESP[suite]
        esp.append(" ".join(["childsa", "enc", cipher, *(["auth", integrity] if integrity else []), "noesn"]))
    return " ".join(dict.fromkeys(ike)), " ".join(dict.fromkeys(esp))


def limits(setting):
    """The options of the daemon."""
    if setting.cookie_threshold() is not None:
        unsupported("OpenIKED's cookies cannot be set")
    if setting.idle_timeout_ms is not None:
        unsupported("OpenIKED never forgets an idle SA by itself")
    for value, name in [(setting.half_open_limit, "HALF_OPEN_LIMIT"),
                        (setting.half_open_per_address, "HALF_OPEN_PER_ADDRESS"),
                        (setting.half_open_timeout_ms, "HALF_OPEN_TIMEOUT_MS")]:
        if value is not None:
            caveat(f"OpenIKED has no setting for it: {name}")
    yield "set nomobike\n"
    yield "set nofragmentation\n"
    liveness = setting.liveness_ms
    yield f"set dpd_check_interval {seconds(liveness, 'LIVENESS_MS') if liveness else 0}\n"


def lines(setting):
    """The file: a policy for each peer, because a key belongs to a policy."""
    yield from limits(setting)
    ike, esp = transforms(setting)
    family = "inet6" if setting.ipv6 else "inet"
    inside, outside = setting.server_network, setting.nodes_network
    mode, peer = "passive", "any"
    if not setting.responder:
        inside, outside = str(setting.gateway.ip), setting.server_network
        mode, peer = ("active" if setting.start else "passive"), setting.peer
    life = []
    if setting.ike_lifetime_ms is not None:
        life.append(f"ikelifetime {seconds(setting.ike_lifetime_ms, 'IKE_LIFETIME_MS')}")
    if setting.child_lifetime_ms is not None:
        life.append(f"lifetime {seconds(setting.child_lifetime_ms, 'CHILD_LIFETIME_MS')}")
    for number, (who, key) in enumerate(wakebench.credentials()):
        yield (f'ikev2 "wakebench-{number}" {mode} tunnel esp {family} from {inside} to {outside} '
               f"local {setting.gateway.ip} peer {peer} {ike} {esp} srcid {identity(setting.local_id)} "
               f"dstid {identity(who)} {' '.join(life)} psk 0x{key}\n")


def write(setting):
    """Only we read it: there are keys in it."""
    with open(os.open(PATH, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.writelines(lines(setting))
