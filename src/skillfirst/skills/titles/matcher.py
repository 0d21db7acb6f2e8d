"""From what people write to a distribution over titles: aliases, nearest names, a linear model where names abound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from skillfirst.skills.inference.top import offer
from skillfirst.skills.titles.grams import CHARACTERS, WORDS, grams, scaled
from skillfirst.skills.titles.linear import LinearTitles, logits, train
from skillfirst.skills.titles.normal import normal_title, says_nothing, writings
from skillfirst.tables.sparse import Csr


@dataclass(frozen=True, slots=True)
class Titles:
    """How texts are matched; numbers measured on half a hundred thousand alternate titles of 1,016 occupations."""

    buckets: int = 1 << 17  # hashed n-grams
    neighbours: int = 50  # names that vote
    power: float = 4.0  # of the cosine in a vote
    nearest: float = 0.40  # cosine of the nearest name under which nothing is near
    linear_names: int = 2_000  # names from which on the linear model is trained; under it neighbours are as good
    linear_width: int = 64
    linear_epochs: int = 10
    linear_weight: float = 1.0  # of its log-probability, against the neighbours' log-share
    kept: int = 5  # titles a text
    heat: float = 2.5  # the scores are divided by it: two models that agree are not twice as sure (calibration)
    share: float = 0.004  # probability under which a title is left out
    seed: int = 5


@njit(cache=True, nogil=True)
def _match(
    offsets: Any, index: Any, value: Any, post_offsets: Any, post_name: Any, post_value: Any, name_title: Any,
    names: Any, titles: Any, word_offsets: Any, word_index: Any, word_value: Any, embed: Any, out: Any, bias: Any,
    neighbours: Any, power: Any, nearest: Any, linear_weight: Any, heat: Any, score: Any, best: Any,
) -> None:  # fmt: skip
    """Probabilities of the titles near names vote for into `score` (texts x titles), the nearest cosine into `best`."""
    near = np.zeros(names, np.float32)
    touched = np.empty(names, np.int32)
    vote = np.zeros(titles)
    voter = np.empty(neighbours, np.int32)
    cosine = np.empty(neighbours)
    h = np.zeros(embed.shape[1], np.float32)
    z = np.zeros(titles, np.float32)
    for i in range(len(offsets) - 1):
        n = 0
        for e in range(offsets[i], offsets[i + 1]):
            g = index[e]
            for p in range(post_offsets[g], post_offsets[g + 1]):
                name = post_name[p]
                if near[name] == 0:
                    touched[n] = name
                    n += 1
                near[name] += value[e] * post_value[p]
        voters = 0
        for j in range(n):
            voters = offer(voter, cosine, voters, neighbours, touched[j], float(near[touched[j]]))
        vote[:] = 0
        total = 0.0
        for j in range(voters):
            v = cosine[j] ** power
            vote[name_title[voter[j]]] += v
            total += v
        best[i] = cosine[0] if voters else 0.0
        for j in range(n):
            near[touched[j]] = 0
        if best[i] < nearest:
            continue
        mass, high = 1.0, 0.0
        if linear_weight > 0:
            logits(word_offsets, word_index, word_value, embed, out, bias, i, h, z)
            mass, high = 0.0, float(z.max())
            for k in range(titles):
                mass += np.exp(float(z[k]) - high)
        sum_ = 0.0
        for k in range(titles):
            if vote[k] > 0:
                said = np.log(vote[k] / total)
                if linear_weight > 0:
                    said += linear_weight * np.log(np.exp(float(z[k]) - high) / mass + 1e-4)
                score[i, k] = np.exp(said / heat)
                sum_ += score[i, k]
        for k in range(titles):
            score[i, k] /= sum_


class TitleMatcher:
    """Matches free texts to titles; immutable after `fit`.

    Memory: 8 bytes a stored n-gram (O*NET: 20 MB), and 34 MB for the linear model where there is one.

    `arrays` and `from_arrays` save it without objects.
    """

    def __init__(
        self,
        exact: dict[str, list[int]],
        idf: npt.NDArray[np.float32],
        postings: Csr,
        name_title: npt.NDArray[np.int32],
        titles: int,
        linear: LinearTitles | None,
        settings: Titles,
    ) -> None:
        self._exact, self._idf, self._postings = exact, idf, postings
        self._name_title, self.titles, self._linear, self.settings = name_title, titles, linear, settings

    @classmethod
    def fit(
        cls, names: Sequence[str], aliases: Sequence[Sequence[str] | None], settings: Titles | None = None
    ) -> TitleMatcher:
        """From the name of each title (its code is its place) and its aliases, in any language.

        A name may stand for several titles.
        """
        rules = settings or Titles()
        pairs = {
            (form, code)
            for code, (name, others) in enumerate(zip(names, aliases, strict=True))
            for text in (name, *(others or ()))
            for form in writings(text)
        }
        ordered = sorted(pairs)
        exact: dict[str, list[int]] = {}
        for form, code in ordered:
            exact.setdefault(form, []).append(code)
        # a title's own name is that title, whoever else lists it as an alias
        own = {normal_title(name): code for code, name in reversed(list(enumerate(names)))}
        exact |= {form: [code] for form, code in own.items() if form}
        texts = [form for form, _ in ordered]
        label = np.array([code for _, code in ordered], np.int32)
        counted = grams(texts, CHARACTERS, rules.buckets)
        idf = np.zeros(rules.buckets, np.float32)
        document = np.bincount(counted.indices, minlength=rules.buckets)
        idf[:] = np.log((1 + len(texts)) / (1 + document)) + 1
        postings = scaled(counted, idf).transpose()
        linear = None
        if len(ordered) >= rules.linear_names and len(names) > 1:
            rows = scaled(grams(texts, WORDS, rules.buckets))
            linear = train(rows, label, len(names), rules.linear_width, rules.linear_epochs, rules.seed)
        return cls(exact, idf, postings, label, len(names), linear, rules)

    def match(self, texts: Sequence[str]) -> tuple[list[list[int]], list[list[float]]]:
        """For each text the titles it may mean, by falling probability, and the probabilities (sum at most 1).

        A name or alias, spelt as it may be, is its titles in equal parts; otherwise near names vote. Both lists are
        empty where nothing is near. Each distinct text is worked out once.
        """
        distinct = list(dict.fromkeys(texts))
        normal = [normal_title(text) for text in distinct]
        found: dict[str, tuple[list[int], list[float]]] = {}
        unknown: list[tuple[str, str]] = []
        for text, form in zip(distinct, normal, strict=True):
            codes = self._exact.get(form)
            if codes is not None and len(codes) <= self.settings.kept:
                found[text] = (list(codes), [1.0 / len(codes)] * len(codes))
            elif not says_nothing(form):
                unknown.append((text, form))
            else:
                found[text] = ([], [])
        for start in range(0, len(unknown), 1024):
            part = unknown[start : start + 1024]
            found |= zip((t for t, _ in part), self._nearest([form for _, form in part]), strict=True)
        return [list(found[t][0]) for t in texts], [list(found[t][1]) for t in texts]

    def probabilities(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        """(texts x titles: probability by near names, 0 where nothing is near; the nearest cosine of each text)."""
        rules, model = self.settings, self._linear
        rows = scaled(grams(texts, CHARACTERS, rules.buckets), self._idf)
        score, best = np.zeros((len(texts), self.titles)), np.zeros(len(texts), np.float32)
        if model is None:
            none = np.zeros((1, 1), np.float32)
            model, weight, words = LinearTitles(none, none, none[0]), 0.0, rows
        else:
            weight, words = rules.linear_weight, scaled(grams(texts, WORDS, rules.buckets))
        p = self._postings
        _match(
            rows.offsets, rows.indices, rows.values, p.offsets, p.indices, p.values, self._name_title,
            len(self._name_title), self.titles, words.offsets, words.indices, words.values, model.embed, model.out,
            model.bias, int(rules.neighbours), float(rules.power), float(rules.nearest), float(weight),
            float(rules.heat), score, best,
        )  # fmt: skip
        return score, best

    def _nearest(self, texts: list[str]) -> list[tuple[list[int], list[float]]]:
        score, _ = self.probabilities(texts)
        out = []
        for row in score:
            order = np.argsort(-row, kind="stable")[: self.settings.kept]
            codes = [int(k) for k in order if row[k] >= self.settings.share]
            out.append((codes, [float(row[k]) for k in codes]))
        return out

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything as named NumPy arrays without objects; the settings are the caller's to keep."""
        forms = sorted(self._exact)
        lengths = np.array([len(self._exact[f]) for f in forms], np.int32)
        out: dict[str, npt.NDArray[Any]] = {
            "forms": np.array(forms or [""], dtype=np.str_)[: len(forms)],
            "form_lengths": lengths,
            "form_titles": np.array([code for f in forms for code in self._exact[f]], np.int32),
            "idf": self._idf,
            "post_offsets": self._postings.offsets,
            "post_names": self._postings.indices,
            "post_values": np.asarray(self._postings.values),
            "name_title": self._name_title,
            "titles": np.array(self.titles, np.int64),
        }
        if self._linear is not None:
            out |= {"embed": self._linear.embed, "out": self._linear.out, "bias": self._linear.bias}
        return out

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]], settings: Titles | None = None) -> TitleMatcher:
        """The matcher again."""
        ends = np.cumsum(arrays["form_lengths"])
        codes = np.split(arrays["form_titles"], ends[:-1]) if len(ends) else []
        exact = {str(f): [int(c) for c in part] for f, part in zip(arrays["forms"], codes, strict=True)}
        names = len(arrays["name_title"])
        postings = Csr(arrays["post_offsets"], arrays["post_names"], arrays["post_values"], names)
        linear = LinearTitles(arrays["embed"], arrays["out"], arrays["bias"]) if "embed" in arrays else None
        return cls(
            exact, arrays["idf"], postings, arrays["name_title"], int(arrays["titles"]), linear, settings or Titles()
        )
