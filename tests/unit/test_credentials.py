"""A password from a file, a command or a provider: read again, and never repeated."""

import sys
from pathlib import Path

import pytest

from streamgauge.credentials import (
    CredentialProvider,
    Credentials,
    CredentialsError,
    PasswordCommand,
    PasswordFile,
)

SECRET = "s3cret-t0ken"
LONG_ENOUGH = 60.0
TOO_SHORT = 0.3


def python(program: str) -> PasswordCommand:
    return PasswordCommand((sys.executable, "-S", "-c", program))


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes a provider of a module with this text."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(text: str, attribute: str = "login") -> CredentialProvider:
        name = f"login_{len(list(tmp_path.iterdir()))}_{tmp_path.name}"
        (tmp_path / f"{name}.py").write_text(text)
        return CredentialProvider(f"{name}:{attribute}")

    return make


def refusal(source, timeout_seconds: float = LONG_ENOUGH) -> str:
    with pytest.raises(CredentialsError) as caught:
        source.credentials(timeout_seconds)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.__cause__)
    return str(caught.value)


def test_a_file_is_read_at_each_login(tmp_path):
    file = tmp_path / "password"
    for password in ("one", "two", "form\x0cfeed", "line\u2028separator"):
        file.write_text(f"{password}\n")
        assert PasswordFile(file).credentials(LONG_ENOUGH) == Credentials(password)


def test_a_file_of_two_lines_is_refused(tmp_path):
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n{SECRET}\n")
    assert refusal(PasswordFile(file)).endswith("found 2 lines, allowed: one")


def test_a_command_prints_the_password_on_one_line():
    assert python(f"print('{SECRET}')").credentials(LONG_ENOUGH) == Credentials(SECRET)


def test_a_command_that_gives_no_password_is_one_sentence():
    name = f"password_command {sys.executable!r}"
    for program, what in (
        (f"import sys; print('{SECRET}'); sys.exit(3)", "exited with 3"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by signal 9"),
        ("", "prints nothing"),
        (f"print('{SECRET}'); print('{SECRET}')", "prints more than one line"),
        (f"while True: print('{SECRET}')", "prints more than 65,536 bytes"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "prints what is not UTF-8 text"),
        (f"import sys; sys.stderr.write('{SECRET}'); sys.exit(1)", "exited with 1"),
    ):
        assert refusal(python(program)) == f"{name} {what}", program
    missing = PasswordCommand(("/no/such/command", SECRET))
    assert (
        refusal(missing)
        == "password_command '/no/such/command' cannot be run: No such file or directory"
    )


def test_a_command_that_hangs_ends_in_time_with_all_that_it_started():
    hangs = "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
    assert refusal(python(hangs), TOO_SHORT).endswith("did not end in time")


def test_a_provider_is_made_once_and_asked_each_time(provider):
    one = provider(
        "class login:\n"
        "    asked = 0\n"
        "    def get_credentials(self):\n"
        "        self.asked += 1\n"
        "        return ('user', f'token-{self.asked}')\n"
    )
    for number in (1, 2):
        assert one.credentials(LONG_ENOUGH) == Credentials(f"token-{number}", "user")


def test_a_function_may_return_the_credentials_themselves(provider):
    text = f"def login():\n    return ('{SECRET}',)\n"
    assert provider(text).credentials(LONG_ENOUGH) == Credentials(SECRET)


def test_a_provider_that_gives_no_password_is_one_sentence(provider):
    for text, what in (
        (f"def login():\n    raise ValueError('{SECRET}')", "failed: ValueError"),
        (f"import sys\ndef login():\n    sys.exit('{SECRET}')", "failed: SystemExit"),
        ("def login():\n    return None", "gave no (username, password) and no (password,)"),
        (f"raise OSError('{SECRET}')", "OSError"),
        ("import no_such_module_at_all", "no such module"),
        ("", "has no 'login'"),
        ("login = 1", "is not callable"),
    ):
        assert refusal(provider(text)).endswith(what), text
    assert refusal(
        provider("import threading\ndef login():\n    threading.Event().wait(60)"), TOO_SHORT
    ).endswith("did not answer in time")
