"""One target under atheris, in a process of its own: libFuzzer ends the process that it runs in.

python tests/fuzz/fuzzer.py TARGET [libFuzzer's options and folders of inputs]
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["watcher"]):
    from fuzz.targets import TARGETS

atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
atheris.Fuzz()
