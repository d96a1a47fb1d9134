"""How much of a known text was found."""

from __future__ import annotations

import re
from collections import Counter


def words(text: str) -> Counter[str]:
    """Words by how often they occur, without regard to case, to `ё`, and to hyphens at line ends."""
    joined = re.sub(r"(?<=\w)[-\u00ad]\n(?=[^\W\d_])", "", text)
    return Counter(re.findall(r"\w+", joined.lower().replace("ё", "е")))


def word_recall(truth: str, found: str) -> float:
    """The share (0 to 1) of the words of `truth` that occur in `found`, each as often as there."""
    wanted, seen = words(truth), words(found)
    return sum(min(count, seen[word]) for word, count in wanted.items()) / max(1, wanted.total())
