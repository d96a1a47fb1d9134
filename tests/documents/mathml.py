"""What a formula in a preview may be made of."""

from __future__ import annotations

_TOKENS = ("mi", "mn", "mo", "mtext", "mspace", "ms")
_LAYOUT = ("mrow", "mfrac", "msqrt", "mroot", "mstyle", "merror", "mpadded", "mphantom", "none")
_SCRIPTS = ("msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts", "mprescripts")
_TABLES = ("mtable", "mtr", "mtd")
ELEMENTS = frozenset(("math", *_TOKENS, *_LAYOUT, *_SCRIPTS, *_TABLES))
"""The elements of MathML that draw and do nothing else."""
