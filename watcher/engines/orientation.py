"""Pages turned upright, and boxes found there carried back. Degrees are counterclockwise, multiples of 90."""

from __future__ import annotations

from PIL import Image

from watcher.domain.page import Box

_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


def turn(image: Image.Image, degrees: int) -> Image.Image:
    return image.transpose(_TURNS[degrees]) if degrees else image


def box_before_turn(box: Box, degrees: int, width: int, height: int) -> Box:
    """Where `box`, in pixels of the turned page, was on the page of `width` x `height` before."""
    left, top, right, bottom = box
    if degrees == 90:
        return width - bottom, left, width - top, right
    if degrees == 180:
        return width - right, height - bottom, width - left, height - top
    if degrees == 270:
        return top, height - right, bottom, height - left
    return box
