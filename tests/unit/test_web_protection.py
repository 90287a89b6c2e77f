"""What stands in the file counts at the next use; what is wrong in it changes nothing."""

import asyncio
import logging
from pathlib import Path

import pytest

from streamgauge.config import ConfigError
from streamgauge.web import protection as protection_module
from streamgauge.web.protection import Protection
from support.certificates import Certificate, issue, make_authority

HASH = "$2b$04$SZyOVJkDz6r/4qN5w/q9heYSQxpCJCB4g4mcmeZBDMXmTvzoxM0uW"
USERS = f"basic_auth_users: {{alice: {HASH}}}\n"
TLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(protection_module, "_SETTLE_SECONDS", 0)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> list[Certificate]:
    authority = make_authority(tmp_path_factory.mktemp("tls"))
    return [issue(authority, name, f"DNS:{name}.example") for name in ("one", "two")]


class File:
    """A web config file that is replaced as a whole, so that each state is another file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "web.yml"

    def write(self, text: str, name: str = "web.yml") -> None:
        new = self.directory / "new"
        new.write_text(text)
        new.replace(self.directory / name)

    def install(self, certificate: Certificate) -> None:
        self.write(certificate.cert.read_text(), "cert.pem")
        self.write(certificate.key.read_text(), "key.pem")


@pytest.fixture
def file(tmp_path):
    return File(tmp_path)


def used(protection: Protection, *changes):
    """What is in force after each of these changes."""

    async def run():
        states = []
        for change in changes:
            change()
            states.append(await protection.current())
        return states

    return asyncio.run(run())


def test_a_change_counts_at_the_next_use(file, caplog):
    caplog.set_level(logging.INFO)
    file.write(USERS)
    protection = Protection(file.path)
    before = protection.config
    same, changed = used(
        protection, lambda: None, lambda: file.write(USERS.replace("alice", "bob"))
    )
    assert same is before
    assert list(changed.users) == ["bob"]
    assert protection.config is changed
    assert [record.message for record in caplog.records] == ["web config reloaded"]


def test_a_mistake_changes_nothing_is_logged_once_and_can_be_corrected(file, caplog):
    file.write(USERS)
    protection = Protection(file.path)
    before = protection.config
    states = used(
        protection,
        lambda: file.write("basic_auth_users: {alice: hunter2}"),
        lambda: None,
        lambda: None,
        file.path.unlink,
        lambda: None,
        lambda: file.write(USERS),
    )
    assert [state is before for state in states] == [True] * 5 + [False]
    assert states[-1] == before
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.message for record in errors] == [
        "web config not reloaded, the old one stays"
    ] * 2
    assert "basic_auth_users.alice" in errors[0].fields["problems"]
    assert "hunter2" not in errors[0].fields["problems"]


def test_a_file_that_is_emptied_opens_no_door(file, certificates, caplog):
    file.install(certificates[0])
    file.write(TLS + USERS)
    protection = Protection(file.path)
    before = protection.config
    states = used(protection, *(lambda text=text: file.write(text) for text in ("", TLS, USERS)))
    assert [state is before for state in states] == [True] * 3
    assert "TLS cannot be switched off without a restart" in caplog.records[0].fields["problems"]
    assert "without a restart" in caplog.records[1].fields["problems"]


def test_tls_is_not_switched_on_and_users_are(file, certificates):
    file.install(certificates[0])
    file.write("")
    protection = Protection(file.path)
    on, users = used(protection, lambda: file.write(TLS), lambda: file.write(USERS))
    assert (on.tls, users.tls, list(users.users)) == (None, None, ["alice"])


def test_a_renewed_certificate_is_another_context_once_its_key_is_there(file, certificates):
    one, two = certificates
    file.install(one)
    file.write(TLS)
    protection = Protection(file.path)
    before = protection.config
    half, whole = used(
        protection,
        lambda: file.write(two.cert.read_text(), "cert.pem"),
        lambda: file.write(two.key.read_text(), "key.pem"),
    )
    assert half is before
    assert whole.tls.context is not before.tls.context
    assert asyncio.run(protection.tls()) is whole.tls


def test_a_certificate_that_was_absent_is_noticed_when_it_comes(file, certificates):
    file.install(certificates[0])
    file.write(TLS)
    protection = Protection(file.path)
    absent, there = used(
        protection,
        lambda: file.write(TLS.replace("key.pem", "new.pem")),
        lambda: file.write(certificates[0].key.read_text(), "new.pem"),
    )
    assert absent is not there
    assert protection.config is there


def test_a_secret_that_kubernetes_swaps_by_its_link_is_noticed(file, tmp_path):
    for name, text in {"v1": USERS, "v2": USERS.replace("alice", "bob")}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "web.yml").write_text(text)
    (tmp_path / "..data").symlink_to("v1")
    protection = Protection(tmp_path / "..data" / "web.yml")

    def swap():
        (tmp_path / "new").symlink_to("v2")
        (tmp_path / "new").replace(tmp_path / "..data")

    (state,) = used(protection, swap)
    assert list(state.users) == ["bob"]


def test_requests_at_once_read_a_change_once(file, monkeypatch):
    file.write(USERS)
    protection = Protection(file.path)
    loads = []
    load = protection_module.load_web_config
    monkeypatch.setattr(
        protection_module, "load_web_config", lambda path: loads.append(path) or load(path)
    )
    file.write(USERS + "# changed\n")

    async def run():
        return await asyncio.gather(*(protection.current() for _ in range(10)))

    states = asyncio.run(run())
    assert len({id(state) for state in states}) == 1
    assert loads == [file.path]


def test_a_file_that_is_wrong_from_the_start_is_an_error(file):
    file.write("x: 1")
    with pytest.raises(ConfigError):
        Protection(file.path)
