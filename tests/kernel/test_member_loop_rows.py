"""Feed and page of the compiled loop against the rules in plain Python: fatigue, series, levels, languages, reasons."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from skillfirst.feedback.discount import discount
from skillfirst.feedback.impressions import exposures
from skillfirst.kernel.catalogue import UNDATED
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend
from skillfirst.ranking.response_counts import CELLS, ResponseCounts

DAY = dt.date(2026, 6, 1)


class Plain:
    """One member's lists by the rules of the design, with dictionaries and sorted()."""

    def __init__(self, model, policy, batch, i):
        self.model, self.policy, self.cat = model, policy, model.catalogue
        self.m = batch.slice(i, 1).to_pylist()[0]
        self.respond()
        self.now = int(self.m["now"].timestamp())
        self.day = (self.now - 1) // 86_400
        self.seen = exposures(batch.slice(i, 1), None, policy.discount)
        self.exposure = self.seen.row(0) if policy.fatigue == "discount" else {}
        self.states = self.course_states()
        self.weigh()
        self.eligible = self.open_courses()
        self.fill_buckets()

    def respond(self):
        """Factor of every course, and its class for this member: 1 and 0 where nothing was learned."""
        learned = self.model.response if self.policy.response == "learned" else None
        self.foreign = learned.foreign if learned else 1.0
        self.factor, self.stage = defaultdict(lambda: np.float32(1.0)), defaultdict(int)
        for c in range(len(self.cat.cards)) if learned else ():
            fits = learned.course[c]
            self.factor[c] = np.float32(min(max(fits, 0.25), 4.0))
            if self.cat.level[c] and self.m["level"]:
                fits *= learned.gap[abs(int(self.cat.level[c]) - self.m["level"])]
            self.stage[c] = -round(math.log(np.float32(min(max(fits, 0.25), 4.0))) / 0.25)

    def course_states(self):
        """course -> (state words, newest time)."""
        done = defaultdict(dict)
        entries = (self.m[name] for name in ("course", "course_kind", "course_time", "course_seconds"))
        for c, kind, time, seconds in zip(*entries, strict=True):
            done[c][kind] = (time, seconds)
        out, rule = {}, self.policy.watching
        for c, kinds in done.items():
            state, length = set(), self.cat.minutes[c] * 60
            seconds = kinds.get(2, (0, 0))[1]
            if 4 in kinds:
                state |= {"completed", "rests", "watched", "mostly"}
            if 3 in kinds or self.put_off(kinds):
                state.add("rests")
            if seconds >= rule.seconds or (length > 0 and seconds >= rule.share * length):
                state.add("watched")
                if seconds >= (rule.mostly * length if length > 0 else rule.mostly_seconds):
                    state.add("mostly")
                if "completed" not in state:
                    state |= {"in progress", "rests"}
            out[c] = (state, max(time for time, _ in kinds.values()))
        return out

    def put_off(self, kinds):
        since = kinds.get(6, (-1, 0))[0]
        return since > kinds.get(7, (-1, 0))[0] and self.now - since < self.policy.discount.dismiss_rest_days * 86_400

    def weigh(self):
        m, idf = self.m, self.model.idf
        inferred, predicted = (
            {s: (m[f"{x}_weight"][at], m[f"{x}_source"][at]) for at, s in enumerate(m[f"{x}_skill"])}
            for x in ("inferred", "predicted")
        )
        title, target = (m["title"] or [-1])[0], (m["target_title"] or [-1])[0]
        self.weight, self.context = {}, {}
        for s in sorted({*m["skill"], *inferred, *m["wanted"], *predicted} - set(m["refused"])):
            explicit, stated = s in m["skill"], s in m["wanted"]
            floored = stated or (self.policy.rare_explicit if explicit else self.policy.rare_inferred) == "floor"
            rarity = float((idf.floored if floored else idf.considered)[s])
            share, source = inferred.get(s, (0.0, 0))
            held = self.policy.held * (1.0 if explicit else share) * rarity
            want = self.policy.wanted * (1.0 if stated else predicted.get(s, (0.0, 0))[0])
            if held + want <= 0:
                continue
            self.weight[s] = held + want
            on_it = {c: x for c, x in self.states.items() if "watched" in x[0] and s in self.teaches(c)}
            taught = [(t, -c) for c, (_, t) in on_it.items()]
            exercised = any("mostly" in state for state, _ in on_it.values())
            known = held > 0 and (explicit or source & 32 or (source & 8 and title >= 0))
            aimed = s in predicted and predicted[s][1] & 128 and target >= 0
            if want > held and (stated or aimed or not known):
                kind, what = ("goal", target) if aimed and not stated else (("wanted" if stated else "predicted"), s)
            elif explicit:
                kind, what = ("stay_sharp" if exercised else "skill"), s
            elif source & 32:
                kind, what = ("watched", -max(taught)[1]) if taught else ("activity", s)
            else:
                kind, what = ("title", title) if source & 8 and title >= 0 else ("inferred", s)
            self.context[s] = (kind, what)

    def teaches(self, c):
        row = self.cat.course_skills
        return dict(zip(row.row(c).tolist(), (row.row_values(c) * self.factor[c]).tolist(), strict=True))

    def open_courses(self):
        cat, level = self.cat, self.m["level"]
        spoken = {t.split("-")[0].lower() for t in self.m["languages"]}
        offered = [
            c for c in range(len(cat.cards))
            if not cat.retired[c] and (cat.created[c] <= self.day or cat.created[c] == UNDATED)
        ]  # fmt: skip
        fill = self.policy.fill
        least = min(fill, max(fill * self.foreign, self.policy.page.row_length)) if self.foreign != 1 else fill
        if sum(cat.languages[int(cat.language[c])] in spoken for c in offered) < least:
            spoken.add(self.policy.language)
        open_ = [c for c in offered if cat.languages[int(cat.language[c])] in spoken]
        series = defaultdict(list)
        for c in range(len(cat.cards)):
            series[int(self.model.arrays["group"][c])].append(c)
        resting = {c for c, (state, _) in self.states.items() if "rests" in state}
        out = set(open_) - resting
        for g, own in series.items():
            if g < 0:
                continue
            away = set(resting)
            if resting & set(own):  # an older version of something completed is no news
                done = [c for c in own if "completed" in self.states.get(c, ((), 0))[0]]
                away |= {o for c in done for o in own if o > c and cat.level[o] == cat.level[c]}
            at_hand = [c for c in own if c in open_ and c not in away]
            out -= set(own)
            at_level = [c for c in at_hand if cat.level[c] == level]
            out |= set((at_level or at_hand)[:1])
        return out

    def fill_buckets(self):
        cat, seen = self.cat, self.seen
        place = {int(c): at for at, c in enumerate(seen.courses)}
        sets = defaultdict(list)
        self.affinity = {}
        for c in sorted(self.eligible):
            taught = self.teaches(c)
            matched = tuple(s for s in sorted(taught) if s in self.weight)
            if matched:
                self.affinity[c] = 0.0
                for s in matched:
                    self.affinity[c] += self.weight[s] * taught[s]
                sets[matched].append(c)
        self.score = {}
        for own in sets.values():
            load = 0.0
            for c in own:
                load += self.exposure.get(c, 0.0)
            share, activity = self.policy.discount.spill_over, float(seen.activity[0])
            for c in own:
                n = self.exposure.get(c, 0.0)
                if n > 0:
                    at = place[c]
                    args = (n + share * (load - n), seen.last_seen[at], seen.position[at], activity)
                else:
                    args = (share * load, 0.0, 1.0, activity)
                self.score[c] = self.affinity[c] * (float(discount(*args, self.policy.discount)) if load > 0 else 1.0)
            own.sort(key=lambda c: (math.floor(self.exposure.get(c, 0.0)), -cat.created[c], -self.affinity[c], c))
        self.buckets = sorted(sets.items(), key=lambda x: (-max(self.score[c] for c in x[1]), -len(x[0]), x[0]))
        drawn = [(turn, place, c) for place, (_, own) in enumerate(self.buckets) for turn, c in enumerate(own)]
        self.feed_order = [c for _, _, c in sorted(drawn)]
        self.place = {c: place for _, place, c in drawn}

    def reason(self, c):
        taught = self.teaches(c)
        return min((s for s in taught if s in self.weight), key=lambda s: (-self.weight[s] * taught[s], s))

    def shelf(self, name, code):
        a = self.model.arrays
        row = int(a[name][code])
        own = a["shelf_course"][a["shelf_offsets"][row] : a["shelf_offsets"][row + 1]].tolist() if row >= 0 else []
        return sorted(own, key=lambda c: self.stage[c]) if name.startswith("popular") else own

    def chains(self):
        """(fallback, trending) shelves as (context, evidence, courses)."""
        title = (self.m["title"] or [-1])[0]
        industry = self.cat.industries.code(self.m["industry"]) if self.m["industry"] else -1
        family = int(self.model.taxonomy.title_family[title]) if title >= 0 else -1
        cohorts = (("trending_title", title), ("trending_family", family), ("trending_industry", industry))
        trend = [(x, what, self.shelf(x, what)) for x, what in cohorts]
        trend.append(("trending", -1, self.shelf("trending_all", 0)))
        spoken = dict.fromkeys(t.split("-")[0].lower() for t in self.m["languages"])
        tongues = [self.cat.languages.code(t) for t in dict.fromkeys((*spoken, self.policy.language))]
        tongues = [t for t in tongues if t >= 0][:3]
        several = len(tongues) > 1
        popular = [("popular", t if several else -1, self.shelf("popular_language", t)) for t in tongues]
        own = [(x, what, self.shelf(x, what)) for x, what in (("popular_title", title), ("popular_industry", industry))]
        fields = [int(f) for f in self.model.arrays["top_categories"][:6]]
        by_field = [("popular_category", f, self.shelf("popular_category", f)) for f in fields]
        return own + trend + popular + by_field, trend

    def feed(self):
        out = [(c, *self.context[self.reason(c)]) for c in self.feed_order[: self.policy.list_length]]
        if self.policy.fallback == "on":
            least = min(self.policy.fill, self.policy.list_length)
            for context, what, courses in self.chains()[0]:
                for c in courses:
                    if len(out) < least and c in self.eligible and c not in {x[0] for x in out}:
                        out.append((c, context, what))
        return [[(c, context, what)] for c, context, what in out]

    def home(self):
        page = self.policy.page
        rows, used = [], set()
        rank = {c: i for i, c in enumerate(self.feed_order)}

        def keep(courses, context, what, least=page.row_least):
            row = courses[: page.row_length]
            if len(row) >= max(least, 1) and len(rows) < page.rows:
                used.update(row)
                rows.append([(c, context, c if context == "continue" else what) for c in row])
                return True
            return False

        def free(courses):
            return [c for c in courses if c in self.eligible and c not in used]

        going = [(-t, c) for c, (state, t) in self.states.items() if "in progress" in state]
        keep([c for _, c in sorted(going)], "continue", -1, 1)
        watched = sorted((-t, c) for c, (state, t) in self.states.items() if "watched" in state)
        a = self.model.arrays
        for _, c in watched[: page.watched]:
            like = free(a["similar"][a["similar_offsets"][c] : a["similar_offsets"][c + 1]].tolist())
            keep(sorted(like, key=lambda x: rank.get(x, 1 << 60)), "watched", c)  # those without a match as listed

        def of_skills(skills):
            return [c for c in free(self.feed_order) if skills & set(self.buckets[self.place[c]][0])]

        def one_each(kinds, limit):
            made = 0
            for s in sorted(self.weight, key=lambda s: (-self.weight[s], s)):
                if self.context[s][0] in kinds and made < limit:
                    made += keep(of_skills({s}), self.context[s][0], s)

        def together(kind):
            skills = {s for s, (x, _) in self.context.items() if x == kind}
            if skills:
                on_page = [c for row in rows for c, _, _ in row if c in self.place]
                above = sum(bool(skills & set(self.buckets[self.place[c]][0])) for c in on_page)
                least = max(page.row_least - above, min(page.row_least, 2))
                keep(of_skills(skills), kind, self.context[min(skills)][1], least)

        one_each(("wanted",), page.wanted)
        together("goal")
        one_each(("skill", "stay_sharp"), page.skill)
        together("title")
        one_each(("predicted",), page.predicted)
        one_each(("inferred", "activity"), page.inferred)
        fallback, trend = self.chains()
        any(keep(free(courses), context, what) for context, what, courses in trend)
        self.new_row(rows, keep, free)
        for context, what, courses in fallback if self.policy.fallback == "on" else ():
            few = sum(map(len, rows)) < self.policy.fill or len(rows) < page.rows_least
            if context.startswith("popular") and few:
                keep(free(courses), context, what, page.row_least if rows else 1)
        return rows

    def new_row(self, rows, keep, free):
        about = [int(self.cat.category[c]) for row in rows for c, _, _ in row if c in self.place]
        about = [x for x in about if x >= 0]
        best = min(about, key=lambda x: (-about.count(x), x)) if about else -1
        oldest = self.now // 86_400 - self.policy.page.new_days
        fresh = [c for c in range(len(self.cat.cards)) if self.cat.created[c] >= oldest]
        keep([c for c in free(fresh) if best < 0 or self.cat.category[c] == best], "new", best)

    def written(self, channel):
        """The lists of a RECOMMENDATIONS row."""
        vocabulary = {
            "course": self.model.courses, "skill": self.model.taxonomy.skills, "title": self.model.taxonomy.titles,
            "family": self.model.taxonomy.families, "industry": self.cat.industries, "category": self.cat.categories,
            "language": self.cat.languages,
        }  # fmt: skip
        names = dict.fromkeys(("wanted", "predicted", "stay_sharp", "skill", "activity", "inferred"), "skill")
        names |= {"continue": "course", "watched": "course", "trending_family": "family", "popular": "language"}
        names |= dict.fromkeys(("new", "popular_category"), "category")
        names |= dict.fromkeys(("goal", "title", "popular_title", "trending_title"), "title")
        names |= dict.fromkeys(("trending_industry", "popular_industry"), "industry")
        number, out = {}, []
        for rank, row in enumerate(self.home() if channel == "home" else self.feed(), 1):
            for position, (c, context, what) in enumerate(row, 1):
                bucket = None if c not in self.place else number.setdefault(self.place[c], len(number) + 1)
                evidence = vocabulary[names[context]][what] if context in names and what >= 0 else None
                home = channel == "home"
                out.append(
                    (self.model.courses[c], self.affinity.get(c, 0.0), self.score.get(c, 0.0), bucket,
                     rank if home else 0, position if home else rank, context, evidence)
                )  # fmt: skip
        return out


LISTS = ("course_id", "affinity", "score", "bucket", "carousel_rank", "position", "context", "context_evidence")
POLICIES = {
    "defaults": {},
    "nothing but affinity": {"fatigue": "none", "collapse": "none", "fallback": "none"},
    "all, tired": {
        "list_length": 3000, "fill": 60, "discount.form": "linear", "discount.floor": 0.01, "discount.spill_over": 0.6,
        "discount.dismiss_rest_days": 20,
    },
    "small page": {
        "collapse": "series", "list_length": 20, "page.row_length": 5, "page.rows": 9, "page.row_least": 1,
        "page.watched": 5, "discount.form": "aggregate", "discount.impressions.form": "quadratic",
        "discount.impressions.weight": 0.5, "discount.impressions.scale": 3.0,
    },
    "tiny page": {"page.rows": 2, "page.row_least": 2, "list_length": 1},
    "rare skills count": {"rare_explicit": "floor", "floor": 9},
    "trends": {
        "trending.least_learners": 1, "trending.least_cohort": 1, "trending.least_ratio": 0.01, "rare_inferred": "drop",
    },
}  # fmt: skip


# seed, members, courses, skills, most skills a member, tail of the skew
WORLDS = [
    (1, 25, 300, 60, 30, 3), (2, 8, 700, 300, 120, 30), (3, 40, 90, 20, 15, 3), (4, 10, 1, 4, 5, 3),
    (5, 4, 1000, 400, 500, 30), (6, 70, 12, 30, 6, 3),
]  # fmt: skip


@pytest.fixture
def fitted(academy, busy_world):
    """(world, settings) -> (Model, Policy, documents)."""

    def fit(world, settings, days=60, cards=None):
        catalogue, batch = busy_world(*world[:5], days, tail=world[5])
        policy = Policy(floor=2, inference=academy.silent).with_settings(settings)
        today = (DAY - dt.date(1970, 1, 1)).days
        counted = count(batch, catalogue, policy)
        if cards:
            counted = replace(counted, responses=responded(len(catalogue.cards), cards))
        return finish([counted], catalogue, policy, today), policy, batch

    return fit


def responded(courses, cards):
    """A log in which courses differ much, and levels and languages too."""
    rng = np.random.default_rng(courses)
    keys = rng.integers(0, courses * CELLS, cards)
    gap, foreign = keys % CELLS // 24 % 4, keys % CELLS // 96
    likes = 0.3 * np.exp(rng.normal(0, 0.7, courses))[keys // CELLS] * np.array([1.0, 0.6, 0.3, 0.8])[gap]
    return ResponseCounts.of(keys, rng.random(cards) < np.minimum(likes, 1) * np.where(foreign, 0.2, 1.0), courses)


def both_channels_equal_plain_python(model, policy, batch):
    rows = recommend(batch, model, ["home", "feed"]).to_pylist()
    for i, (home, feed) in enumerate(zip(rows[::2], rows[1::2], strict=True)):
        plain = Plain(model, policy, batch, i)
        for row in (feed, home):
            assert list(zip(*(row[x] for x in LISTS), strict=True)) == plain.written(row["channel"]), row["member_id"]


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_both_channels_equal_plain_python(fitted, name, world):
    model, policy, batch = fitted(world, POLICIES[name])
    both_channels_equal_plain_python(model, policy, batch)


@pytest.mark.parametrize("name", ["defaults", "nothing but affinity", "all, tired", "small page"])
@pytest.mark.parametrize("world", WORLDS[:3], ids=str)
def test_both_channels_equal_plain_python_where_a_response_was_learned(fitted, name, world):
    model, policy, batch = fitted(world, POLICIES[name], cards=200 * world[2])
    factors = model.response.factors(model.catalogue.level, 2)
    assert factors.max() > 1.5
    assert factors.min() < 0.7
    both_channels_equal_plain_python(model, policy, batch)


def test_a_response_nobody_asked_for_changes_nothing(fitted):
    model, policy, batch = fitted(WORLDS[0], {"response": "none"}, cards=50_000)
    never, _, _ = fitted(WORLDS[0], {"response": "none"})
    assert model.response is not None
    shown, plain = (recommend(batch, m).drop_columns("model_version") for m in (model, never))
    assert shown.equals(plain)
    asked = policy.with_settings({"response": "learned"})
    assert not recommend(batch, model, policy=asked).drop_columns("model_version").equals(plain)


def test_one_thread_serves_models_of_one_size_by_day_and_by_response(fitted):
    """What lies between calls must not remember how far apart courses of one day stood."""
    old, policy, batch = fitted(WORLDS[0], {})
    days, _, _ = fitted(WORLDS[0], {}, days=1)
    learned, _, _ = fitted(WORLDS[0], {}, cards=50_000)
    for model in (old, days, learned, old):
        for i, row in enumerate(recommend(batch, model, ["feed"]).to_pylist()):
            plain = Plain(model, policy, batch, i)
            assert row["course_id"] == [x[0] for x in plain.written("feed")]


def test_the_worlds_above_reach_every_reason_but_the_last_resorts(fitted):
    """An oracle agrees easily about what never happens."""
    shown = set()
    for world in (*WORLDS[:3], WORLDS[5]):
        for name in ("defaults", "trends", "all, tired"):
            model, _, batch = fitted(world, POLICIES[name])
            shown |= {x for row in recommend(batch, model)["context"].to_pylist() for x in row}
    assert shown >= {
        "continue", "watched", "wanted", "goal", "predicted", "stay_sharp", "skill", "title", "activity", "inferred",
        "trending_title", "new", "popular_title", "popular_industry", "popular",
    }  # fmt: skip


@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_no_page_has_two_rows_with_one_heading(fitted, world):
    model, _, batch = fitted(world, POLICIES["small page"])
    for page in recommend(batch, model, ["home"]).to_pylist():
        rows = zip(page["carousel_rank"], page["context"], page["context_evidence"], strict=True)
        heads = {(rank, context, None if context == "continue" else evidence) for rank, context, evidence in rows}
        assert len({head[1:] for head in heads}) == len({head[0] for head in heads}), page["member_id"]


def test_courses_imported_on_one_day_stand_by_affinity_in_buckets_of_any_length(fitted):
    model, policy, batch = fitted((7, 6, 4000, 5, 6, 3), {"list_length": 4000, "collapse": "none"}, days=1)
    longest = 0
    for i, row in enumerate(recommend(batch, model, ["feed"]).to_pylist()):
        plain = Plain(model, policy, batch, i)
        assert list(zip(*(row[x] for x in LISTS), strict=True)) == plain.written("feed")
        multi = {plain.place[own[0]] for skills, own in plain.buckets if len(skills) > 1}
        longest = max([longest, *(len(plain.buckets[place][1]) for place in multi)])
    assert longest > 64  # too far to walk: such a bucket is sorted as a whole


def test_members_of_hundreds_of_skills_and_buckets_stand_beside_members_of_none(fitted):
    model, _, batch = fitted(WORLDS[4], {"list_length": 600})
    most = [max((b or 0 for b in row), default=0) for row in recommend(batch, model, ["feed"])["bucket"].to_pylist()]
    assert max(most) > 256  # more than two sorted blocks are merged


def test_a_loop_compiled_from_other_sources_says_so(fitted):
    from skillfirst.kernel.member_arrays import member_arrays
    from skillfirst.kernel.member_loop import STAMP, recommend_members
    from skillfirst.kernel.recommend import empty_lists
    from skillfirst.kernel.workspace import model_tables, rules_table, working_memory
    from skillfirst.ranking.borrow import lend

    model, policy, batch = fitted(WORLDS[0], {})
    members = member_arrays(batch, model, policy)[0]
    out = empty_lists(batch.num_rows, ["feed"], 100)
    memory = working_memory(model, policy, 100, 100)
    held, rules = model_tables(model, policy), rules_table(model, policy)
    tables = (*held.tables, lend(members), *rules.tables, *memory.tables, lend(out))
    out.offsets[:] = -1
    assert not recommend_members(STAMP + 1, *tables, None)
    assert (out.offsets == -1).all()
    assert recommend_members(STAMP, *tables, None)
    assert (np.diff(out.offsets) >= 0).all()
    assert out.offsets[-1] > 0
