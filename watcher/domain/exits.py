"""Exit codes of the commands."""

OK = 0  # doctor: nothing failed, though there may be warnings
ERROR = 1  # doctor: something failed
SOME_FAILED = 3  # everything was done, and some documents are in failed/
UNFINISHED = 4  # what was asked for is not there yet: documents wait or are in progress
