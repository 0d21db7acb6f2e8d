"""A small invented catalogue whose tags follow from its words, with some noise."""

import json
import struct

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.skills.taxonomy import Taxonomy

TOPICS = {
    "Welding": ["torch", "steel", "joint", "seam", "metal"],
    "SQL": ["query", "table", "database", "select", "rows"],
    "Java": ["class", "object", "compile", "threads", "method"],
    "Spanish": ["verbs", "speaking", "grammar", "Madrid", "conversation"],
    "Leadership": ["team", "motivate", "delegate", "feedback", "people"],
    "Baking": ["dough", "oven", "yeast", "bread", "flour"],
    "Statistics": ["variance", "sample", "estimate", "distribution", "test"],
    "Photography": ["lens", "light", "exposure", "portrait", "camera"],
}


def invented_courses(count: int, seed: int = 0) -> pa.Table:
    """Each course is about one topic, sometimes two; half of the titles name it, the texts use its words."""
    rng = np.random.default_rng(seed)
    names = sorted(TOPICS)
    rows = []
    for i in range(count):
        about = [names[j] for j in rng.choice(len(names), 1 + int(rng.random() < 0.4), replace=False)]
        words = [w for name in about for w in rng.choice(TOPICS[name], 3, replace=False)]
        title = f"{about[0]} course {i}" if rng.random() < 0.5 else f"{words[0]} and {words[1]} part {i}"
        rows.append(
            (f"c{seed}-{i:03d}", title, f"Learn about {' '.join(words)} in number {i}.", [a.lower() for a in about])
        )
    ids, titles, texts, tags = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "course_id": pa.array(ids, pa.string()),
            "title": pa.array(titles, pa.string()),
            "description": pa.array(texts, pa.string()),
            "skills": pa.array(tags, pa.list_(pa.string())),
        }
    )


@pytest.fixture
def catalogue():
    return invented_courses


@pytest.fixture
def topics():
    names = sorted(TOPICS)
    return Taxonomy.from_tables({"skills": pa.table({"skill_id": [n.lower() for n in names], "name": names})})


@pytest.fixture
def build():
    """A taxonomy from rows of (id, name, aliases, parents) and labels of (id, language, label)."""

    def make(*rows, labels=(), ambiguous=()):
        skills = {
            "skill_id": [r[0] for r in rows],
            "name": [r[1] for r in rows],
            "aliases": pa.array([list(r[2]) if len(r) > 2 else [] for r in rows], pa.list_(pa.string())),
            "parents": pa.array([list(r[3]) if len(r) > 3 else [] for r in rows], pa.list_(pa.string())),
        }
        names = {"skill_id": [], "language": [], "label": []}
        for row in labels:
            for column, value in zip(names, row, strict=True):
                names[column].append(value)
        tables = {"skills": pa.table(skills)}
        if labels:
            tables["skill_labels"] = pa.table(names)
        return Taxonomy.from_tables(tables, ambiguous=ambiguous)

    return make


@pytest.fixture
def write_safetensors():
    """Writes named arrays as the published format has them."""

    def write(path, arrays):
        kinds = {np.dtype("f4"): "F32", np.dtype("f2"): "F16", np.dtype("i8"): "I64"}
        header, body = {"__metadata__": {"format": "pt"}}, b""
        for name, array in arrays.items():
            end = len(body) + array.nbytes
            header[name] = {"dtype": kinds[array.dtype], "shape": array.shape, "data_offsets": [len(body), end]}
            body += array.tobytes()
        text = json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + body)

    return write


@pytest.fixture
def tiny_encoder(tmp_path, write_safetensors):
    """(folder, weights) of a BERT of 2 layers, 16 dimensions and 4 heads with random weights and ten pieces."""
    rng = np.random.default_rng(7)
    shapes = {
        "embeddings.word_embeddings.weight": (10, 16), "embeddings.position_embeddings.weight": (32, 16),
        "embeddings.token_type_embeddings.weight": (2, 16),
        "embeddings.LayerNorm.weight": (16,), "embeddings.LayerNorm.bias": (16,),
    }  # fmt: skip
    for i in range(2):
        at = f"encoder.layer.{i}"
        dense = [(f"attention.self.{part}", 16, 16) for part in ("query", "key", "value")]
        dense += [("attention.output.dense", 16, 16), ("intermediate.dense", 40, 16), ("output.dense", 16, 40)]
        for name, high, wide in dense:
            shapes |= {f"{at}.{name}.weight": (high, wide), f"{at}.{name}.bias": (high,)}
        for name in ("attention.output", "output"):
            shapes |= {f"{at}.{name}.LayerNorm.weight": (16,), f"{at}.{name}.LayerNorm.bias": (16,)}
    weights = {name: rng.normal(0, 0.8, shape).astype(np.float32) for name, shape in shapes.items()}
    folder = tmp_path / "tiny"
    folder.mkdir()
    write_safetensors(folder / "model.safetensors", weights)
    about = {"num_hidden_layers": 2, "num_attention_heads": 4, "layer_norm_eps": 1e-12}
    (folder / "config.json").write_text(json.dumps(about))
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "java", "sql", "and", "weld", "##ing", "!"]
    (folder / "vocab.txt").write_text("\n".join(pieces))
    return folder, weights
