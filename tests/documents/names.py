"""Names that files are dropped under, by accident or in order to do harm. None of them is longer than a store takes."""

from __future__ import annotations

import hashlib
import unicodedata

INBOX_BYTES = len("incoming/")

ON_A_DISK = [
    "отчёт за 2026 год.png",
    "семья 👨‍👩‍👧 😀.png",
    "Case.png",
    "case.png",
    unicodedata.normalize("NFC", "йёé.png"),
    unicodedata.normalize("NFD", "йёé.png"),
    "right-to-left \u202egnp.exe",
    "\u200fmarks\u200e\u2066.png",
    "new\nline.png",
    "return\r.png",
    "escape \x1b[2J\x1b]0;title\x07.png",
    "eight bits \x9b31m.png",
    "separator\u2028.png",
    "back\\slash.png",
    "percent%2Fencoded.png",
    "percent%252F%00.png",
    "plus+and space .png",
    " spaces around ",
    "trailing dot.",
    "quote'and\".png",
    "<script>alert(1)</script>.png",
    "<img src=x onerror=alert(1)>.png",
    "</title><h1>.png",
    "javascript:alert(1).png",
    "[link](javascript:alert(1)).png",
    "a?b#c&d=e;f.png",
    ": * ? » « | !.png",
    "{{ 7 * 7 }}{% raw %}.png",
    "-rf",
    "...",
    "no extension",
    "manifest.json",
    "index.html",
    "latest.json",
    "error.json",
    "source.png",
    "000001",
    "folder/manifest.json",
    "folder/index.html",
    "folder/latest.json",
    "folder/0123456789ab/manifest.json",
    "folder/pages/0001.json",
    "document.png/inner.png",
    "incoming/nested.png",
    "processed/nested.png",
    "~" + hashlib.sha256(b"back\\slash.png").hexdigest(),
    "long " + "x" * 240 + ".png",
    "/".join(["deep"] * 150) + ".png",
]
"""On a disk of Linux, too."""

LONGEST = "/".join(["y" * 200] * 5)[: 1024 - INBOX_BYTES - 4] + ".png"

IN_A_BUCKET = [
    *ON_A_DISK,
    "document.png",  # a file and, on a disk, a folder cannot have one name
    "../escape.png",
    "../../processed/x/manifest.json",
    "folder/../../up.png",
    "./here.png",
    "/absolute.png",
    "//twice.png",
    "a//b.png",
    "z" * 600 + ".png",
    LONGEST,
]
"""In a bucket. A NUL, which XML cannot carry, is left to the stores' own tests."""
