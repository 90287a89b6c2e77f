"""Passwords that may change: from a file, a command or a provider, asked for at each login.

No sentence here repeats what a file holds, what a command prints or what a provider says: it may be
the secret.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Protocol

from pydantic import SecretStr

_LONGEST_SECRET: Final = 64 * 1024
"""Tokens of cloud providers have some kilobytes."""


class Credentials(NamedTuple):
    """What one login sends; without a user name, that of the configuration."""

    password: str
    username: str | None = None


class CredentialsError(Exception):
    """Why there is no password now, in one sentence without any secret."""


class Source(Protocol):
    """What gives a password for each login; raises CredentialsError."""

    def credentials(self, timeout_seconds: float) -> Credentials: ...


def current(password: SecretStr | Source, timeout_seconds: float) -> Credentials:
    """Return what logs in now; raises CredentialsError."""
    if isinstance(password, SecretStr):
        return Credentials(password.get_secret_value())
    return password.credentials(timeout_seconds)


def may_change(password: SecretStr | Source | None) -> bool:
    """Tell whether to ask for a password again may give another one."""
    return not (password is None or isinstance(password, SecretStr))


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """A file that holds nothing but the password."""

    path: Path

    def credentials(self, _timeout_seconds: float) -> Credentials:
        """Read the file; raises CredentialsError."""
        try:
            text = self.path.read_bytes().decode()
        except OSError as error:
            raise CredentialsError(
                f"cannot read {str(self.path)!r}: {error.strerror or type(error).__name__}"
            ) from None
        except UnicodeDecodeError:
            raise CredentialsError(f"cannot use {str(self.path)!r}: not UTF-8 text") from None
        password = _without_newline(text)
        if not password:
            raise CredentialsError(f"cannot use {str(self.path)!r}: the file is empty")
        lines = 1 + password.count("\n")
        if lines > 1:
            raise CredentialsError(
                f"cannot use {str(self.path)!r}: found {lines} lines, allowed: one"
            )
        return Credentials(password)


@dataclass(frozen=True, slots=True)
class PasswordCommand:
    """A command that prints the password; it runs without a shell and is killed when it is late."""

    words: tuple[str, ...]

    def credentials(self, timeout_seconds: float) -> Credentials:
        """Run the command; raises CredentialsError."""
        name = f"password_command {self.words[0]!r}"
        try:
            process = subprocess.Popen(
                self.words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # so that what it started ends with it
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise CredentialsError(f"{name} cannot be run: {reason}") from None
        out: IO[bytes] = process.stdout  # type: ignore[assignment]  # it is a pipe
        ending = threading.Event()

        def end() -> None:
            ending.set()
            _kill(process)

        timer = threading.Timer(timeout_seconds, end)
        timer.daemon = True
        timer.start()
        try:
            printed = out.read(_LONGEST_SECRET + 1)
            if len(printed) > _LONGEST_SECRET:
                raise CredentialsError(f"{name} prints more than {_LONGEST_SECRET:,} bytes")
            code = process.wait()
        finally:
            timer.cancel()
            _kill(process)
            process.wait()
            out.close()
        if ending.is_set():
            raise CredentialsError(f"{name} did not end in time")
        if code:
            how = f"was ended by signal {-code}" if code < 0 else f"exited with {code}"
            raise CredentialsError(f"{name} {how}")
        return Credentials(_one_line(printed, name))


@dataclass(frozen=True, slots=True)
class CredentialProvider:
    """`module:callable` that makes a `redis.CredentialProvider`, or returns the credentials."""

    name: str

    def load(self) -> Any:
        """Import the module and return the callable; raises CredentialsError."""
        module, _, attribute = self.name.partition(":")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except AttributeError:
            raise CredentialsError(f"the module {module!r} has no {attribute!r}") from None
        except Exception as error:  # noqa: BLE001 - it is the user's code
            reason = "no such module" if isinstance(error, ImportError) else type(error).__name__
            raise CredentialsError(f"cannot import {module!r}: {reason}") from None
        if not callable(found):
            raise CredentialsError(f"{self.name!r} is not callable")
        return found

    def credentials(self, timeout_seconds: float) -> Credentials:
        """Ask the provider in a thread of its own, because it may hang; raises CredentialsError."""
        answers: list[Any] = []
        errors: list[str] = []

        def ask() -> None:
            try:
                answers.append(self._ask())
            except CredentialsError as error:
                errors.append(str(error))
            except BaseException as error:  # noqa: BLE001 - it is the user's code
                errors.append(f"failed: {type(error).__name__}")

        thread = threading.Thread(target=ask, name="credentials", daemon=True)
        thread.start()
        thread.join(timeout_seconds)
        name = f"credential_provider {self.name!r}"
        if errors:
            raise CredentialsError(f"{name} {errors[0]}")
        if not answers:
            raise CredentialsError(f"{name} did not answer in time")
        return _as_credentials(answers[0], name)

    def _ask(self) -> Any:
        made = _made.get(self.name)
        if made is None:
            made = self.load()()
            if hasattr(made, "get_credentials"):  # it may keep a token until that expires
                _made[self.name] = made
        return made.get_credentials() if hasattr(made, "get_credentials") else made


_made: Final[dict[str, Any]] = {}
"""The providers of this process."""


def _as_credentials(answer: Any, name: str) -> Credentials:
    words = list(answer) if isinstance(answer, tuple | list) else [answer]
    if not words or len(words) > 2 or not all(isinstance(word, str) and word for word in words):
        raise CredentialsError(f"{name} gave no (username, password) and no (password,)")
    return Credentials(words[-1], words[0] if len(words) == 2 else None)


def _one_line(printed: bytes, name: str) -> str:
    try:
        text = _without_newline(printed.decode())
    except UnicodeDecodeError:
        raise CredentialsError(f"{name} prints what is not UTF-8 text") from None
    if not text:
        raise CredentialsError(f"{name} prints nothing")
    if "\n" in text:
        raise CredentialsError(f"{name} prints more than one line")
    return text


def _without_newline(text: str) -> str:
    """Editors and `echo` end text with a newline that is not part of the password."""
    return text.removesuffix("\n").removesuffix("\r")


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
