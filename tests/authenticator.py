"""A device with a passkey, in software: makes a key pair and signs, as a browser passes it on."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

UP, UV, AT = 1, 4, 64  # flags: somebody was there, it was the owner, a new key comes along


@dataclass
class Device:
    """One passkey. `counted`: uses so far; None for a device that does not count."""

    origin: str = "http://localhost"
    host: str = "localhost"
    verifies: bool = True
    counted: int | None = 0
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    handle: bytes = b""

    def create(self, options: dict[str, Any]) -> str:
        """The answer to navigator.credentials.create, as JSON."""
        self.handle = decoded(options["user"]["id"])
        point = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        about = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        data = self._data(AT) + about + public
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options)
        return self._answer(clientDataJSON=client, attestationObject=made)

    def get(self, options: dict[str, Any]) -> str:
        """The answer to navigator.credentials.get, as JSON."""
        if self.counted is not None:
            self.counted += 1
        client, data = self._client("webauthn.get", options), self._data()
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            clientDataJSON=client,
            authenticatorData=data,
            signature=signature,
            userHandle=self.handle,
        )

    def _client(self, what: str, options: dict[str, Any]) -> bytes:
        said = {"type": what, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(said).encode()

    def _data(self, more: int = 0) -> bytes:
        flags = UP | (UV if self.verifies else 0) | more
        return sha256(self.host.encode()).digest() + bytes([flags]) + self._count()

    def _count(self) -> bytes:
        return (self.counted or 0).to_bytes(4, "big")

    def _answer(self, **parts: bytes) -> str:
        name = encoded(self.credential_id)
        response: dict[str, Any] = {part: encoded(value) for part, value in parts.items()}
        response["transports"] = ["internal", "unheard-of"]
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def encoded(plain: bytes) -> str:
    return urlsafe_b64encode(plain).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
