"""The process of the stand-in for a model server; `servers.model_server` starts it and tells what it can do. No model runs in it."""

from __future__ import annotations

import argparse
import base64
import ctypes
import json
import os
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from servers.crops import read, shows

_LINE = "the same line again and again"


@dataclass
class Behaviour:
    mode: str = "ocr"
    delay: float = 0.0
    at_once: int = 1000
    refuse_beyond: int = 1000
    retry_after: str = ""
    key: str = ""
    model: str = "stand-in"
    huge_bytes: int = 8 * 2**20
    rules: list[dict[str, Any]] = field(default_factory=list)
    places: threading.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.places = threading.Semaphore(self.at_once)


class State:
    """What all requests share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.behaviour = Behaviour()
        self.in_flight = self.requests = self.most_in_flight = self.broken_off = 0
        self.prompts: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self.keys: Counter[str] = Counter()
        self.options: dict[str, Any] = {}

    def control(self, document: dict[str, Any]) -> None:
        with self.lock:
            self.behaviour = Behaviour(**document)

    def stats(self) -> dict[str, Any]:
        with self.lock:
            return {name: value for name, value in vars(self).items() if name not in ("lock", "behaviour")}

    def rule_for(self, behaviour: Behaviour, prompt: str, crop: bytes) -> tuple[str, float]:
        for rule in behaviour.rules:
            if rule.get("prompt", "") not in prompt or ("colour" in rule and not shows(crop, tuple(rule["colour"]))):
                continue
            with self.lock:
                if rule.get("times", 1) <= 0:
                    continue
                if "times" in rule:
                    rule["times"] -= 1
            return str(rule.get("mode", behaviour.mode)), float(rule.get("delay", behaviour.delay))
        return behaviour.mode, behaviour.delay


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, *args: object) -> None:
        """Silent: requests hold crops of documents."""

    def do_GET(self) -> None:
        state = self.server.state
        if self.path == "/stats":
            self._answer(200, state.stats())
        elif self.path == "/health":
            self._answer(200, {})
        elif self.path == "/v1/models":
            listed = {"id": state.behaviour.model, "object": "model", "created": 0, "owned_by": "stand-in"}
            self._answer(*((200, {"object": "list", "data": [listed]}) if self._knows_key() else (401, {"error": "no key"})))
        else:
            self._answer(404, {"error": "no such path"})

    def do_POST(self) -> None:
        state = self.server.state
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        if self.path == "/control":
            state.control(body)
            self._answer(200, {})
        elif self.path != "/v1/chat/completions":
            self._answer(404, {"error": "no such path"})
        else:
            try:
                self._complete(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
                with state.lock:
                    state.broken_off += 1

    def _complete(self, body: dict[str, Any]) -> None:
        state, behaviour = self.server.state, self.server.state.behaviour
        (message,) = body["messages"]
        prompt = next(part["text"] for part in message["content"] if part["type"] == "text")
        url = next(part["image_url"]["url"] for part in message["content"] if part["type"] == "image_url")
        with state.lock:
            state.requests += 1
            state.in_flight += 1
            state.most_in_flight = max(state.most_in_flight, state.in_flight)
            state.prompts[prompt] += 1
            state.models[body["model"]] += 1
            state.keys[self.headers.get("Authorization", "")] += 1
            state.options = {name: value for name, value in body.items() if name != "messages"}
            crowded = state.in_flight > behaviour.refuse_beyond
        try:
            if not self._knows_key():
                self._answer(401, {"error": {"message": "no key"}})
            elif body["model"] != behaviour.model:
                self._answer(404, {"object": "error", "message": f"The model `{body['model']}` does not exist.", "code": 404})
            elif crowded:
                self._answer(429, {"error": {"message": "too many"}})
            else:
                crop = base64.b64decode(url.partition(",")[2])
                mode, delay = state.rule_for(behaviour, prompt, crop)
                with behaviour.places:
                    time.sleep(delay)
                    self._play(mode, prompt, crop)
        finally:
            with state.lock:
                state.in_flight -= 1

    def _play(self, mode: str, prompt: str, crop: bytes) -> None:
        if mode.isdigit():
            self._answer(int(mode), {"error": {"message": "asked to fail", "prompt": prompt}})
        elif mode == "close":
            self.close_connection = True
        elif mode == "die":
            os._exit(1)
        elif mode == "hang":
            threading.Event().wait()
        elif mode == "html":
            self._send(200, b"<html><body>Please log in</body></html>", "text/html")
        elif mode == "cut":
            self._head(200, 1000, "application/json")
            self.wfile.write(b'{"choices": [')
            self.close_connection = True
        elif mode == "deep":
            self._send(200, b"[" * 1_000_000, "application/json")
        elif mode == "surrogate":
            self._send(200, json.dumps(_document("stop", "half \ud83d of a pair")).encode(), "application/json")
        elif mode == "types":
            self._answer(200, {"choices": [{"message": {"content": 7}, "finish_reason": 3}]})
        elif mode == "empty":
            self._answer(200, {**_document("stop", ""), "choices": []})
        else:
            self._answer(200, _document("length" if mode == "length" else "stop", self._text(mode, prompt, crop)))

    def _text(self, mode: str, prompt: str, crop: bytes) -> str | None:
        if mode == "null":
            return None
        if mode == "repeat":
            return "\n".join([_LINE] * 200)
        if mode == "huge":
            return "x" * self.server.state.behaviour.huge_bytes
        return read(prompt, crop) if mode == "ocr" else "constant text"

    def _knows_key(self) -> bool:
        key = self.server.state.behaviour.key
        return not key or self.headers.get("Authorization") == f"Bearer {key}"

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        if self.path == "/v1/chat/completions":
            with self.server.state.lock:
                self.server.state.statuses[str(status)] += 1
        self._send(status, json.dumps(document).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self._head(status, len(body), kind)
        self.wfile.write(body)

    def _head(self, status: int, length: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        if status >= 400 and self.server.state.behaviour.retry_after:
            self.send_header("Retry-After", self.server.state.behaviour.retry_after)
        self.end_headers()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.state = State()


def _document(reason: str, text: str | None) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}
    return {"id": "x", "object": "chat.completion", "created": 0, "model": "stand-in", "choices": [choice]}


def _die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        raise SystemExit("whoever started this is gone")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--parent", type=int, help="process that this one must not outlive")
    arguments = parser.parse_args()
    if arguments.parent:
        _die_with(arguments.parent)
    server = Server(arguments.port)
    print("listening", flush=True)
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
