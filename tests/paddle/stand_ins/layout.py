"""A stand-in for PP-DocLayoutV2 and V3 that PaddleX's own loader accepts: `python layout.py FOLDER NAME BOXES` with BOXES as JSON.

It answers the same boxes for every page. Signature of the real models, as PaddleX calls them (float32, in this order): `im_shape`
[pages, 2], height and width of the resized page; `image` [pages, 3, 800, 800]; `scale_factor` [pages, 2]. Answers: [boxes, 7] of class,
score, left, top, right, bottom (pixels of the page) and reading order; how many boxes each page has; of V3, a mask for each box. V2 has an
eighth column, by which boxes of the same place in the order are sorted: PaddleX 3.3 passes over the order of any that lacks it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

LABELS = (
    "abstract", "algorithm", "aside_text", "chart", "content", "display_formula", "doc_title", "figure_title", "footer", "footer_image",
    "footnote", "formula_number", "header", "header_image", "image", "inline_formula", "number", "paragraph_title", "reference",
    "reference_content", "seal", "table", "text", "vertical_text", "vision_footnote",
)  # fmt: skip
"""By class, as in the configuration of the real models."""

_SIDE = 800
_MASK_SIDE = 200


def build(folder: Path, name: str, boxes: list[tuple[str, float, float, float, float]]) -> None:
    """`boxes`: label, then left, top, right and bottom as shares of the page, in reading order. None: the model finds nothing."""
    import paddle
    from paddle.static import InputSpec

    rows = [[LABELS.index(label), 0.9, *sides, order] for order, (label, *sides) in enumerate(boxes, start=1)]
    rows = rows or [[0, 0.0, 0, 0, 1, 1, 0]]  # a score that every threshold leaves out

    class FixedBoxes(paddle.nn.Layer):
        def __init__(self) -> None:
            super().__init__()
            table = paddle.to_tensor(rows, dtype="float32")
            self.table = self.create_parameter(table.shape, default_initializer=paddle.nn.initializer.Assign(table))

        def forward(self, im_shape, image, scale_factor):  # type: ignore[no-untyped-def]
            page = im_shape / scale_factor
            sides = paddle.concat([page.flip(axis=[1]), page.flip(axis=[1])], axis=1).unsqueeze(1)
            nothing = image.sum(axis=[1, 2, 3]).reshape([-1, 1, 1]) * 0  # unused inputs are pruned, and the loader wants all
            found = paddle.concat([self.table[:, 0:2] + nothing, self.table[:, 2:6] * sides, self.table[:, 6:7] + nothing], axis=2).reshape(
                [-1, 7]
            )
            count = (nothing.reshape([-1]) + len(rows)).astype("int32")
            if not name.endswith("V3"):
                return paddle.concat([found, found[:, 6:7]], axis=1), count
            inside = (found[:, 0:1].reshape([-1, 1, 1]) * 0 + 1).astype("int32")
            return found, count, inside.tile([1, _MASK_SIDE, _MASK_SIDE])

    folder.mkdir(parents=True)
    shapes = [([None, 2], "im_shape"), ([None, 3, _SIDE, _SIDE], "image"), ([None, 2], "scale_factor")]
    layer = FixedBoxes()
    layer.eval()
    traced = paddle.jit.to_static(layer, input_spec=[InputSpec(shape, "float32", label) for shape, label in shapes], full_graph=True)
    paddle.jit.save(traced, str(folder / "inference"))
    configuration = {
        "Global": {"model_name": name},
        "mode": "paddle",
        "draw_threshold": 0.5,
        "metric": "COCO",
        "use_dynamic_shape": False,
        "arch": "DETR",
        "min_subgraph_size": 3,
        "Preprocess": [
            {"type": "Resize", "target_size": [_SIDE, _SIDE], "keep_ratio": False, "interp": 2},
            {"type": "NormalizeImage", "mean": [0.0] * 3, "std": [1.0] * 3, "norm_type": "none"},
            {"type": "Permute"},
        ],
        "label_list": list(LABELS),
    }
    (folder / "inference.yml").write_text(json.dumps(configuration), encoding="utf-8")  # JSON is YAML


if __name__ == "__main__":
    build(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))
