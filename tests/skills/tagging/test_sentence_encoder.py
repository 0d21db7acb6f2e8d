"""The encoder in NumPy against the slow, obvious one, on a tiny model with random weights."""

import numpy as np
import pytest
from scipy.special import erf, softmax

from skillfirst.errors import DataError, NotFound
from skillfirst.skills.tagging.embeddings import embedder
from skillfirst.skills.tagging.sentence_encoder import BATCH_TOKENS, SentenceEncoder

TEXTS = ["Java and SQL!", "welding", "", "sql sql java unknownword", "and " * 40]


def slow(weights, ids, layers=2, heads=4):
    """One text, token by token and head by head, in float64, straight from the paper."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}

    def norm(x, name):
        mean, spread = x.mean(axis=1, keepdims=True), x.std(axis=1, keepdims=True)
        return (x - mean) / np.sqrt(spread**2 + 1e-12) * w[f"{name}.LayerNorm.weight"] + w[f"{name}.LayerNorm.bias"]

    def dense(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings")
    for i in range(layers):
        at = f"encoder.layer.{i}"
        q, k, v = (dense(x, f"{at}.attention.self.{part}") for part in ("query", "key", "value"))
        size = x.shape[1] // heads
        heard = []
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            heard.append(softmax(q[:, part] @ k[:, part].T / np.sqrt(size), axis=1) @ v[:, part])
        x = norm(x + dense(np.hstack(heard), f"{at}.attention.output.dense"), f"{at}.attention.output")
        wide = dense(x, f"{at}.intermediate.dense")
        wide = wide * (1 + erf(wide / np.sqrt(2))) / 2
        x = norm(x + dense(wide, f"{at}.output.dense"), f"{at}.output")
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


def test_it_computes_what_the_paper_says(tiny_encoder):
    folder, weights = tiny_encoder
    encoder = SentenceEncoder.load(folder)
    rows = encoder(TEXTS)
    assert rows.dtype == np.float32
    expected = [slow(weights, encoder.pieces(text, 32)) for text in TEXTS]
    assert np.allclose(rows, expected, atol=2e-6)


def test_texts_do_not_see_one_another(tiny_encoder):
    encoder = SentenceEncoder.load(tiny_encoder[0])
    many = [TEXTS[i % len(TEXTS)] for i in range(BATCH_TOKENS // 8)]  # several batches
    rows = encoder(many)
    assert np.allclose(rows[: len(TEXTS)], [encoder([text])[0] for text in TEXTS], atol=1e-6)
    assert rows.tobytes() == encoder(many).tobytes()
    assert encoder([]).shape == (0, 16)


def test_a_long_text_is_read_as_far_as_there_are_places(tiny_encoder):
    encoder = SentenceEncoder.load(tiny_encoder[0])
    assert np.array_equal(encoder(["java " * 30]), encoder(["java " * 30_000]))


def test_the_door_takes_a_folder_and_a_package(tiny_encoder, monkeypatch, tmp_path):
    folder, _ = tiny_encoder
    rows = embedder(f"minilm:{folder}")(["java"])
    package = tmp_path / "packages" / "tiny_model_of_words"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('is found, never run')")
    for file in folder.iterdir():
        (package / "model" / file.name).write_bytes(file.read_bytes())
    monkeypatch.syspath_prepend(package.parent)
    assert np.array_equal(embedder("minilm:tiny-model-of-words")(["java"]), rows)


def test_the_same_texts_are_read_once(tiny_encoder):
    encode = embedder(f"minilm:{tiny_encoder[0]}")
    first = encode(["java", "sql"])
    assert encode(["java", "sql"]) is first
    assert not np.array_equal(encode(["sql", "java"]), first)
    assert not first.flags.writeable


def test_what_is_missing_is_named(tiny_encoder):
    folder, _ = tiny_encoder
    (folder / "vocab.txt").unlink()
    with pytest.raises(NotFound, match=r"holds no vocab\.txt"):
        SentenceEncoder.load(folder)
    (folder / "vocab.txt").write_text("[CLS]\n[SEP]\n")
    with pytest.raises(DataError, match=r"lacks \[UNK\]"):
        SentenceEncoder.load(folder)


def test_another_kind_of_model_is_refused(tiny_encoder, write_safetensors):
    folder, weights = tiny_encoder
    del weights["encoder.layer.1.output.dense.bias"]
    write_safetensors(folder / "model.safetensors", weights)
    with pytest.raises(DataError, match=r"is no BERT: 'encoder\.layer\.1\.output\.dense\.bias' is missing"):
        SentenceEncoder.load(folder)
