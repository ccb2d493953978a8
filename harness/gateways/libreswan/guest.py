#!/usr/bin/python3 -B
"""PID 1 of libreswan's own kernel."""

import os
import pathlib
import sys
import time

sys.path.insert(0, "/wakebench")

import config
import control
import uml
import wakebench
from wakebench import run, say

MODULES = ["tun", "xfrm_user", "esp4", "esp6", "cbc", "gcm", "ccm", "chacha20poly1305", "seqiv", "echainiv", "hmac",
           "ctr", "authenc"]
FOLDERS = ["/var/log", "/var/lib/ipsec/nss"]


def main():
    """Starts pluto and waits for it."""
    uml.prepare(MODULES, FOLDERS)
    setting = wakebench.Setting(os.environ)
    config.write(setting)
    portal = wakebench.network(setting)
    family = "-6" if setting.ipv6 else "-4"
    # Forwarded packets and a device's own find their policy on the way to sim0.
    run("ip", family, "route", "add", f"{setting.server}/{setting.server.max_prefixlen}", "dev", "sim0")
    pathlib.Path("/run/pluto").mkdir(exist_ok=True)
    run("ipsec", "initnss")
    pluto = wakebench.daemon("/usr/libexec/ipsec/pluto", "--nofork", "--config", config.PATH, "--stderrlog")
    wakebench.end_with(portal, pluto.terminate)
    while control.whack("--status").returncode != 0:
        if pluto.poll() is not None:
            raise RuntimeError(f"pluto ended with status {pluto.returncode}")
        time.sleep(0.1)
    for name in config.connections(setting):
        run("ipsec", "add", name)
    wakebench.serve_control(lambda line: control.answer(line, setting))
    say(f"ready libreswan {run('ipsec', '--version').split()[1]}")
    if setting.start and not setting.responder:
        run("ipsec", "whack", "--name", config.NAME, "--initiate", "--asynchronous")
    return wakebench.await_end(pluto)


if __name__ == "__main__":
    uml.finish(main)
