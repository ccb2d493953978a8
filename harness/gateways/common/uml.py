"""A kernel of the container's own: User-Mode Linux, whose root is the container's file system.

On the host's side, boot() hands it the container's interface and waits for it. In the guest, as its PID 1, prepare()
makes it usable. Both sides see the files in FOLDER.
"""

import ctypes
import glob
import json
import os
import pathlib
import signal
import subprocess
import sys

from wakebench import environment, run

FOLDER = pathlib.Path("/wakebench/guest")
MEMORY_MB = 256
POWER_OFF = 0x4321FEDC


def boot(guest):
    """Boots the kernel with the program `guest` as PID 1 and ends as it says."""
    FOLDER.mkdir(exist_ok=True)
    FOLDER.joinpath("status").write_text("1", encoding="ascii")
    link = json.loads(run("ip", "-json", "address", "show", "dev", "eth0"))[0]
    route = json.loads(run("ip", "-json", "route", "show", "default"))
    address = next(address for address in link["addr_info"] if address["family"] == "inet")
    host = {
        "address": f"{address['local']}/{address['prefixlen']}",
        "router": route[0]["gateway"],
        "mtu": link["mtu"],
        "environment": environment(),
    }
    FOLDER.joinpath("host.json").write_text(json.dumps(host), encoding="utf-8")
    run("ip", "address", "flush", "dev", "eth0")
    run("ip", "link", "set", "eth0", "promisc", "on")
    kernel = subprocess.Popen([
        "/usr/bin/linux.uml", "rootfstype=hostfs", "rw", f"mem={MEMORY_MB}M", f"init={guest}", "con=null",
        "con0=fd:0,fd:1", f"vec0:transport=raw,ifname=eth0,depth=128,gro=0,mac={link['address']}", "quiet",
    ])

    stopped = False

    def stop(*_):
        nonlocal stopped
        stopped = True
        kernel.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    kernel.wait()
    return 0 if stopped else int(FOLDER.joinpath("status").read_text(encoding="ascii"))


def prepare(modules, folders):
    """In the guest: file systems, modules, the container's address. `folders` get a tmpfs: unix sockets do not live on
    the host's file system. Returns the environment of the contract."""
    os.environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    for kind, where in [("proc", "/proc"), ("sysfs", "/sys")]:
        run("mount", "-t", kind, kind, where)
    for where in ["/run", "/tmp", *folders]:
        pathlib.Path(where).mkdir(parents=True, exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", where)
    release = os.uname().release
    found = glob.glob(f"/usr/lib/uml/modules/{release}")
    here = pathlib.Path("/lib/modules") / release
    here.parent.mkdir(parents=True, exist_ok=True)
    if found and not here.exists():
        here.symlink_to(found[0])
    run("modprobe", "-a", *modules)
    tun = pathlib.Path("/dev/net/tun")
    if not tun.exists():
        tun.parent.mkdir(parents=True, exist_ok=True)
        os.mknod(tun, 0o600 | 0o020000, os.makedev(10, 200))
    host = json.loads(FOLDER.joinpath("host.json").read_text(encoding="utf-8"))
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", host["address"], "dev", "vec0")
    run("ip", "link", "set", "vec0", "mtu", str(host["mtu"]), "up")
    run("ip", "route", "add", "default", "via", host["router"])
    for name, value in SYSCTL.items():
        pathlib.Path("/proc/sys", *name.split(".")).write_text(value, encoding="ascii")
    os.environ.update(host["environment"])


# As the harness sets them for a container that uses the host's kernel.
SYSCTL = {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
    "net.ipv4.conf.all.accept_redirects": "0",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv4.conf.default.send_redirects": "0",
    "net.ipv6.conf.all.forwarding": "1",
}


def finish(main):
    """Runs the guest's main program as PID 1, leaves its status for the host's side, and switches the machine off."""
    status = 1
    try:
        status = main() or 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException as error:  # PID 1 must not end: the kernel would panic, and nobody could read why.
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    FOLDER.joinpath("status").write_text(str(status), encoding="ascii")
    sys.stdout.flush()
    os.sync()
    ctypes.CDLL(None).reboot(POWER_OFF)
