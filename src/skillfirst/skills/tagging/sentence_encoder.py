"""A small BERT read forward in NumPy: texts to the mean of their last hidden layer, unit length.

Architecture: J. Devlin et al. (2018), post-norm, GELU; pooling as in N. Reimers, I. Gurevych (2019). No torch, no
runtime library: the dense layers are matrix products over the tokens of a batch laid end to end, without padding.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numba import njit
from numpy import float32 as F

from skillfirst.errors import DataError, NotFound
from skillfirst.skills.tagging.safetensors import read_weights
from skillfirst.skills.tagging.wordpiece import WordPieces

MAX_TOKENS = 256  # of each text, as the encoder was trained
BATCH_TOKENS = 4_096  # tokens a batch: 60 MB of activations at 384 dimensions

Vectors = npt.NDArray[np.float32]
Layer = dict[str, Vectors]


@dataclass(frozen=True)
class SentenceEncoder:
    """`layers`: weights as inputs x outputs and biases; query, key and value as one matrix."""

    pieces: WordPieces
    words: Vectors
    places: Vectors
    norm: tuple[Vectors, Vectors]
    layers: list[Layer]
    heads: int
    epsilon: float

    @classmethod
    def load(cls, folder: Path) -> SentenceEncoder:
        """From a folder with config.json, model.safetensors and vocab.txt. Raises NotFound or DataError."""
        for name in ("config.json", "model.safetensors", "vocab.txt"):
            if not (folder / name).is_file():
                raise NotFound(f"{folder} holds no {name}")
        about = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = {name.removeprefix("bert."): w for name, w in read_weights(folder / "model.safetensors").items()}
        pieces = WordPieces.load(folder / "vocab.txt")
        try:
            return cls.of(weights, pieces, int(about["num_hidden_layers"]), int(about["num_attention_heads"]),
                          float(about.get("layer_norm_eps", 1e-12)))  # fmt: skip
        except KeyError as error:
            raise DataError(f"{folder} is no BERT: {error} is missing", table="embeddings") from None

    @classmethod
    def of(
        cls, weights: dict[str, Vectors], pieces: WordPieces, layers: int, heads: int, epsilon: float = 1e-12
    ) -> SentenceEncoder:
        """`weights` by the names of the published checkpoints. Raises KeyError where one is missing."""

        def norm(name: str) -> tuple[Vectors, Vectors]:
            return weights[f"{name}.LayerNorm.weight"], weights[f"{name}.LayerNorm.bias"]

        def layer(at: str) -> Layer:
            own = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
            dense = {"out": "attention.output.dense", "up": "intermediate.dense", "down": "output.dense"}
            found = {
                "qkv": np.concatenate([weights[f"{name}.weight"] for name in own]).T,
                "qkv_bias": np.concatenate([weights[f"{name}.bias"] for name in own]),
            }
            for short, name in dense.items():
                found[short], found[f"{short}_bias"] = weights[f"{at}.{name}.weight"].T, weights[f"{at}.{name}.bias"]
            for short, name in (("norm", "attention.output"), ("last", "output")):
                found[short], found[f"{short}_bias"] = norm(f"{at}.{name}")
            return {name: np.ascontiguousarray(w) for name, w in found.items()}

        words, places, segments = (
            weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        stack = [layer(f"encoder.layer.{i}") for i in range(layers)]
        # every text is one segment, so the vector of segment 0 is part of every place
        return cls(pieces, words, places + segments[0], norm("embeddings"), stack, heads, epsilon)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Texts x dimensions, float32, rows of length 1."""
        longest = min(MAX_TOKENS, len(self.places))
        cut = [self.pieces(text, longest) for text in texts]
        out = np.zeros((len(texts), self.words.shape[1]), np.float32)
        order = sorted(range(len(texts)), key=lambda i: (len(cut[i]), i))
        batch: list[int] = []
        tokens = 0
        for i in order:
            if batch and tokens + len(cut[i]) > BATCH_TOKENS:
                out[batch] = self._pooled([cut[j] for j in batch])
                batch, tokens = [], 0
            batch.append(i)
            tokens += len(cut[i])
        if batch:
            out[batch] = self._pooled([cut[j] for j in batch])
        return out

    def _pooled(self, texts: list[list[int]]) -> Vectors:
        ends = np.cumsum([0, *map(len, texts)])
        place = np.concatenate([np.arange(len(text)) for text in texts])
        hidden = self._normal(self.words[np.concatenate(texts)] + self.places[place], *self.norm)
        for layer in self.layers:
            seen = self._attention(_dense(hidden, layer, "qkv"), ends)
            hidden = self._normal(hidden + _dense(seen, layer, "out"), layer["norm"], layer["norm_bias"])
            wide = _dense(hidden, layer, "up")
            _gelu(wide.reshape(-1))
            hidden = self._normal(hidden + _dense(wide, layer, "down"), layer["last"], layer["last_bias"])
        mean = np.add.reduceat(hidden, ends[:-1]) / np.diff(ends)[:, None].astype(np.float32)
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        return np.asarray(mean / np.where(length > 0, length, 1), np.float32)

    def _attention(self, qkv: Vectors, ends: npt.NDArray[np.int64]) -> Vectors:
        """Each token looks at the tokens of its own text. qkv: tokens x (3 dimensions)."""
        tokens, width = len(qkv), qkv.shape[1] // 3
        size = width // self.heads
        parts = qkv.reshape(tokens, 3, self.heads, size).transpose(1, 2, 0, 3)
        scale = np.float32(1 / np.sqrt(size))
        out = np.empty((tokens, self.heads, size), np.float32)
        for start, end in pairwise(ends.tolist()):
            query, key, value = parts[:, :, start:end]
            look = (query * scale) @ key.transpose(0, 2, 1)
            look -= look.max(axis=2, keepdims=True)
            np.exp(look, out=look)
            out[start:end] = ((look @ value) / look.sum(axis=2, keepdims=True)).transpose(1, 0, 2)
        return out.reshape(tokens, width)

    def _normal(self, rows: Vectors, weight: Vectors, bias: Vectors) -> Vectors:
        rows = rows - rows.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", rows, rows)[:, None] / np.float32(rows.shape[1])
        rows /= np.sqrt(variance + np.float32(self.epsilon))
        rows *= weight
        rows += bias
        return rows


def _dense(rows: Vectors, layer: Layer, name: str) -> Vectors:
    out = rows @ layer[name]
    out += layer[f"{name}_bias"]
    return out


@njit(cache=True, nogil=True, error_model="numpy")  # a checked division would keep vector instructions out
def _gelu(x: Vectors) -> None:
    """x (1 + erf(x / sqrt 2)) / 2 in place, x flat; erf as the ratio of polynomials of Eigen: off by 1e-6."""
    one, half, edge, root = F(1), F(0.5), F(4), F(0.70710678)
    a13, a11, a9, a7 = F(-2.72614226e-10), F(2.77068142e-08), F(-2.10102402e-06), F(-5.69250639e-05)
    a5, a3, a1 = F(-7.34990631e-04), F(-2.95459981e-03), F(-1.60960333e-02)
    b8, b6, b4 = F(-1.45660719e-05), F(-2.13374055e-04), F(-1.68282697e-03)
    b2, b0 = F(-7.37332917e-03), F(-1.42647391e-02)
    for i in range(len(x)):
        z = min(max(x[i] * root, -edge), edge)
        s = z * z
        above = (((((a13 * s + a11) * s + a9) * s + a7) * s + a5) * s + a3) * s + a1
        below = (((b8 * s + b6) * s + b4) * s + b2) * s + b0
        x[i] = half * x[i] * (one + z * above / below)
