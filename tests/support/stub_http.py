"""A server on 127.0.0.1 that gives any raw answer: whole, torn, dripping, hanging, broken off."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from ssl import SSLContext

_BLOCK = 65536


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """Glue's operation, or the method and path for S3."""
        return self.headers.get("x-amz-target", "").removeprefix("AWSGlue.") or f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answer:
    """An answer. ``length`` may promise more than ``body`` holds; ``drip_s`` waits between bytes.

    ``hang_s`` waits before anything is said; ``reset`` breaks off after the body instead of ending it.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    drip_s: float = 0.0
    hang_s: float = 0.0
    reset: bool = False


@dataclass
class Stub:
    """A running stub: its URL, what it was asked, and who answers."""

    url: str
    answer: Callable[[Asked], Answer]
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def stub(answer: Callable[[Asked], Answer], tls: SSLContext | None = None) -> Iterator[Stub]:
    """Serve until the block ends; a thread a connection, all of them daemons."""
    listener = socket.create_server(("127.0.0.1", 0))
    scheme = "http" if tls is None else "https"
    running = Stub(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", answer)
    threading.Thread(target=_accept, args=(listener, running, tls), daemon=True).start()
    try:
        yield running
    finally:
        running.closing.set()
        listener.close()


def _accept(listener: socket.socket, running: Stub, tls: SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, running, tls), daemon=True).start()


def _serve(plain: socket.socket, running: Stub, tls: SSLContext | None) -> None:
    try:
        connection = plain if tls is None else tls.wrap_socket(plain, server_side=True)
    except OSError:  # whoever asks does not trust this server
        plain.close()
        return
    with connection:
        try:
            asked = _read(connection)
            if asked is None:
                return
            running.asked.append(asked)
            answer = running.answer(asked)
            running.closing.wait(answer.hang_s) if answer.hang_s else None
            _write(connection, answer, running.closing)
        except OSError:
            return


def _read(connection: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(_BLOCK)
        if not block:
            return None
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(_BLOCK)
    method, path, _ = first.split(" ", 2)
    return Asked(method, path, headers, body)


def _write(connection: socket.socket, answer: Answer, closing: threading.Event) -> None:
    headers = {
        "Connection": "close",
        "Content-Length": str(answer.length or len(answer.body)),
        **answer.headers,
    }
    head = f"HTTP/1.1 {answer.status} Said\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in headers.items()
    )
    connection.sendall(head.encode() + b"\r\n")
    if answer.drip_s:
        for byte in answer.body:
            if closing.is_set():
                return
            connection.sendall(bytes([byte]))
            closing.wait(answer.drip_s)
    else:
        connection.sendall(answer.body)
    if answer.reset:  # closing with this set sends a reset instead of an end
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def listing(
    keys: Iterable[tuple[str, int, str]], *, token: str | None = None, prefixes: Iterable[str] = ()
) -> bytes:
    """Write a ListBucketResult as S3 does with ``encoding-type=url``: keys of name, size, LastModified."""
    entries = [
        f"<Contents><Key>{_encoded(key)}</Key><LastModified>{at}</LastModified>"
        f"<ETag>&quot;d41d8&quot;</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for key, size, at in keys
    ]
    folders = [f"<CommonPrefixes><Prefix>{_encoded(name)}</Prefix></CommonPrefixes>" for name in prefixes]
    more = f"<NextContinuationToken>{escape(token)}</NextContinuationToken>" if token else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>lake</Name><Prefix></Prefix><KeyCount>{len(entries) + len(folders)}</KeyCount><MaxKeys>1000</MaxKeys>"
        f"<EncodingType>url</EncodingType><IsTruncated>{'true' if token else 'false'}</IsTruncated>{more}"
        f"{''.join(entries)}{''.join(folders)}</ListBucketResult>"
    ).encode()


def _encoded(key: str) -> str:
    return quote(key, safe="/*-._").replace("%20", "+")


def refusal_xml(code: str, message: str, status: int) -> Answer:
    """Return an error of S3."""
    body = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    return Answer(b'<?xml version="1.0"?>' + body.encode(), status, {"Content-Type": "application/xml"})


def refusal_json(code: str, message: str, status: int = 400) -> Answer:
    """Return an error of Glue."""
    return Answer(
        json.dumps({"__type": code, "Message": message}).encode(), status, {"x-amzn-ErrorType": code}
    )


def as_json(document: Any) -> Answer:
    """Return a good answer of Glue."""
    return Answer(json.dumps(document).encode(), 200, {"Content-Type": "application/x-amz-json-1.1"})
