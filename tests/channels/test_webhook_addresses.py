"""Webhooks over TLS, through proxies and by addresses out of secrets: who gets anything, and that no secret is told."""

from __future__ import annotations

import gc
import ipaddress
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.report_cases import first_day
from tests.support.stub_http import Answer, Stub, stub
from tests.support.webhooks import FORMS, OK, PATH, answering, assert_hides, hook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("quick")


# TLS


def certificate(folder: Path, *hosts: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate for hosts that is its own authority, and what a server needs of it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)  # noqa: TID251 - what the TLS library compares with
    names = [x509.IPAddress(ipaddress.ip_address(h)) if h[0].isdigit() else x509.DNSName(h) for h in hosts]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    authority = folder / "authority.pem"
    authority.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return authority, context


def test_a_certificate_that_is_known_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, tls = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with stub(answering(OK), tls) as receiver:
        delivery = hook("slack", receiver.url, monkeypatch).deliver(first_day())
    assert delivery.ok, delivery.problem


@pytest.mark.parametrize("wrong", ["unknown", "of another host"])
def test_a_certificate_that_proves_nothing_gets_nothing(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, tls = certificate(tmp_path, "127.0.0.1" if wrong == "unknown" else "other.example.com")
    if wrong == "of another host":
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with stub(answering(OK), tls) as receiver:
        delivery = hook("slack", receiver.url, monkeypatch).deliver(first_day())
    assert receiver.asked == []
    assert (
        "could not be reached (SSLError); check the network, the address and its certificate"
        in delivery.problem
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example.com/x",
        "ftp://hooks.example.com/x",
        "https://user:hunter2@hooks.example.com/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:169.254.169.254]/latest",
        "https://0.0.0.0/x",
        "https://[fe80::1]/x",
        "https://224.0.0.1/x",
        "file:///etc/passwd",
        "https://",
        "https://[::1/x",
        "https://host:99999999/x",
        "hooks.example.com/x",
    ],
)
def test_an_address_out_of_a_secret_is_looked_at_too(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = hook("slack", "http://127.0.0.1", monkeypatch)
    monkeypatch.setenv("WEBHOOK_URL", address)
    delivery = channel.deliver(first_day())
    assert delivery.problem.startswith("The address of the webhook slack at env:WEBHOOK_URL"), (
        delivery.problem
    )
    for part in ("hunter2", "meta-data", "passwd", "169.254"):
        assert part not in delivery.problem


@pytest.mark.parametrize("form", FORMS)
def test_nothing_shows_a_secret(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with stub(answering(OK)) as receiver:
        channel = hook(form, receiver.url, monkeypatch)
        delivery = channel.deliver(first_day())
        way = channel._way(None)  # type: ignore[attr-defined]
    for text in (repr(channel), str(channel.target), repr(delivery), repr(channel.unanswered()), repr(way)):
        assert_hides(text)
    gc.collect()


def test_a_variable_that_is_not_set_is_told_and_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub(answering(OK)) as receiver:
        channel = hook("json", receiver.url, monkeypatch)
        monkeypatch.delenv("KEY")
        delivery = channel.deliver(first_day())
    assert receiver.asked == []
    assert delivery.problem == (
        "The webhook json at env:WEBHOOK_URL with env:KEY got nothing: "
        "The variable KEY is not set; set it to the secret."
    )


@contextmanager
def proxy(receiver: Stub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """A proxy that the environment names."""
    with stub(answering(Answer(status=403))) as between:
        monkeypatch.setenv("https_proxy", between.url)
        yield between


def test_a_proxy_of_the_environment_is_asked_for_other_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with stub(answering(OK)) as receiver, proxy(receiver, monkeypatch) as between:
        channel = hook("slack", receiver.url, monkeypatch)
        assert channel.deliver(first_day()).ok  # plain HTTP to this machine goes straight
        assert between.asked == []
        monkeypatch.setenv("WEBHOOK_URL", f"https://hooks.invalid{PATH}")
        delivery = channel.deliver(first_day())
        assert {asked.method for asked in between.asked} == {"CONNECT"}
        assert between.asked[0].path == "hooks.invalid:443"
    assert not delivery.ok
    assert_hides(delivery.problem)
