"""OpenIKED by the contract of docs/gateways.md: refuses what it cannot do, then boots the kernel that it runs in."""

import os

import config
import uml
import wakebench

if __name__ == "__main__":
    list(config.lines(wakebench.Setting(os.environ)))
    raise SystemExit(uml.boot("/wakebench/guest.py"))
