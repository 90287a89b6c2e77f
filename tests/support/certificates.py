"""Certificates made by openssl: authorities, and what they sign."""

import subprocess
from pathlib import Path
from typing import NamedTuple

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


class Certificate(NamedTuple):
    """The files of a certificate and its key, in PEM format."""

    cert: Path
    key: Path


def openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


def make_authority(directory: Path, name: str = "ca") -> Certificate:
    """A certificate that signs others, in `directory` under its name."""
    openssl(
        directory, "req", "-x509", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.pem",
        "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign",
    )  # fmt: skip
    return Certificate(directory / f"{name}.pem", directory / f"{name}.key")


def issue(authority: Certificate, name: str, *alternative_names: str) -> Certificate:
    """A certificate of this authority for names such as `DNS:host` and `IP:127.0.0.1`."""
    directory = authority.cert.parent
    openssl(
        directory, "req", "-x509", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.pem",
        "-subj", f"/CN={name}", "-addext", f"subjectAltName={','.join(alternative_names)}",
        "-addext", "basicConstraints=CA:FALSE", "-CA", str(authority.cert),
        "-CAkey", str(authority.key),
    )  # fmt: skip
    return Certificate(directory / f"{name}.pem", directory / f"{name}.key")
