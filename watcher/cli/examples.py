"""What people type, for the help texts and docs/commands.md; a test runs every one of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A command line, and what it does."""

    line: str
    does: str


EXAMPLES: dict[str, tuple[Example, ...]] = {
    "run": (
        Example("watcher run", "watches the inbox until Ctrl-C"),
        Example("watcher run --drain", "reads what lies there now, and ends"),
        Example("watcher run --config watcher.toml", "with the settings of a file"),
    ),
    "put": (
        Example("watcher put letter.pdf", "drops a file"),
        Example("watcher put scans letter.pdf --wait", "a folder and a file; waits, and tells where the results lie"),
        Example("watcher put scans --wait --timeout 600", "waits for ten minutes at most"),
    ),
    "get": (
        Example("watcher get letter.pdf", "the results into the folder letter"),
        Example("watcher get scans/contract.pdf results", "into the folder results"),
        Example("watcher get letter.pdf --markdown", "only the text, to the terminal"),
    ),
    "status": (
        Example("watcher status", "the whole bucket at a glance"),
        Example("watcher status --watch", "drawn again and again, until Ctrl-C"),
        Example("watcher status --json", "for programs"),
    ),
    "doctor": (
        Example("watcher doctor", "everything, the engine too"),
        Example("watcher doctor --no-engine", "without the engine, whose loading may take minutes"),
        Example(
            "watcher doctor --policy --principal arn:aws:iam:::user/reader", "the rights that the service needs, for the store's console"
        ),
    ),
    "retry": (
        Example("watcher retry scans/broken.pdf", "one document"),
        Example("watcher retry --code encrypted_pdf", "all that failed for this reason"),
        Example("watcher retry --all", "all that failed"),
    ),
    "redo": (Example("watcher redo letter.pdf", "one document; its former results stay"),),
}


def epilog(command: str) -> str:
    """The end of a command's help."""
    return "Examples:\n\n" + "\n".join(f"{example.line}\n    {example.does}" for example in EXAMPLES[command])
