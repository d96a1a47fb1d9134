"""The checks of `watcher doctor`, grouped by what they look at: each a function that returns a finding."""
