#!/usr/bin/python3 -B
"""PID 1 of OpenIKED's own kernel."""

import os
import sys
import time

sys.path.insert(0, "/wakebench")

import config
import control
import uml
import wakebench
from wakebench import run, say

MODULES = ["tun", "af_key", "xfrm_user", "esp4", "esp6", "cbc", "gcm", "seqiv", "echainiv", "hmac", "ctr", "authenc"]


def main():
    """Starts iked and waits for it."""
    uml.prepare(MODULES, ["/var/log"])
    setting = wakebench.Setting(os.environ)
    config.write(setting)
    portal = wakebench.network(setting)
    family = "-6" if setting.ipv6 else "-4"
    # Forwarded packets and a device's own find their policy on the way to sim0.
    run("ip", family, "route", "add", f"{setting.server}/{setting.server.max_prefixlen}", "dev", "sim0")
    iked = wakebench.daemon("/usr/sbin/iked", "-d", "-v", "-f", config.PATH)
    wakebench.end_with(portal, iked.terminate)
    while not control.answers():
        if iked.poll() is not None:
            raise RuntimeError(f"iked ended with status {iked.returncode}")
        time.sleep(0.1)
    wakebench.serve_control(lambda line: control.answer(line, setting))
    version = run("dpkg-query", "--show", "--showformat", "${Version}", "openiked")
    say(f"ready openiked {version.split('-')[0]}")
    return wakebench.await_end(iked)


if __name__ == "__main__":
    uml.finish(main)
