"""portal.py DEVICE HOST:PORT: each IP packet of a TUN device is one UDP datagram, both ways.

An empty datagram tells the harness where we are; it is repeated until the harness has answered anything.
"""

import fcntl
import os
import selectors
import socket
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
LARGEST = 65535
HELLO_S = 0.2


def device(name):
    """Opens the TUN device."""
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return tun


def quietly(call, *arguments):
    """Neither a full queue nor an ICMP error ends the portal: the packet is lost, as on any network."""
    try:
        return call(*arguments)
    except OSError:
        return None


def main(name, harness):
    """Carries packets until it is ended."""
    host, _, port = harness.rpartition(":")
    tun = device(name)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    udp.connect((host, int(port)))
    udp.setblocking(False)
    ready = selectors.DefaultSelector()
    ready.register(tun, selectors.EVENT_READ)
    ready.register(udp, selectors.EVENT_READ)
    known = False
    while True:
        if not known:
            quietly(udp.send, b"")
        for key, _ in ready.select(None if known else HELLO_S):
            if key.fileobj is udp:
                packet = quietly(udp.recv, LARGEST)
                known = known or packet is not None
                if packet:
                    quietly(os.write, tun, packet)
            else:
                packet = quietly(os.read, tun, LARGEST)
                if packet:
                    quietly(udp.send, packet)


if __name__ == "__main__":
    main(*sys.argv[1:])
