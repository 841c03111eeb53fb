"""An account on this machine: ministack, in a virtual environment of its own, with permissions enforced and TLS.

It runs the functions as processes of its own Python, so that has to be the one of the function's runtime. It is started
with an empty environment, as its own would leak into the functions, and listens on 127.0.0.1 only: on a free port, and
on 443 where it may and nobody else does.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.package.bytecode import find_python

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
ACCOUNT = "000000000000"
_STARTS_WITHIN_S = 60
_ENDS_WITHIN_S = 10


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running one: where it listens, and the certificate that it shows."""

    url: str
    certificate: Path
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        """What an SDK, in Python or Node.js, needs to speak to it as the account's root."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": str(self.certificate),
            "NODE_EXTRA_CA_CERTS": str(self.certificate),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str) -> Any:
        """Return a boto3 client of that service."""
        import boto3

        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.url,
            verify=str(self.certificate),
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the emulator's root
        )


@contextmanager
def running(folder: Path) -> Iterator[Emulator]:
    """Install it, start it, and end it, and all that it started, with the block; ``folder`` is for its files.

    Raises `infra.package.failures.NotBuilt` where there is no Python of the function's runtime.
    """
    command = _installed(folder / "venv")
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    certificate, key = _certificate(folder)
    port = _free_port()
    log = folder / "ministack.log"
    environment = {
        "PATH": f"{command.parent}:/usr/bin:/bin",
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with log.open("wb") as output:
        # A session of its own: the functions that it starts end with it.
        process = subprocess.Popen(  # noqa: S603 - the emulator
            [command], env=environment, cwd=temporary, stdout=output, stderr=output, start_new_session=True
        )
        emulator = Emulator(f"https://127.0.0.1:{port}", certificate, log)
        try:
            _wait(emulator, process, port)
            yield emulator
        finally:
            _end(process)


def _installed(venv: Path) -> Path:
    """Return the emulator's command, in an environment that is as the lock file says."""
    lock = ROOT / "locks" / "emulator.txt"
    python = find_python()
    stamp = venv / f".installed-{hashlib.sha256(lock.read_bytes() + str(python).encode()).hexdigest()[:16]}"
    if not stamp.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        for command in (
            ["venv", "--clear", "--python", str(python), str(venv)],
            ["pip", "install", "--python", str(venv / "bin" / "python"), "--require-hashes", "-r", str(lock)],
        ):
            subprocess.run([uv, "--quiet", *command], check=True)  # noqa: S603 - the project's own uv
        stamp.touch()
    return venv / "bin" / "ministack"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate of 127.0.0.1 for a day, and its key; return where."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)  # noqa: TID251 - a certificate is valid by the machine's clock
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].touch(mode=0o600)
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


def _wait(emulator: Emulator, process: subprocess.Popen[bytes], port: int) -> None:
    context = ssl.create_default_context(cafile=str(emulator.certificate))
    until = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/_ministack/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                connection.close()
                return
        connection.close()
        time.sleep(0.2)
    raise RuntimeError(f"the emulator did not start; {emulator.log} tells why")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the emulator, and what is left of the session that it leads."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_ENDS_WITHIN_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
