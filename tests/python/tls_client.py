"""A client of RFC 9289 on OpenSSL: a probe, a handshake, two calls.

Arguments: PORT, the PEM file of the root to trust, those of its own certificate and key.
"""

import socket
import ssl
import struct
import sys

PROGRAM, VERSION, NULL, ADD = 0x20001234, 1, 0, 1


def send(stream, message):
    stream.sendall(struct.pack(">I", 0x80000000 | len(message)) + message)


def exactly(stream, length):
    got = b""
    while len(got) < length:
        more = stream.recv(length - len(got))
        if not more:
            raise SystemExit("the server ended the connection")
        got += more
    return got


def receive(stream):
    (mark,) = struct.unpack(">I", exactly(stream, 4))
    return exactly(stream, mark & 0x7FFFFFFF)


def call(xid, procedure, flavor, arguments=b""):
    words = (xid, 0, 2, PROGRAM, VERSION, procedure, flavor, 0, 0, 0)
    return struct.pack(">10I", *words) + arguments


def main():
    port, root, certificate, key = sys.argv[1:]
    stream = socket.create_connection(("127.0.0.1", int(port)))
    send(stream, call(1, NULL, 7))
    answer = receive(stream)
    assert answer[:20] == struct.pack(">5I", 1, 1, 0, 0, 8), answer
    assert answer[20:28] == b"STARTTLS", answer
    context = ssl.create_default_context(cafile=root)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["sunrpc"])
    stream = context.wrap_socket(stream, server_hostname="server.example")
    print("within", stream.version(), stream.selected_alpn_protocol())
    send(stream, call(2, NULL, 0))
    assert receive(stream) == struct.pack(">6I", 2, 1, 0, 0, 0, 0)
    send(stream, call(3, ADD, 0, struct.pack(">2i", 40, 2)))
    print("sum", struct.unpack(">7I", receive(stream))[6])
    # Gives the socket back only once the server has said that it ends, too.
    stream.unwrap()
    print("ended")


main()
