"""A password is checked by bcrypt once; nothing tells a wrong one from an unknown name."""

import asyncio
import base64
import threading

import bcrypt
import pytest
from pydantic import SecretStr

from streamgauge.web import logins as logins_module
from streamgauge.web.logins import Credentials, Logins, TooManyLoginsError, basic_credentials

RIGHT, WRONG = Credentials(b"alice", b"open sesame"), Credentials(b"alice", b"hunter2")


def hash_of(password: bytes) -> SecretStr:
    return SecretStr(bcrypt.hashpw(password, bcrypt.gensalt(4)).decode())


@pytest.fixture(scope="module")
def users() -> dict[str, SecretStr]:
    return {"alice": hash_of(b"open sesame"), "bob": hash_of(b"swordfish")}


class CountedBcrypt:
    """bcrypt that counts its passwords and, while the gate is shut, waits."""

    def __init__(self) -> None:
        self.passwords: list[bytes] = []
        self.at_once, self.most_at_once = 0, 0
        self.threads: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()

    def checkpw(self, password: bytes, hash_: bytes) -> bool:
        self.passwords.append(password)
        self.threads.add(threading.get_ident())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.gate.wait(30)
        self.at_once -= 1
        return bcrypt.checkpw(password, hash_)


@pytest.fixture
def counted(monkeypatch):
    counted = CountedBcrypt()
    monkeypatch.setattr(logins_module, "bcrypt", counted)
    return counted


def ask(users, *asked: Credentials, logins: Logins | None = None) -> list[bool]:
    """The answers to these in turn."""

    async def run():
        table = logins or Logins()
        return [await table.are_right(credentials, users, "host") for credentials in asked]

    return asyncio.run(run())


def test_only_the_right_password_of_a_known_name_is_right(users):
    asked = [
        RIGHT, WRONG, Credentials(b"bob", b"swordfish"), Credentials(b"bob", b"open sesame"),
        Credentials(b"carol", b"open sesame"), Credentials(b"carol", b"swordfish"),
        Credentials(b"Alice", b"open sesame"), Credentials(b"", b""), Credentials(b"\xff", b"x"),
        Credentials(b"alice", b""), Credentials(b"alice", b"open\0sesame"),
    ]  # fmt: skip
    assert ask(users, *asked) == [True, False, True] + [False] * 8


def test_password_longer_than_bcrypt_reads_is_compared_as_far_as_it_reads():
    users = {"alice": hash_of(b"x" * 72)}
    longer, shorter = (Credentials(b"alice", b"x" * length) for length in (100, 71))
    assert ask(users, longer, shorter) == [True, False]


def test_bcrypt_is_asked_once_for_each_credential_in_a_thread(users, counted):
    unknown = Credentials(b"carol", b"open sesame")
    answers = ask(users, *[RIGHT, WRONG, unknown] * 3)
    assert answers == [True, False, False] * 3
    assert counted.passwords == [RIGHT.password, WRONG.password, unknown.password]
    assert threading.get_ident() not in counted.threads


def test_an_unknown_name_costs_what_a_known_one_costs_and_always_the_same(users, counted):
    table = Logins()
    stand_ins = {name: [table._hash_of(name, users) for _ in range(3)] for name in (b"x", b"y")}
    for known, hash_ in (found for each in stand_ins.values() for found in each):
        assert not known
        assert hash_.decode() in {user.get_secret_value() for user in users.values()}
    assert all(len(set(each)) == 1 for each in stand_ins.values())
    ask(users, Credentials(b"x", b"1"), Credentials(b"alice", b"1"))
    assert len(counted.passwords) == 2


def test_a_changed_hash_and_a_removed_user_count_at_once(users, counted):
    table = Logins()
    changed = users | {"alice": hash_of(b"another")}
    assert ask(users, RIGHT, logins=table) == [True]
    assert ask(changed, RIGHT, logins=table) == [False]
    assert ask({"bob": users["alice"]}, RIGHT, logins=table) == [False]
    assert ask(users, RIGHT, logins=table) == [True]
    assert len(counted.passwords) == 3


def test_guessing_pushes_no_right_password_out(users, counted, monkeypatch):
    monkeypatch.setattr(logins_module, "_REMEMBERED", 3)
    guesses = [Credentials(b"alice", b"%d" % number) for number in range(10)]
    assert ask(users, RIGHT, *guesses, RIGHT, guesses[-1], guesses[0])[11:] == [True, False, False]
    assert len(counted.passwords) == 1 + 10 + 1


def test_passwords_are_not_kept(users):
    table = Logins()
    ask(users, RIGHT, WRONG, logins=table)
    kept = repr(vars(table))
    assert [text for text in ("open sesame", "hunter2", "alice", "$2b$") if text in kept] == []
    assert len(table._right) == len(table._wrong) == 1


def test_the_same_password_asked_at_once_is_checked_once_and_others_one_at_a_time(users, counted):
    async def run():
        table = Logins()
        asked = [RIGHT] * 10 + [WRONG] * 10
        return await asyncio.gather(*(table.are_right(each, users, "host") for each in asked))

    assert asyncio.run(run()) == [True] * 10 + [False] * 10
    assert sorted(counted.passwords) == sorted([RIGHT.password, WRONG.password])
    assert counted.most_at_once == 1


def test_one_client_cannot_keep_others_waiting_behind_many_passwords(users, counted):
    counted.gate.clear()

    async def run():
        table = Logins()
        guesses = [Credentials(b"alice", b"%d" % number) for number in range(20)]
        flood = [asyncio.ensure_future(table.are_right(each, users, "bad")) for each in guesses]
        await asyncio.sleep(0)
        good = asyncio.ensure_future(table.are_right(RIGHT, users, "good"))
        await asyncio.sleep(0)
        counted.gate.set()
        return await good, await asyncio.gather(*flood, return_exceptions=True)

    right, flood = asyncio.run(run())
    assert right is True
    refused = [answer for answer in flood if isinstance(answer, TooManyLoginsError)]
    assert (len(refused), flood.count(False)) == (16, 4)
    assert len(counted.passwords) == 5


def test_one_who_gives_up_takes_nobody_with_him(users, counted):
    counted.gate.clear()

    async def run():
        table = Logins()
        first, second = (
            asyncio.ensure_future(table.are_right(RIGHT, users, "host")) for _ in range(2)
        )
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        counted.gate.set()
        return first.cancelled(), await second

    assert asyncio.run(run()) == (True, True)


def encoded(text: bytes) -> bytes:
    return base64.b64encode(text)


@pytest.mark.parametrize(
    ("header", "credentials"),
    [
        (b"Basic " + encoded(b"alice:open sesame"), RIGHT),
        (b"basic  " + encoded(b"alice:open sesame") + b" ", RIGHT),
        (b"BASIC " + encoded(b"a:b:c"), Credentials(b"a", b"b:c")),
        (b"Basic " + encoded(b":"), Credentials(b"", b"")),
        (b"", None),
        (b"Basic", None),
        (b"Basic " + encoded(b"alice"), None),
        (b"Basic !!!!", None),
        (b"Basic YWxpY2U6b3Blb", None),
        (b"Bearer " + encoded(b"alice:open sesame"), None),
    ],
)
def test_header_is_read_as_basic_authentication_or_not_at_all(header, credentials):
    assert basic_credentials(header) == credentials
