"""The control port of libreswan: each command of the contract by whack."""

import re
import subprocess

import config
import wakebench
from wakebench import run

# pluto's names for the kinds of identities, and those of the contract.
KINDS = {
    "ID_FQDN": "fqdn", "ID_USER_FQDN": "rfc822", "ID_IPV4_ADDR": "ipv4", "ID_IPV6_ADDR": "ipv6", "ID_KEY_ID": "keyid",
}
STATE = re.compile(r'#(?P<number>\d+): (?P<name>"[^"]+"(\[\d+\])?)(?: (?P<address>\S+))?:\d+ (?P<state>\w+) ')
PARENT = re.compile(r"; IKE SA #(\d+);")
ESP = re.compile(r"#(?P<number>\d+): .* esp[.:](?P<out>[0-9a-f]+)@\S+ esp[.:](?P<into>[0-9a-f]+)@\S+ .*"
                 r"ESPin=(?P<octets_in>\w+) ESPout=(?P<octets_out>\w+)")
PEER = re.compile(r'(?P<name>"[^"]+"(\[\d+\])?): .*their idtype: (?P<kind>\S+); their id=(?P<value>.*)')
SELECTORS = re.compile(r'(?P<name>"[^"]+"\[\d+\]): (?P<local>[^=\s]+)===')
UNITS = {"B": 0, "KB": 10, "MB": 20, "GB": 30}


def whack(*arguments):
    """A command to pluto."""
    return subprocess.run(["ipsec", "whack", *arguments], check=False, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def answer(line, setting):
    """What a command of the contract is answered with."""
    word, *rest = line.split()
    commands = {
        "sas": lambda: wakebench.document(ike_sas(whack("--status").stdout)),
        "raw": lambda: whack("--status").stdout + run("ip", "-s", "xfrm", "state") + run("ip", "xfrm", "policy"),
        "initiate": initiate,
        "new-child": lambda: new_child(setting),
        "rekey-child": lambda: rekey("--rekey-child", rest),
        "rekey-ike": lambda: rekey("--rekey-ike", rest),
        "delete": lambda: delete(rest, False, setting),
        "delete-child": lambda: delete(rest, True, setting),
        "liveness": lambda: "unsupported: libreswan has liveness checks by time only: LIVENESS_MS",
        "ping": lambda: wakebench.ping(setting),
    }
    return commands[word]() if word in commands else f"unsupported: {word}"


def initiate():
    """Connects. What an earlier attempt has left among the routes would keep the Child SA from it."""
    whack("--name", config.NAME, "--unroute")
    return verdict(whack("--name", config.NAME, "--initiate"))


def new_child(setting):
    """One more Child SA: that of a second connection with the same ends, which only a device has."""
    if setting.responder:
        return "unsupported: libreswan asks for one Child SA of a configuration only"
    return verdict(whack("--name", config.MORE, "--initiate"))


def verdict(done):
    """ok, or pluto's last words."""
    lines = done.stdout.strip().splitlines() or [f"status {done.returncode}"]
    return "ok" if done.returncode == 0 else f"failed: {lines[-1]}"


def rekey(option, who):
    """Rekeys the SAs of all peers: pluto knows no others by the connection's name."""
    others = [sa for sa in ike_sas(whack("--status").stdout) if sa["remote_id"] != who[0]] if who else []
    if others:
        return "unsupported: libreswan rekeys the SAs of all peers at once"
    done = whack(option, "--name", config.NAME, "--asynchronous")
    return "ok" if "initiating rekey" in done.stdout else verdict(done)


def delete(who, child, setting):
    """Deletes the SAs of a peer, or of all."""
    if not setting.responder and not child:
        # Otherwise it would connect again.
        return verdict(whack("--name", config.NAME, "--terminate"))
    found = [sa for sa in ike_sas(whack("--status").stdout) if not who or sa["remote_id"] == who[0]]
    if not found:
        return "failed: no such IKE SA"
    targets = [one for sa in found for one in sa["children"]] if child else found
    verdicts = [verdict(whack("--deletestate", target["number"])) for target in targets]
    return next((told for told in verdicts if told != "ok"), "ok")


def ike_sas(status):
    """The IKE SAs by the contract, from `whack --status`. pluto does not tell the SPIs of an IKE SA."""
    peers = {match["name"]: peer(match) for match in map(PEER.match, status.splitlines()) if match}
    esp = {match["number"]: match for match in map(ESP.match, status.splitlines()) if match}
    local = {match["name"]: match["local"] for match in map(SELECTORS.match, status.splitlines()) if match}
    found, children = {}, []
    for line in status.splitlines():
        state, parent = STATE.match(line), PARENT.search(line)
        if state and parent:
            children.append((parent[1], state))
        elif state:
            found[state["number"]] = {
                "number": state["number"],
                "remote_id": peers.get(state["name"]),
                "remote_address": state["address"],
                "state": "established" if state["state"].startswith("ESTABLISHED") else "half-open",
                "children": [],
            }
    for parent, state in children:
        if parent in found:
            found[parent]["children"].append(one_child(state, esp.get(state["number"]), local.get(state["name"])))
    return list(found.values())


def peer(match):
    """A typed identity."""
    kind, value = KINDS.get(match["kind"]), match["value"].strip()
    if kind is None:
        return None
    if kind == "keyid":
        value = value.removeprefix("@#0x").removeprefix("@#")
    return f"{kind}:{value.removeprefix('@')}"


def one_child(state, esp, local):
    """A Child SA by the contract."""
    traffic = {} if esp is None else {
        "spi_in": esp["into"].zfill(8), "spi_out": esp["out"].zfill(8),
        "octets_in": octets(esp["octets_in"]), "octets_out": octets(esp["octets_out"]),
    }
    shown = "installed" if state["state"].startswith("ESTABLISHED") else state["state"].lower()
    return {"number": state["number"], "state": shown, "ts_local": None if local is None else [local],
            **traffic}


def octets(text):
    """84B, 12KB: rounded down beyond the first."""
    digits = re.match(r"\d+", text)[0]
    return int(digits) << UNITS.get(text[len(digits):], 0)
