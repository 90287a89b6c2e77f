"""Secrets, each with words of its own, and mistakes that hold them."""

import socket

import bcrypt

from support.faulty_endpoints import Garbage

URL, FIELD, FILE = "s3cret-of-the-url", "s3cret-of-the-field", "s3cret-of-the-file"
SENTINEL, SENTINEL_FILE = "s3cret-of-the-sentinel", "s3cret-of-the-sentinels-file"
ENVIRONMENT, RIGHT = "s3cret-of-the-environment", "s3cret-of-the-server"
WEB, GUESS = "s3cret-of-the-page", "s3cret-that-was-guessed"
HASH = bcrypt.hashpw(WEB.encode(), bcrypt.gensalt(4)).decode()
MARK = "s3cret"

# What may stand in a file around a secret; each is a mistake, and its words may not repeat it.
MISTAKES = {
    "port": f"redis: {{url: 'redis://u:{URL}@h:port/0'}}",
    "scheme": f"redis: {{url: 'http://u:{URL}@h'}}",
    "near scheme": f"redis: {{url: 'reddis://u:{URL}@h'}}",
    "no scheme": f"redis: {{url: 'u:{URL}@h:6379'}}",
    "one slash": f"redis: {{url: 'redis:/u:{URL}@h'}}",
    "database": f"redis: {{url: 'redis://u:{URL}@h/x'}}",
    "slash in the password": f"redis: {{url: 'redis://u:a/{URL}@h/0'}}",
    "hash in the password": f"redis: {{url: 'redis://u:a#{URL}@h/0'}}",
    "question in the password": f"redis: {{url: 'redis://u:a?{URL}@h/0'}}",
    "bracket in the password": f"redis: {{url: 'redis://u:[{URL}@h/0'}}",
    "options": f"redis: {{url: 'redis://h/0?password={URL}'}}",
    "socket": f"redis: {{url: 'unix://u:{URL}@host/x'}}",
    "socket in a cluster": f"redis: {{url: 'unix://u:{URL}@/s', mode: cluster}}",
    "tls without rediss": f"redis: {{url: 'redis://u:{URL}@h', tls: {{ca_file: x}}}}",
    "url in a list": f"redis: {{url: ['redis://u:{URL}@h']}}",
    "url for the section": f"redis: 'redis://u:{URL}@h'",
    "urls for the sections": f"redis: ['redis://u:{URL}@h']",
    "url for the file": f"redis://u:{URL}@h",
    "same server twice": f"redis: [{{url: 'redis://u:{URL}@h'}}, {{url: 'redis://u:{URL}@h'}}]",
    "password in a list": f"redis: {{url: 'redis://h', password: [{FIELD}]}}",
    "password in a mapping": f"redis: {{url: 'redis://h', password: {{x: {FIELD}}}}}",
    "password twice": f"redis: {{url: 'redis://h', password: a, password: {FIELD}}}",
    "near password": f"redis: {{url: 'redis://h', pasword: {FIELD}}}",
    "password elsewhere": f"redis: {{url: 'redis://h'}}\npassword: {FIELD}",
    "password as an alias": f"redis: {{url: 'redis://h', password: *{FIELD}}}",
    "password as an anchor": f"redis: {{url: 'redis://h', password: &{FIELD}}}",
    "password as a tag": f"redis: {{url: 'redis://h', password: !{FIELD} x}}",
    "password after a sign": f"redis:\n  password: @{FIELD}\n",
    "password after a quote": f"redis:\n  password: 'a'{FIELD}\n",
    "password with a tab": f'redis:\n  password: "\\{FIELD}"\n',
    "quote that does not end": f'redis: {{password: "{FIELD}',
    "password and a mistake": f"redis: {{url: 'redis://h', password: {FIELD}, timeout: soon}}",
    "file for a password": f"redis: {{url: 'redis://h', password_file: {{x: {FILE}}}}}",
    "empty password file": "redis: {url: 'redis://h', password_file: empty}",
    "no text in the password file": "redis: {url: 'redis://h', password_file: binary}",
    "url among sentinels": f"redis: {{sentinel: {{service: s, nodes: ['redis://:{SENTINEL}@h']}}}}",
    "login among sentinels": f"redis: {{sentinel: {{service: s, nodes: ['u:{SENTINEL}@h:1']}}}}",
    "url beside sentinels": (
        f"redis: {{url: 'redis://:{URL}@h', sentinel: {{service: s, nodes: [h], "
        f"password: {SENTINEL}}}}}"
    ),
    "sentinels without a service": f"redis: {{sentinel: {{password: {SENTINEL}, nodes: [h]}}}}",
}
# The same of the web configuration.
WEB_MISTAKES = {
    "password for a hash": f"basic_auth_users: {{alice: {WEB}}}",
    "hash cut off": f"basic_auth_users: {{alice: {HASH[:-1]}}}",
    "hash in a list": f"basic_auth_users: {{alice: ['{HASH}']}}",
    "password for the users": f"basic_auth_users: {WEB}",
    "key for a file": r"""tls_server_config: {cert_file: cert.pem, key_file: "PEM"}""",
    "key in the file": r"""tls_server_config: {cert_file: cert.pem, key: "PEM"}""",
    "key for a certificate": "tls_server_config: {cert_file: cert.key, key_file: cert.key}",
    "another's key": "tls_server_config: {cert_file: cert.pem, key_file: other.key}",
    "key cut off": "tls_server_config: {cert_file: cert.pem, key_file: half.key}",
}


class Echo(Garbage):
    """Repeats in an error whatever it was sent, as servers do with what they do not know."""

    def __init__(self) -> None:
        super().__init__(b"")

    def _talk_to(self, client: socket.socket) -> None:
        sent = client.recv(65536).replace(b"\r\n", b" ")
        client.sendall(b"-ERR do not know " + sent + b"\r\n")
