"""Certificates of an authority that exists for one test."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates for servers."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False)

    @property
    def name(self) -> x509.Name:
        """The authority's own name."""
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {self.folder.name}")])

    def write_root(self) -> Path:
        """Write the authority's own certificate, which whoever believes it has in a file."""
        builder = self._begin(self.name, self.key.public_key(), datetime.now(UTC) - DAY, datetime.now(UTC) + DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        signed = builder.add_extension(usage, critical=True).sign(self.key, hashes.SHA256())
        path = self.folder / "root.pem"
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return path

    def make_server(self, host: str = "localhost", *, expired: bool = False, early: bool = False) -> ssl.SSLContext:
        """Return what a server of this name speaks TLS with."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        end = now - timedelta(minutes=5) if expired else now + DAY
        begin = now + timedelta(minutes=5) if early else now - DAY
        builder = self._begin(name, key.public_key(), begin, end)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        signed = builder.sign(self.key, hashes.SHA256())
        path = self.folder / f"{host}-{expired}-{early}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _begin(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, begin: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )


def make_authority(folder: Path) -> Authority:
    """Return a new authority with a folder of its own."""
    folder.mkdir()
    return Authority(folder)
