"""A model server of OpenAI's protocol whose answers a test gives word by word. No model runs in it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

from PIL import Image

Colour = tuple[int, int, int]
Answer = tuple[str | None, str]
"""Content and finish_reason."""


@dataclass
class Script:
    """`answer(prompt, colour)`, where the colour is that in the middle of the crop, decides what is answered. `asked` tells what was asked."""

    url: str = ""
    answer: Callable[[str, Colour], Answer] = lambda _, __: ("words", "stop")
    asked: list[str] = field(default_factory=list)

    def says(self, text: str | None, reason: str = "stop", *, prompt: str = "OCR:") -> None:
        """This to that prompt, and plain words to the others."""
        self.answer = lambda asked, _: (text, reason) if asked == prompt else ("words", "stop")


@contextmanager
def scripted_server() -> Iterator[Script]:
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Silent."""

        def do_GET(self) -> None:
            self._answer({"object": "list", "data": [{"id": "stand-in", "object": "model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            image, words = body["messages"][0]["content"]
            script.asked.append(words["text"])
            crop = Image.open(BytesIO(base64.b64decode(image["image_url"]["url"].partition(",")[2]))).convert("RGB")
            text, reason = script.answer(words["text"], crop.getpixel((crop.width // 2, crop.height // 2)))
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}
            self._answer({"object": "chat.completion", "model": body["model"], "choices": [choice]})

        def _answer(self, document: object) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
