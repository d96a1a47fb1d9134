"""A daemon that reads documents dropped into a bucket and writes their text and structure back."""

__version__ = "2.0.0"
