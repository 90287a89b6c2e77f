"""Headless Chromium, told what to do over its debugging pipe."""

import base64
import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from processes import PreviewError

PATIENCE_SECONDS = 60
_OPTIONS = ("--headless=new", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe")


class Page:
    """The one page of a browser; `complaints` holds what its console has said."""

    def __init__(self, write: int, read: int) -> None:
        self.complaints: list[str] = []
        self._write, self._read = write, read
        self._rest = b""
        self._next_id = 0
        target = self._browser("Target.createTarget", url="about:blank")["targetId"]
        attached = self._browser("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.do(f"{domain}.enable")

    def open(self, url: str, width: int, height: int) -> None:
        """Go to the address, in a window of that size."""
        self.complaints.clear()
        self.resize(width, height)
        self.do("Page.navigate", url=url)
        self._wait_for_event("Page.loadEventFired")

    def resize(self, width: int, height: int) -> None:
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives, awaited when it is a promise."""
        answer = self.do(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise PreviewError(f"the page failed: {_exception(answer['exceptionDetails'])}")
        return answer["result"].get("value")

    def screenshot(self) -> bytes:
        """The window as a PNG."""
        return base64.b64decode(self.do("Page.captureScreenshot", format="png")["data"])

    def close_browser(self) -> None:
        """Ask the browser to end, which it may do before it answers."""
        with contextlib.suppress(PreviewError):
            self._browser("Browser.close")

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol to the page; its result."""
        return self._command({"method": method, "params": parameters, "sessionId": self._session})

    def _browser(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._command({"method": method, "params": parameters})

    def _command(self, message: dict[str, Any]) -> dict[str, Any]:
        self._next_id += 1
        os.write(self._write, json.dumps(message | {"id": self._next_id}).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._next_id:
                if "error" in answer:
                    raise PreviewError(f"{message['method']}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _wait_for_event(self, method: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            message = self._message()
            self._note(message)
            if message.get("method") == method:
                return
        raise PreviewError(f"not within {PATIENCE_SECONDS} s: {method}")

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._read, 1 << 20)
            if not part:
                raise PreviewError("the browser ended")
            self._rest += part
        whole, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(whole)
        return message

    def _note(self, message: dict[str, Any]) -> None:
        """Keep what an event complains about."""
        parameters = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(_exception(parameters["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning"):
                said = (str(one.get("value", one.get("description"))) for one in parameters["args"])
                self.complaints.append(" ".join(said))
            case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                entry = parameters["entry"]
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}")


def _exception(details: dict[str, Any]) -> str:
    return str(details.get("exception", {}).get("description", details["text"]))


@contextlib.contextmanager
def browser(directory: Path) -> Iterator[Page]:
    """A browser with a fresh profile, for as long as the block lasts."""
    command = ["chromium", *_OPTIONS, f"--user-data-dir={directory / 'profile'}"]
    if os.geteuid() == 0:
        command.append("--no-sandbox")  # it refuses to run as root with one
    # The browser reads commands from its descriptor 3 and writes to its descriptor 4.
    its_read, write = os.pipe()
    read, its_write = os.pipe()
    redirected = ["sh", "-c", f'exec "$@" 3<&{its_read} 4>&{its_write}', "sh", *command]
    with (directory / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            redirected,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(its_read, its_write),
            process_group=0,
        )
    os.close(its_read)
    os.close(its_write)
    try:
        page = Page(write, read)
        yield page
        page.close_browser()
    finally:
        os.close(write)
        os.close(read)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
