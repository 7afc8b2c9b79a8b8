"""A server of RFC 9289 on OpenSSL, for one connection: a probe, a handshake, then the replies to calls
of `add`, until the client ends.

Arguments: the PEM files of its certificate and key, and that of the root that clients' must be of.
"""

import socket
import ssl
import struct
import sys


def send(stream, message):
    stream.sendall(struct.pack(">I", 0x80000000 | len(message)) + message)


def exactly(stream, length):
    got = b""
    while len(got) < length:
        more = stream.recv(length - len(got))
        if not more:
            return None
        got += more
    return got


def receive(stream):
    mark = exactly(stream, 4)
    return mark and exactly(stream, struct.unpack(">I", mark)[0] & 0x7FFFFFFF)


def main():
    certificate, key, root = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", 0))
    print("port", listener.getsockname()[1], flush=True)
    stream, _ = listener.accept()
    probe = receive(stream)
    xid = probe[:4]
    # CALL, RPC version 2, any program and version, procedure 0, AUTH_TLS, AUTH_NONE.
    assert probe[4:12] == struct.pack(">2I", 0, 2), probe
    assert probe[20:] == struct.pack(">5I", 0, 7, 0, 0, 0), probe
    success = struct.pack(">I", 0)
    send(stream, xid + struct.pack(">4I", 1, 0, 0, 8) + b"STARTTLS" + success)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(root)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["sunrpc"])
    # An end that the client does not say within TLS is an error.
    stream = context.wrap_socket(stream, server_side=True, suppress_ragged_eofs=False)
    names = [name for _, name in stream.getpeercert()["subjectAltName"]]
    print("within", stream.version(), stream.selected_alpn_protocol(), *names, flush=True)
    while True:
        message = receive(stream)
        if not message:
            break
        a, b = struct.unpack(">2i", message[40:])
        send(stream, message[:4] + struct.pack(">5Ii", 1, 0, 0, 0, 0, a + b))
    print("ended", flush=True)


main()
