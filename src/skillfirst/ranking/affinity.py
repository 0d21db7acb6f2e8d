"""The member's side of the dot product: w(s) = a x held(s) x IDF(s) + b x wanted(s), one weight a skill.

held is 1 for an explicit skill and the probability of an inferred one; wanted is 1 for a stated interest and the
weight of a predicted one. IDF stands once, here; wants are not about rarity. An explicit skill under the support floor
is not considered; where it is wanted, or the skill was inferred, N(s) is taken as the floor. The parts are kept for
explanations.
"""

from __future__ import annotations

from numba import njit

EXPLICIT = 1  # flag: the skill is on the profile
STATED = 2  # flag: the member said it wants to learn it


@njit(cache=True, nogil=True)
def weigh_skills(  # type: ignore[no-untyped-def]
    explicit_offsets, explicit, explicit_source, inferred_offsets, inferred, inferred_weight, inferred_source,
    wanted_offsets, wanted, predicted_offsets, predicted, predicted_weight, predicted_source, refused_offsets, refused,
    considered, considered_inferred, floored, a, b, stated_source,
    out_offsets, skill, held_part, wanted_part, flags, source, want_source,
):  # fmt: skip
    """Merge the four ascending lists of every member; skills without weight and refused ones are left out.

    Out arrays hold at least the sum of the four lists; returns how many entries were written.
    """
    made = 0
    for i in range(len(out_offsets) - 1):
        e, e_end = explicit_offsets[i], explicit_offsets[i + 1]
        f, f_end = inferred_offsets[i], inferred_offsets[i + 1]
        w, w_end = wanted_offsets[i], wanted_offsets[i + 1]
        p, p_end = predicted_offsets[i], predicted_offsets[i + 1]
        r, r_end = refused_offsets[i], refused_offsets[i + 1]
        while e < e_end or f < f_end or w < w_end or p < p_end:
            s = 2147483647
            if e < e_end:
                s = min(s, explicit[e])
            if f < f_end:
                s = min(s, inferred[f])
            if w < w_end:
                s = min(s, wanted[w])
            if p < p_end:
                s = min(s, predicted[p])
            held, want, flag, bits, want_bits = 0.0, 0.0, 0, 0, 0
            if f < f_end and inferred[f] == s:
                held, bits = float(inferred_weight[f]), int(inferred_source[f])
                f += 1
            if e < e_end and explicit[e] == s:
                held, flag, bits = 1.0, EXPLICIT, bits | int(explicit_source[e])
                e += 1
            if p < p_end and predicted[p] == s:
                want, want_bits = float(predicted_weight[p]), int(predicted_source[p])
                p += 1
            if w < w_end and wanted[w] == s:
                want, flag, want_bits = 1.0, flag | STATED, want_bits | stated_source
                w += 1
            while r < r_end and refused[r] < s:
                r += 1
            if r < r_end and refused[r] == s:
                continue
            if flag & STATED:
                rarity = floored[s]
            else:
                rarity = considered[s] if flag & EXPLICIT else considered_inferred[s]
            h, t = a * held * rarity, b * want
            if h + t > 0.0:
                skill[made], held_part[made], wanted_part[made] = s, h, t
                flags[made], source[made], want_source[made] = flag, bits, want_bits
                made += 1
        out_offsets[i + 1] = made
    return made
