"""strongSwan by the contract of docs/gateways.md: writes its configuration, starts charon, answers the control port."""

import os
import signal
import time

import control
import wakebench
from wakebench import caveat, run, say, seconds, unsupported

IKE = {
    "aes-gcm-x25519": "aes128gcm16-prfsha256-x25519",
    "aes-gcm-p256": "aes128gcm16-prfsha256-ecp256",
    "aes-cbc-modp2048": "aes128-sha256-modp2048",
    "aes-ccm8-p256": "aes128ccm8-prfsha256-ecp256",
    "chacha20-x25519": "chacha20poly1305-prfsha256-x25519",
    "aes256-gcm-x25519": "aes256gcm16-prfsha256-x25519",
}
ESP = {
    "aes-gcm-x25519": "aes128gcm16",
    "aes-gcm-p256": "aes128gcm16",
    "aes-cbc-modp2048": "aes128-sha256",
    "aes-ccm8-p256": "aes128ccm8",
    "chacha20-x25519": "chacha20poly1305",
    "aes256-gcm-x25519": "aes256gcm16",
}
GROUPS = {"x25519": "x25519", "p256": "ecp256", "modp2048": "modp2048"}
# No device of ours offers these.
FOREIGN_ESP = "aes256ctr-sha512"
FOREIGN_NETWORK = {"ipv4": "192.0.2.0/24", "ipv6": "2001:db8:ffff::/64"}
# charon sends what is its own past the routes into the tunnels (table 220) by this mark.
MARK = "0x42"
NO_LIMIT = 1_000_000


def identity(who):
    """In hexadecimal digits, so that no character of a scenario needs quoting."""
    return f'"{who.kind}:#{who.octets.hex()}"'


def proposals(setting):
    """The IKE and the ESP proposals, the best first, each once."""
    unknown = [suite for suite in setting.suites if suite not in IKE]
    if unknown:
        unsupported(f"strongSwan has no suite {', '.join(unknown)}")
    foreign = [group for group in setting.groups if group not in GROUPS]
    if foreign:
        unsupported(f"strongSwan has no group {', '.join(foreign)}")
    more = "".join(f"-{GROUPS[group]}" for group in setting.groups)
    ike = list(dict.fromkeys(IKE[suite] + more for suite in setting.suites))
    esp = list(dict.fromkeys(ESP[suite] for suite in setting.suites))
    if setting.pfs:
        if setting.pfs not in GROUPS:
            unsupported(f"strongSwan has no group {setting.pfs}")
        esp = [f"{suite}-{GROUPS[setting.pfs]}" for suite in esp] + ([] if not setting.responder else esp)
    return ",".join(ike), ",".join(esp)


def thresholds(setting):
    """The limits of charon that protect it from floods; 0 is none."""
    cookies = setting.cookie_threshold()
    if cookies == 0:
        unsupported("strongSwan asks for cookies when 1 IKE SA is half-open at the earliest, not always")
    total, per_address = (-1, None) if cookies is None else cookies
    if cookies is not None:
        caveat("strongSwan goes on asking for cookies for 10 s after its threshold was reached")
    return {
        # Ours are "more than", its are "so many".
        "cookie_threshold": total + 1,
        "cookie_threshold_ip": 0 if per_address is None else per_address + 1,
        # 0 would become 1 more than cookie_threshold_ip.
        "block_threshold": setting.half_open_per_address or NO_LIMIT,
        "init_limit_half_open": setting.half_open_limit or 0,
        "half_open_timeout": seconds(setting.half_open_timeout_ms or 30_000, "HALF_OPEN_TIMEOUT_MS"),
    }


def strongswan_conf(setting):
    """The daemon. Naming the plugins matters: all of them together bring bypass-lan, which routes the peers' network
    into the tunnel device, and everything goes silent."""
    limits = "\n".join(f"  {name} = {value}" for name, value in thresholds(setting).items())
    return f"""charon-systemd {{
  load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey hmac kdf sha2 sha1 aes gcm ccm cmac chapoly curve25519 \
gmp kernel-libipsec kernel-netlink socket-default vici updown counters
  threads = 16
  ikesa_table_size = 4096
  ikesa_table_segments = 16
{limits}
  plugins {{
    kernel-libipsec {{
      load = yes
      raw_esp = yes
      allow_peer_ts = yes
    }}
    kernel-netlink {{
      fwmark = !{MARK}
    }}
    socket-default {{
      fwmark = {MARK}
    }}
  }}
  journal {{
    default = -1
  }}
  filelog {{
    stdout {{
      path = stdout
      flush_line = yes
      default = 1
    }}
  }}
}}
"""


def lifetime(milliseconds, name):
    """0 is for ever."""
    return 0 if milliseconds is None else seconds(milliseconds, name)


def child(setting, esp, name):
    """A Child SA."""
    inside, outside = setting.server_network, setting.nodes_network
    if not setting.responder:
        inside, outside = str(setting.gateway.ip), setting.server_network
    if setting.child == "refuse:TS_UNACCEPTABLE":
        inside = FOREIGN_NETWORK[setting.family]
    elif setting.child in ("refuse", "refuse:NO_PROPOSAL_CHOSEN"):
        esp = FOREIGN_ESP
    elif setting.child != "accept":
        unsupported(f"strongSwan cannot be made to answer CHILD={setting.child}")
    if name == control.MORE:
        # One with the same selectors would be a duplicate, which charon does not make.
        inside, outside = f"{inside}[udp]", f"{outside}[udp]"
    lines = {
        "local_ts": inside,
        "remote_ts": outside,
        "esp_proposals": esp,
        "rekey_time": lifetime(setting.child_lifetime_ms, "CHILD_LIFETIME_MS"),
        "rekey_packets": 0,
        "rekey_bytes": 0,
        "start_action": "start" if setting.start and not setting.responder and name == control.CONNECTION else "none",
    }
    if setting.child_lifetime_ms is not None:
        # A peer that refuses to rekey has so long until the Child SA ends, and is asked at the time that was set.
        lines |= {"life_time": lines["rekey_time"] + 30, "rand_time": 0}
    if setting.idle_timeout_ms is not None:
        caveat("strongSwan ends an idle SA with a Delete, not silently")
        lines["inactivity"] = seconds(setting.idle_timeout_ms, "IDLE_TIMEOUT_MS")
    return "\n".join(f"        {name} = {value}" for name, value in lines.items())


def swanctl_conf(setting):
    """The connection and the keys."""
    ike, esp = proposals(setting)
    local = setting.gateway.ip
    remote = "%any" if setting.responder else setting.peer
    remote_id = "%any" if setting.responder else identity(setting.remote_id)
    names = [control.CONNECTION] if setting.responder else [control.CONNECTION, control.MORE]
    children = "\n".join(f"      {name} {{\n{child(setting, esp, name)}\n      }}" for name in names)
    yield f"""connections {{
  wakebench {{
    version = 2
    local_addrs = {local}
    remote_addrs = {remote}
    proposals = {ike}
    mobike = no
    fragmentation = yes
    send_cert = never
    send_certreq = no
    unique = {"no" if setting.initial_contact else "never"}
    reauth_time = 0
    rekey_time = {lifetime(setting.ike_lifetime_ms, "IKE_LIFETIME_MS")}
    rand_time = 0
    dpd_delay = {lifetime(setting.liveness_ms, "LIVENESS_MS")}
    local {{
      auth = psk
      id = {identity(setting.local_id)}
    }}
    remote {{
      auth = psk
      id = {remote_id}
    }}
    children {{
{children}
    }}
  }}
}}
secrets {{
"""
    for number, (who, key) in enumerate(wakebench.credentials()):
        yield f"  ike-{number} {{\n    id = {identity(who)}\n    secret = 0x{key}\n  }}\n"
    yield "}\n"


def route_around(setting):
    """Sends what is decrypted on to the server, which is not here.

    kernel-libipsec wants an address of ours inside the protected network, so the server's is on lo. A rule in front
    of the local table leads past it whatever came out of a tunnel. What comes from the server and finds no tunnel must
    not leave in clear."""
    family = "-6" if setting.ipv6 else "-4"
    host = f"{setting.server}/{setting.server.max_prefixlen}"
    run("ip", family, "address", "add", host, "dev", "lo", *(["nodad"] if setting.ipv6 else []))
    run("ip", family, "rule", "add", "pref", "10", "lookup", "local")
    run("ip", family, "rule", "del", "pref", "0")
    run("ip", family, "rule", "add", "pref", "5", "iif", "ipsec0", "to", host, "lookup", wakebench.TABLE)
    run("ip", family, "route", "add", host, "dev", "sim0", "table", wakebench.TABLE)
    run("ip", family, "rule", "add", "pref", "221", "iif", "sim0", "from", host, "blackhole")


def write(path, texts):
    """A file that only we read: there are keys in it."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.writelines(texts)


def await_charon(daemon):
    """Until the control socket answers."""
    while True:
        if daemon.poll() is not None:
            raise RuntimeError(f"charon ended with status {daemon.returncode}")
        try:
            return control.version()
        except OSError:
            time.sleep(0.05)


def main():
    """As PID 1 of the container."""
    setting = wakebench.Setting(os.environ)
    write("/etc/strongswan.conf", strongswan_conf(setting))
    write("/etc/swanctl/swanctl.conf", swanctl_conf(setting))
    portal = wakebench.network(setting)
    if setting.responder:
        route_around(setting)
    daemon = wakebench.daemon("stdbuf", "-oL", "/usr/sbin/charon-systemd")

    def stop(*_):
        daemon.terminate()

    wakebench.end_with(portal, stop)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    version = await_charon(daemon)
    say(run("swanctl", "--load-all", "--noprompt").strip().splitlines()[-1])
    wakebench.serve_control(lambda line: control.answer(line, setting))
    say(f"ready strongswan {version}")
    status = wakebench.await_end(daemon)
    portal.terminate()
    raise SystemExit(status)


if __name__ == "__main__":
    main()
