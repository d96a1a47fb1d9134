"""Exit codes of the commands."""

OK = 0
ERROR = 1
SOME_FAILED = 3  # everything was done, and some documents are in failed/
