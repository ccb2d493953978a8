"""What every implementation's scripts share: the contract of docs/gateways.md, read from the environment."""

import ipaddress
import json
import os
import re
import socketserver
import subprocess
import sys
import threading

CREDENTIALS = "/wakebench/credentials"
CONTROL_PORT = 7815
UNSUPPORTED = 77
# What devices share that are behind one address: beyond the network of sim0.
SHARED = {"ipv4": "10.128.0.0/9", "ipv6": "2001:db8:0:3::/64"}
# The table of routes that is ours; see route_around().
TABLE = "7815"


OUTPUT = threading.Lock()


def say(line):
    """One line for the harness, on standard output."""
    write_line(f"wakebench: {line}\n".encode())


def write_line(octets):
    """A whole line at once: several threads write."""
    with OUTPUT:
        sys.stdout.buffer.write(octets)
        sys.stdout.buffer.flush()


def daemon(*arguments):
    """Starts the implementation; what it prints becomes ours line by line, so that no line of ours is torn."""
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def copy():
        for line in process.stdout:
            write_line(line if line.endswith(b"\n") else line + b"\n")

    process.copier = threading.Thread(target=copy, daemon=True)
    process.copier.start()
    return process


def await_end(process):
    """Waits for a daemon, and for its last words; its status."""
    status = process.wait()
    process.copier.join(2)
    return status


def unsupported(reason):
    """Ends: the implementation cannot do what was asked."""
    say(f"unsupported: {reason}")
    raise SystemExit(UNSUPPORTED)


def caveat(text):
    """Tells what the implementation does otherwise than asked, where the run makes sense all the same."""
    say(f"caveat: {text}")


def run(*arguments, check=True):
    """Runs a command and returns what it printed."""
    done = subprocess.run(arguments, check=False, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)}: status {done.returncode}: {done.stdout.strip()}")
    return done.stdout


class Identity:
    """KIND:VALUE as kind and octets: fqdn:NAME, rfc822:USER@NAME, keyid:HEX, ipv4:ADDRESS, ipv6:ADDRESS, and
    fqdn:#HEX or rfc822:#HEX where the text has anything but plain characters."""

    def __init__(self, text):
        self.kind, _, value = text.partition(":")
        if self.kind in ("fqdn", "rfc822"):
            self.octets = bytes.fromhex(value[1:]) if value.startswith("#") else value.encode()
        elif self.kind == "keyid":
            self.octets = bytes.fromhex(value)
        elif self.kind in ("ipv4", "ipv6"):
            self.octets = ipaddress.ip_address(value).packed
        else:
            raise ValueError(f"{text!r} is not an identity of the contract")

    def plain(self):
        """The octets as a text that needs no quotes anywhere, or None."""
        text = self.octets.decode("latin-1")
        return text if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9@._+-]*", text) else None

    def address(self):
        """An address as text."""
        return str(ipaddress.ip_address(self.octets))


class Setting:
    """The environment of the contract."""

    def __init__(self, environment):
        get = environment.get
        self.portal = need(environment, "PORTAL")
        self.role = get("ROLE", "responder")
        self.family = get("FAMILY", "ipv4")
        self.gateway = ipaddress.ip_interface(need(environment, "GATEWAY"))
        self.server = ipaddress.ip_address(need(environment, "SERVER"))
        self.server_network = get("SERVER_NETWORK", f"{self.server}/{self.server.max_prefixlen}")
        self.nodes_network = get("NODES_NETWORK", str(self.gateway.network))
        self.suites = need(environment, "SUITES").split(",")
        self.groups = [group for group in get("GROUPS", "").split(",") if group]
        self.initial_contact = get("INITIAL_CONTACT", "yes") == "yes"
        self.cookies = get("COOKIES", "never")
        self.half_open_limit = number(get("HALF_OPEN_LIMIT"))
        self.half_open_per_address = number(get("HALF_OPEN_PER_ADDRESS"))
        self.half_open_timeout_ms = number(get("HALF_OPEN_TIMEOUT_MS"))
        self.liveness_ms = number(get("LIVENESS_MS"))
        self.ike_lifetime_ms = number(get("IKE_LIFETIME_MS"))
        self.child_lifetime_ms = number(get("CHILD_LIFETIME_MS"))
        self.idle_timeout_ms = number(get("IDLE_TIMEOUT_MS"))
        self.child = get("CHILD", "accept")
        self.pfs = get("PFS")
        self.peer = get("PEER")
        self.start = get("START", "no") == "yes"
        responder = self.role == "responder"
        self.local_id = Identity(need(environment, "GATEWAY_ID" if responder else "IDENTITY"))
        self.remote_id = None if responder else Identity(need(environment, "PEER_ID"))

    @property
    def responder(self):
        """Whether we are the gateway; otherwise we are a device."""
        return self.role == "responder"

    @property
    def ipv6(self):
        """Whether the run has IPv6 addresses."""
        return self.family == "ipv6"

    def cookie_threshold(self):
        """None: never a cookie. 0: always. Otherwise (half-open, half-open of an address or None): a cookie when more
        than so many IKE SAs are half-open."""
        if self.cookies == "never":
            return None
        if self.cookies == "always":
            return 0
        word, *limits = self.cookies.split(":")
        if word != "above" or not 1 <= len(limits) <= 2:
            raise ValueError(f"COOKIES={self.cookies}: expected never, always or above:N[:PER_ADDRESS]")
        return int(limits[0]), int(limits[1]) if len(limits) == 2 else None


def need(environment, name):
    """A variable without which nothing works."""
    if name not in environment:
        raise ValueError(f"the environment has no {name}")
    return environment[name]


def number(text):
    """A variable that is a number where it is there."""
    return None if text is None else int(text)


def seconds(milliseconds, name):
    """Whole seconds, at least one, for an implementation that knows no other."""
    whole = max(1, -(-milliseconds // 1000))
    if whole * 1000 != milliseconds:
        caveat(f"{name}={milliseconds} became {whole} s: it counts in seconds")
    return whole


def credentials():
    """Yields each peer's identity with its key in hexadecimal digits."""
    with open(CREDENTIALS, encoding="ascii") as lines:
        for line in lines:
            if line.strip():
                identity, key = line.split()
                yield Identity(identity), key


def network(setting):
    """Makes sim0 with our address; portal.py carries its packets."""
    family = "-6" if setting.ipv6 else "-4"
    run("ip", "tuntap", "add", "dev", "sim0", "mode", "tun")
    nodad = ["nodad"] if setting.ipv6 else []
    run("ip", family, "address", "add", str(setting.gateway), "dev", "sim0", *nodad)
    # No address of its own, so no chatter of IPv6 about it.
    run("ip", "link", "set", "sim0", "addrgenmode", "none")
    run("ip", "link", "set", "sim0", "up")
    run("ip", family, "route", "add", SHARED[setting.family], "dev", "sim0")
    return subprocess.Popen([sys.executable, "/wakebench/portal.py", "sim0", setting.portal])


def end_with(process, end):
    """Calls `end` once the process is over, from a thread of its own."""
    def wait():
        process.wait()
        end()
    threading.Thread(target=wait, daemon=True).start()


def serve_control(answer):
    """Answers one line a connection on the control port, in threads of its own."""

    class Handler(socketserver.StreamRequestHandler):
        """One question."""

        def handle(self):
            line = self.rfile.readline(4096).decode(errors="replace").strip()
            try:
                text = answer(line)
            except Exception as error:  # Whatever it was, the harness hears of it.
                text = f"failed: {error}"
            self.wfile.write(text.encode() + b"\n")

    class Server(socketserver.ThreadingTCPServer):
        """The control port."""

        allow_reuse_address = True
        daemon_threads = True

    server = Server(("0.0.0.0", CONTROL_PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def ping(setting):
    """One echo through the Child SA, from a device."""
    if setting.responder:
        return "unsupported: only a device pings"
    told = run("ping", "-c", "1", "-W", "10", "-I", str(setting.gateway.ip), str(setting.server), check=False)
    return "ok" if " 0% packet loss" in told else f"failed: {told.strip().splitlines()[-1]}"


def document(ike_sas):
    """The answer to `sas`; what is None is left out."""
    def known(pairs):
        return {name: value for name, value in pairs.items() if value is not None}
    listed = [known({**sa, "children": [known(child) for child in sa["children"]]}) for sa in ike_sas]
    return json.dumps({"ike": listed})


def environment():
    """The variables of the contract, for a kernel that does not inherit them."""
    names = """PORTAL ROLE FAMILY GATEWAY SERVER SERVER_NETWORK NODES_NETWORK GATEWAY_ID SUITES COOKIES HALF_OPEN_LIMIT
        HALF_OPEN_PER_ADDRESS HALF_OPEN_TIMEOUT_MS LIVENESS_MS IKE_LIFETIME_MS CHILD_LIFETIME_MS IDLE_TIMEOUT_MS CHILD
        PEER PEER_ID IDENTITY PFS GROUPS INITIAL_CONTACT START""".split()
    return {name: os.environ[name] for name in names if name in os.environ}
