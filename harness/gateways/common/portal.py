"""portal.py DEVICE HOST:PORT: each IP packet of a TUN device is one UDP datagram, both ways.

An empty datagram tells the harness where we are; it is repeated until the harness has answered anything, and now and
then after that. A harness that says nothing for minutes was killed and cannot remove the container: we end, and so does
that.
"""

import fcntl
import os
import selectors
import socket
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
LARGEST = 65535
HELLO_S = 0.2
ALIVE_S = 10
SILENCE_S = 300


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
    """Carries packets until nobody wants them."""
    host, _, port = harness.rpartition(":")
    tun = device(name)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    udp.connect((host, int(port)))
    udp.setblocking(False)
    ready = selectors.DefaultSelector()
    ready.register(tun, selectors.EVENT_READ)
    ready.register(udp, selectors.EVENT_READ)
    known, heard, hello = False, time.monotonic(), time.monotonic()
    while time.monotonic() < heard + SILENCE_S:
        now = time.monotonic()
        if now >= hello:
            quietly(udp.send, b"")
            hello = now + (ALIVE_S if known else HELLO_S)
        for key, _ in ready.select(max(0, hello - now)):
            if key.fileobj is udp:
                packet = quietly(udp.recv, LARGEST)
                if packet is not None:
                    known, heard = True, now
                if packet:
                    quietly(os.write, tun, packet)
            else:
                packet = quietly(os.read, tun, LARGEST)
                if packet:
                    quietly(udp.send, packet)


if __name__ == "__main__":
    main(*sys.argv[1:])
