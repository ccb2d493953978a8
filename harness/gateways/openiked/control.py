"""The control port of OpenIKED: each command of the contract by ikectl."""

import subprocess

import wakebench
from wakebench import run


def ikectl(*arguments):
    """A command to iked."""
    return subprocess.run(["ikectl", *arguments], check=False, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def answers():
    """Whether iked takes commands."""
    return ikectl("show", "sa").returncode == 0


def answer(line, setting):
    """What a command of the contract is answered with."""
    word, *_ = line.split()
    commands = {
        "raw": lambda: run("ikectl", "show", "sa") + run("ip", "-s", "xfrm", "state") + run("ip", "xfrm", "policy"),
        "ping": lambda: wakebench.ping(setting),
    }
    return commands[word]() if word in commands else f"unsupported: {word}"
