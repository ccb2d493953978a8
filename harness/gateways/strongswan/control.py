"""The control port of strongSwan: each command of the contract by vici or swanctl."""

import ipaddress
import re

import wakebench
from vici import Vici
from wakebench import run

CONNECTION = "wakebench"
# The Child SA of a device that is only made on command.
MORE = "more"


def version():
    """charon's version."""
    with Vici() as charon:
        return charon.call("version")["version"]


def answer(line, setting):
    """What a command of the contract is answered with."""
    word, *rest = line.split()
    commands = {
        "sas": lambda: wakebench.document(list(ike_sas())),
        "raw": lambda: run("swanctl", "--list-sas", "--raw") + run("ip", "-s", "link", "show", "ipsec0"),
        "initiate": lambda: initiate(CONNECTION),
        "new-child": lambda: new_child(setting),
        "rekey-child": lambda: done("rekey", "child", rest),
        "rekey-ike": lambda: done("rekey", "ike", rest),
        "delete": lambda: done("terminate", "ike", rest),
        "delete-child": lambda: done("terminate", "child", rest),
        "liveness": lambda: "unsupported: strongSwan has liveness checks by time only: LIVENESS_MS",
        "ping": lambda: wakebench.ping(setting),
    }
    return commands[word]() if word in commands else f"unsupported: {word}"


def initiate(child):
    """Asks for a Child SA, and before that for the IKE SA where there is none."""
    return verdict(run("swanctl", "--initiate", "--child", child, "--timeout", "60", check=False))


def new_child(setting):
    """One more Child SA: that of a second configuration, which only a device has."""
    if setting.responder:
        return "unsupported: strongSwan asks for one Child SA of a configuration only"
    return initiate(MORE)


def verdict(told):
    """ok, or the last line of a swanctl that failed."""
    lines = told.strip().splitlines() or [""]
    return "ok" if lines[-1].endswith("completed successfully") else f"failed: {lines[-1]}"


def done(command, kind, who=()):
    """Rekeys or terminates all IKE or Child SAs, or those of one remote identity."""
    arguments = {kind: CONNECTION}
    with Vici() as charon:
        if who:
            # By its octets: what charon shows has lost its type.
            wanted = wakebench.Identity(who[0]).octets
            found = [sa for sa in ike_sas(charon) if octets(sa["remote_id"]) == wanted]
            ids = [sa["unique_id"] for sa in found]
            if kind == "child":
                ids = [child["unique_id"] for sa in found for child in sa["children"]]
            if not ids:
                return f"failed: no {kind} SA with {who[0]}"
            arguments = {f"{kind}-id": ids[-1]}
        if command == "terminate":
            # Does not wait for the peer's answer.
            arguments["timeout"] = "-1"
        told = charon.call(command, arguments)
    return "ok" if told.get("success") == "yes" else f"failed: {told.get('errmsg', told)}"


def octets(shown):
    """The octets of an identity that charon shows."""
    return None if shown is None else wakebench.Identity(shown).octets


def ike_sas(charon=None):
    """The IKE SAs by the contract."""
    if charon is None:
        with Vici() as charon:
            yield from ike_sas(charon)
        return
    for message in charon.stream("list-sas", "list-sa", {"noblock": "yes"}):
        for sa in message.values():
            yield {
                "remote_id": typed(sa.get("remote-id")),
                "remote_address": sa.get("remote-host"),
                "spi_i": sa.get("initiator-spi"),
                "spi_r": sa.get("responder-spi"),
                "state": "established" if sa.get("state") == "ESTABLISHED" else "half-open",
                "unique_id": sa.get("uniqueid"),
                "children": [one_child(child) for child in sa.get("child-sas", {}).values()],
            }


def one_child(child):
    """A Child SA by the contract."""
    def count(name):
        return int(child[name]) if name in child else None
    return {
        "unique_id": child.get("uniqueid"),
        "spi_in": child.get("spi-in"),
        "spi_out": child.get("spi-out"),
        "state": child.get("state", "").lower(),
        "octets_in": count("bytes-in"),
        "octets_out": count("bytes-out"),
        "ts_local": child.get("local-ts"),
        "ts_remote": child.get("remote-ts"),
    }


def typed(shown):
    """The typed identity of what charon shows, whose text has lost its type but for the look of it."""
    if shown is None:
        return None
    try:
        address = ipaddress.ip_address(shown)
        return f"ipv{address.version}:{address}"
    except ValueError:
        pass
    if re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2})*", shown):
        return f"keyid:{shown.replace(':', '')}"
    return f"rfc822:{shown}" if "@" in shown else f"fqdn:{shown}"
