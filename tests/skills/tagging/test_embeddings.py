"""Optional vectors: a local file of words, or a clear word about what is missing."""

import numpy as np
import pytest

from skillfirst.errors import NotFound, UsageError
from skillfirst.skills.tagging.embeddings import OnnxEncoder, embedder


def test_static_words(tmp_path):
    np.savez(tmp_path / "v.npz", words=np.array(["java", "sql"]), vectors=np.array([[3.0, 0.0], [0.0, 4.0]]))
    rows = embedder(f"static:{tmp_path / 'v.npz'}")(["Java!", "unknown", "java sql"])
    assert np.allclose(rows, [[1, 0], [0, 0], [0.6, 0.8]])
    assert rows.dtype == np.float32


def test_none_and_mistakes(tmp_path):
    assert embedder("none") is None
    with pytest.raises(UsageError, match="no embeddings called"):
        embedder("word2vec")
    with pytest.raises(NotFound, match="no word vectors"):
        embedder("static:nowhere.npz")
    with pytest.raises(NotFound, match="neither a folder"):
        embedder("minilm:no_such_package_here")
    with pytest.raises(NotFound, match=r"holds neither model\.safetensors nor model\.onnx"):
        embedder(f"minilm:{tmp_path}")


def test_the_encoder_averages_over_its_tokens_in_the_order_given():
    class Encoded:
        def __init__(self, text):
            self.ids = [len(text), 1, 0]
            self.attention_mask = [1, 1, 0]
            self.type_ids = [0, 0, 0]

    class Tokenizer:
        def encode_batch(self, texts):
            return [Encoded(t) for t in texts]

    class Node:
        name = "input_ids"

    class Session:
        def get_inputs(self):
            return [Node()]

        def run(self, _, feed):
            ids = feed["input_ids"].astype(np.float32)
            return [np.stack([ids, np.ones_like(ids)], axis=2)]

    rows = OnnxEncoder(Session(), Tokenizer())(["aaaaa", "a"])
    assert np.allclose(rows, [[3 / np.sqrt(10), 1 / np.sqrt(10)], [np.sqrt(0.5), np.sqrt(0.5)]])
