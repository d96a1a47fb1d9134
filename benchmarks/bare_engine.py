"""An engine in a bare loop on local files, as a process of its own: `python -m benchmarks.bare_engine SCRATCH DPI ENGINE FILES` prints seconds.

As a person would write it: PDFium draws a page, or Pillow opens the image, and the engine reads it. Models are loaded, and one document was read, before
the clock starts; it stands still while a page is written for the engine, which takes files.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pypdfium2
from PIL import Image, ImageOps, ImageSequence

from watcher.engines.port import EngineSpec, PageImage
from watcher.engines.registry import build


def pages(file: Path, dpi: int) -> Iterator[Image.Image]:
    if file.suffix == ".pdf":
        document = pypdfium2.PdfDocument(file)
        document.init_forms()
        for page in document:
            yield page.render(scale=dpi / 72, rev_byteorder=True).to_pil()
        return
    with Image.open(file) as image:
        for frame in ImageSequence.Iterator(image) if file.suffix == ".tif" else [image]:
            upright = ImageOps.exif_transpose(frame)
            yield upright if upright.mode == "L" else upright.convert("L" if upright.mode == "1" else "RGB")


def main() -> None:
    scratch, dpi, engine_name, *files = sys.argv[1:]
    engine = build(EngineSpec(engine_name))
    drawn = Path(scratch) / "page.ppm"
    seconds = 0.0
    for counts, file in ((False, files[0]), *((True, file) for file in files)):
        began = perf_counter()
        for image in pages(Path(file), int(dpi)):
            writing = perf_counter()
            image.save(drawn, "PPM")
            began += perf_counter() - writing
            engine.read([PageImage(drawn, image.width, image.height, float(dpi))])
        seconds += counts * (perf_counter() - began)
    print(seconds)


if __name__ == "__main__":
    main()
