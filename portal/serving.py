"""Web server and worker side by side, for `make run` and for a small deployment: what ends one ends both."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

from portal.config import BadSetting, Settings

GRACE = 15.0  # seconds: a little more than the web server gives its own workers


def place(env: Mapping[str, str]) -> tuple[str, int]:
    """Where to listen, from HOST and PORT; one clear line when that cannot be."""
    host, text = env.get("HOST", "127.0.0.1"), env.get("PORT", "8000")
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) < 65536:
        raise BadSetting(f"PORT must be a number from 1 to 65535, not {text!r}.")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(text)))
        except OSError as why:
            raise BadSetting(
                f"cannot listen at {host} port {text}: {why.strerror}. Another port: make run PORT={int(text) % 65535 + 1}"
            ) from why
    return host, int(text)


def web_command(host: str, port: int, workers: int) -> list[str]:
    """Granian; why, and why these numbers: docs/decisions/0002-web-server.md."""
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--host", host, "--port", str(port), "--workers", str(workers),
        "--blocking-threads", "1", "--backpressure", "64", "--respawn-failed-workers", "--workers-kill-timeout", "10", "--no-ws",
        "--log-level", "warning", "wsgi:app",
    ]  # fmt: skip


def serve(host: str, port: int, settings: Settings) -> None:
    """Run both until one ends or a signal comes, then end the other. Exit code 1 when it was not a signal."""
    workers = os.environ.get("WEB_CONCURRENCY", "2")
    if not (workers.isascii() and workers.isdigit()) or not int(workers):
        raise BadSetting(f"WEB_CONCURRENCY must be a whole number from 1, not {workers!r}.")
    env = {name: value for name, value in os.environ.items() if name != "FLASK_RUN_FROM_CLI"}
    commands = {
        "the web server": web_command(host, port, int(workers)),
        "the worker": [sys.executable, "-m", "flask", "--app", "wsgi", "worker"],
    }
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with _running(commands, env) as children:
        told = False
        while not stopping:
            ended = [name for name, child in children.items() if child.poll() is not None]
            if ended:
                raise BadSetting(f"{ended[0]} ended by itself (code {children[ended[0]].returncode}); everything is stopped.")
            if not told and _answers(host, port):
                told = True
                print(_welcome(settings), flush=True)  # noqa: T201
            time.sleep(0.1 if not told else 0.5)


@contextlib.contextmanager
def _running(commands: Mapping[str, Sequence[str]], env: Mapping[str, str]) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            children[name] = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, process_group=0, preexec_fn=_end_with_parent)  # noqa: PLW1509, S603
        yield children
    finally:
        for child in children.values():
            child.terminate()
        deadline = time.monotonic() + GRACE
        for child in children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # whatever a child that was killed has left behind, too
            child.wait()


def _end_with_parent() -> None:
    """On Linux a child is told to stop when we are killed without a chance to say so."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _answers(host: str, port: int) -> bool:
    at = "127.0.0.1" if host == "0.0.0.0" else f"[{host}]" if ":" in host else host  # noqa: S104  # nosec
    try:
        with urllib.request.urlopen(f"http://{at}:{port}/healthz", timeout=2) as answer:  # nosec
            return bool(answer.status == 200)
    except OSError:
        return False


def _welcome(settings: Settings) -> str:
    lines = [f"\nKindling is at  {settings.base_url}"]
    if settings.demo:
        lines += [
            "",
            "Try first:  open it, press “Sign in”, and choose one of the demo people by name.",
            f"  as a resident    share an idea        {settings.base_url}/grants/",
            f"  as an officer    what needs you       {settings.base_url}/desk/",
            f"  as anybody       who got what         {settings.base_url}/register/",
            f"  messages that would have gone out     {settings.base_url}/dev/outbox",
        ]
    return "\n".join([*lines, "", "Stop with Ctrl-C. The data stay.", ""])
