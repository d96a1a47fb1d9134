"""A stand-in for a model server that misbehaves as a process: `python stubborn.py PORT HABIT...`. It answers /health and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SLEEPER = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(3600)"
asked = threading.Event()  # for its health


def main(port: int, habits: dict[str, str]) -> None:
    answers = [int(answer) for answer in habits.get("answers", "200").split(",")]

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Silent but for what its habits say."""

        def do_GET(self) -> None:
            asked.set()
            status = answers.pop(0) if len(answers) > 1 else answers[0]
            if status == 0:
                threading.Event().wait()
            self.send_response(status if self.path == habits.get("path", "/health") else 404)
            self.end_headers()

    if "ignore-term" in habits:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for name in ("child", "far-child"):  # of the same group, and of a session of its own
        if name in habits:
            child = subprocess.Popen([sys.executable, "-c", SLEEPER], start_new_session=name == "far-child")
            Path(habits[name]).write_text(str(child.pid))
    if "environment" in habits:
        Path(habits["environment"]).write_text("\n".join(os.environ))
    for number in range(int(habits.get("lines", "0"))):
        print(f"line {number}", flush=True)
    if "blob" in habits:
        os.write(1, b"\xff\x00\x1b[2J" * 1_000_000)
    if "exit" in habits:
        raise SystemExit(int(habits["exit"]))
    if "silent" in habits:
        time.sleep(3600)
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if "die-once-asked" in habits:
        threading.Thread(target=lambda: (asked.wait(), time.sleep(0.2), os._exit(9)), daemon=True).start()
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main(int(sys.argv[1]), {name: value for name, _, value in (habit.partition("=") for habit in sys.argv[2:])})
