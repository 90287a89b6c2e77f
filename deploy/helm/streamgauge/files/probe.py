"""Asks the exporter for a path as a user that a Secret holds: exit code 0 when it answers 200.

python3 probe.py http|https PATH FOLDER [PORT]
"""

import base64
import http.client
import ssl
import sys
from pathlib import Path

scheme, path, folder, port = (*sys.argv[1:], "10121")[:4]
user, password = (Path(folder, key).read_text().strip() for key in ("username", "password"))
token = base64.b64encode(f"{user}:{password}".encode()).decode()
# It asks the pod that it runs in, as a kubelet does: without a look at the certificate.
trusting = ssl.create_default_context()
trusting.check_hostname = False
trusting.verify_mode = ssl.CERT_NONE
connection = (
    http.client.HTTPSConnection("127.0.0.1", int(port), timeout=4, context=trusting)
    if scheme == "https"
    else http.client.HTTPConnection("127.0.0.1", int(port), timeout=4)
)
connection.request("GET", path, headers={"Authorization": f"Basic {token}"})
status = connection.getresponse().status
sys.exit(0 if status == 200 else f"{path}: {status}")
