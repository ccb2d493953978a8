"""Just enough of strongSwan's control protocol (README of its vici plugin) to ask charon things."""

import socket
import struct

REQUEST, RESPONSE, UNKNOWN, REGISTER, UNREGISTER, CONFIRM, NO_EVENT, EVENT = range(8)
SECTION, SECTION_END, KEY_VALUE, LIST, LIST_ITEM, LIST_END = range(1, 7)


class Vici:
    """A connection to charon."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.connect("/run/charon.vici")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def call(self, command, arguments=None):
        """The answer to a command."""
        self._send(REQUEST, command, encode(arguments or {}))
        return self._answer(RESPONSE)

    def stream(self, command, event, arguments=None):
        """The messages of a command that answers by events."""
        self._send(REGISTER, event)
        self._answer(CONFIRM)
        self._send(REQUEST, command, encode(arguments or {}))
        while True:
            kind, body = self._receive()
            if kind != EVENT:
                break
            yield decode(body[1 + body[0]:])
        self._send(UNREGISTER, event)
        self._answer(CONFIRM)

    def _send(self, kind, name, body=b""):
        packet = bytes([kind, len(name)]) + name.encode() + body
        self.socket.sendall(struct.pack("!I", len(packet)) + packet)

    def _receive(self):
        size, = struct.unpack("!I", self._exactly(4))
        packet = self._exactly(size)
        return packet[0], packet[1:]

    def _exactly(self, count):
        octets = b""
        while len(octets) < count:
            more = self.socket.recv(count - len(octets))
            if not more:
                raise EOFError("charon closed the connection")
            octets += more
        return octets

    def _answer(self, wanted):
        kind, body = self._receive()
        if kind != wanted:
            raise RuntimeError(f"charon answered with a packet of kind {kind}, not {wanted}")
        return decode(body)


def text(octets):
    """Octets as text that is never refused."""
    return octets.decode(errors="backslashreplace")


def encode(message):
    """A message of texts and lists of texts."""
    def value(content):
        content = str(content).encode()
        return struct.pack("!H", len(content)) + content
    octets = b""
    for key, content in message.items():
        name = bytes([len(key)]) + key.encode()
        if isinstance(content, list):
            items = b"".join(bytes([LIST_ITEM]) + value(item) for item in content)
            octets += bytes([LIST]) + name + items + bytes([LIST_END])
        else:
            octets += bytes([KEY_VALUE]) + name + value(content)
    return octets


def decode(octets):
    """A message as nested dictionaries, lists and texts."""
    at = 0

    def take(count):
        nonlocal at
        at += count
        return octets[at - count:at]

    def value():
        return text(take(struct.unpack("!H", take(2))[0]))

    def name():
        return text(take(take(1)[0]))

    stack, items = [{}], None
    while at < len(octets):
        element = take(1)[0]
        if element == SECTION:
            inner = stack[-1].setdefault(name(), {})
            stack.append(inner)
        elif element == SECTION_END:
            stack.pop()
        elif element == KEY_VALUE:
            key = name()
            stack[-1][key] = value()
        elif element == LIST:
            items = stack[-1].setdefault(name(), [])
        elif element == LIST_ITEM:
            items.append(value())
    return stack[0]
