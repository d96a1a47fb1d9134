"""A stand-in for PaddleOCR-VL's language model: its real architecture with few, random weights. `python language.py FOLDER NAME`.

The native loader accepts it, and it answers the same nonsense for the same picture. It hardly ever ends an answer by itself, so
`max_new_tokens` is to be small. What the loader needs: `num_key_value_heads` and `rope_scaling.mrope_section` in the configuration, and
the tokenizer's number of the image token in `image_token_id`.
"""

from __future__ import annotations

import json
import random
import shutil
import string
import sys
from pathlib import Path

PLACES = ("<|begin_of_sentence|>", "<|IMAGE_PLACEHOLDER|>", "<|IMAGE_START|>", "<|IMAGE_END|>", "<|video_pad|>")
"""The tokens that the prompt of the real model has around the picture."""

_BOS, _EOS, _PAD = 1, 2, 3


def build(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    tokens = _tokenizer(folder)
    _write(folder / "inference.yml", {"Global": {"model_name": name}})  # JSON is YAML
    _write(folder / "generation_config.json", {"bos_token_id": _BOS, "eos_token_id": _EOS, "pad_token_id": _PAD, "do_sample": False})
    _write(folder / "tokenizer_config.json", _tokenizer_configuration())
    _write(folder / "preprocessor_config.json", _pictures())
    _model(folder, _configuration(tokens))


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def _tokenizer(folder: Path) -> dict[str, int]:
    """Trains a small one, and returns the numbers of the special tokens and, under "", how many there are."""
    import paddlex
    import sentencepiece

    dice = random.Random(4)
    prompts = ["User:", "Assistant:", "OCR:", "Table Recognition:", "Formula Recognition:", "Chart Recognition:"]
    lines = [" ".join([dice.choice(prompts), *("".join(dice.choices(string.printable[:94], k=3)) for _ in range(9))]) for _ in range(2000)]
    text = folder / "training.txt"
    text.write_text("\n".join(lines), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "tokenizer"), model_type="bpe", vocab_size=500, hard_vocab_limit=False, byte_fallback=True,
        character_coverage=1.0, unk_id=0, bos_id=_BOS, eos_id=_EOS, pad_id=_PAD, user_defined_symbols=list(PLACES), add_dummy_prefix=False,
        remove_extra_whitespaces=False, normalization_rule_name="identity", minloglevel=2,
    )  # fmt: skip
    text.unlink()
    (folder / "tokenizer.vocab").unlink()
    templates = Path(paddlex.__file__).parent / "inference" / "genai" / "chat_templates"
    shutil.copyfile(sorted(templates.glob("PaddleOCR-VL*"))[0], folder / "chat_template.jinja")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    return {"": pieces.get_piece_size(), **{place: pieces.piece_to_id(place) for place in PLACES}}


def _tokenizer_configuration() -> dict[str, object]:
    return {
        "tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>",
        "cls_token": PLACES[0], "additional_special_tokens": list(PLACES[1:4]), "add_bos_token": False, "add_eos_token": False,
        "clean_up_tokenization_spaces": False, "model_max_length": 131072,
    }  # fmt: skip


def _pictures() -> dict[str, object]:
    return {
        "image_processor_type": "SiglipImageProcessor", "do_convert_rgb": True, "do_resize": True, "resample": 3, "do_rescale": True,
        "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "patch_size": 14, "merge_size": 2,
        "temporal_patch_size": 1, "min_pixels": 147384, "max_pixels": 2822400,
    }  # fmt: skip


def _configuration(tokens: dict[str, int]) -> dict[str, object]:
    sight = {
        "model_type": "paddleocr_vl", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2,
        "num_channels": 3, "image_size": 56, "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2, "tokens_per_second": 2,
        "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-6, "attention_dropout": 0.0,
    }  # fmt: skip
    return {
        "architectures": ["PaddleOCRVLForConditionalGeneration"], "model_type": "paddleocr_vl", "torch_dtype": "float32",
        "vocab_size": tokens[""], "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 16, "hidden_act": "silu", "use_bias": False, "rms_norm_eps": 1e-5, "rope_theta": 500000,
        "rope_scaling": {"type": "default", "rope_type": "default", "mrope_section": [2, 3, 3]}, "max_position_embeddings": 131072,
        "tie_word_embeddings": False, "weight_share_add_bias": True, "use_cache": False, "bos_token_id": _BOS, "eos_token_id": _EOS,
        "pad_token_id": _PAD, "image_token_id": tokens[PLACES[1]], "vision_start_token_id": tokens[PLACES[2]],
        "video_token_id": tokens[PLACES[4]], "vision_config": sight,
    }  # fmt: skip


def _model(folder: Path, configuration: dict[str, object]) -> None:
    import numpy
    import paddle
    from paddlex.inference.models.doc_vlm.modeling import PaddleOCRVLForConditionalGeneration
    from paddlex.inference.models.doc_vlm.modeling.paddleocr_vl._config import PaddleOCRVLConfig
    from safetensors.numpy import save_file

    _write(folder / "config.json", configuration)
    paddle.seed(4)
    model = PaddleOCRVLForConditionalGeneration(PaddleOCRVLConfig(**configuration))
    turned = set(model.get_transpose_weight_keys())  # PyTorch's layout, which the loader turns back
    weights = {name: weight.astype("float32").numpy() for name, weight in model.get_hf_state_dict().items()}
    ordered = {name: numpy.ascontiguousarray(weight.T if name in turned else weight) for name, weight in weights.items()}
    save_file(ordered, str(folder / "model.safetensors"), metadata={"format": "pt"})


if __name__ == "__main__":
    build(Path(sys.argv[1]), sys.argv[2])
