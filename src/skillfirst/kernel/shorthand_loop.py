"""The compiled loop behind kernel.shorthand: rows to bytes, and numbers to text as `%.6g` writes them."""

from __future__ import annotations

import numpy as np
from numba import njit

from skillfirst.ranking.bits import inner

MOST = 24  # characters of a number
DIGITS = 6
POWERS = np.array([10.0**k for k in range(23)])  # those that a float holds exactly
SPLIT = 134217729.0  # 2**27 + 1: a float's upper half (Dekker 1971, Numer. Math. 18)

RANK, COURSES, FOLLOWING, CLOSE, NOTHING = (
    np.frombuffer(text, np.uint8) for text in (b'{"rank":', b',"courses":[', b"]},", b"]}", b"null")
)
COMMA, ZERO, POINT, MINUS, PLUS, LETTER_E = 44, 48, 46, 45, 43, 101
POSITION, AFFINITY, SCORE, BUCKET = 2, 3, 4, 5  # tables.shorthand.MARKS


@inner
def _put(out, at, text, start, stop):  # type: ignore[no-untyped-def]
    for k in range(start, stop):
        out[at] = text[k]
        at += 1
    return at


@inner
def _all(out, at, text):  # type: ignore[no-untyped-def]
    return _put(out, at, text, 0, len(text))


@inner
def _little(out, at, value, width):  # type: ignore[no-untyped-def]
    for k in range(width):
        out[at + k] = (value >> (8 * k)) & 255
    return at + width


@inner
def write_whole(out, at, value):  # type: ignore[no-untyped-def]
    """A whole number from 0 on, from `at` on; returns where it ends."""
    size, rest = 1, value // 10
    while rest:
        size += 1
        rest //= 10
    for k in range(size - 1, -1, -1):
        out[at + k] = ZERO + value % 10
        value //= 10
    return at + size


@inner
def _rounded(value, power):  # type: ignore[no-untyped-def]
    """value x 10**power to the nearest whole number; exact ties to the even one."""
    if power < 0 or power > 22:
        return np.rint(value * 10.0**power if power > 0 else value / 10.0**-power)
    product = value * POWERS[power]
    whole = np.floor(product)
    if product - whole != 0.5:
        return np.rint(product)
    a, b = value * SPLIT, POWERS[power] * SPLIT  # a tie as far as floats can tell: what the product lost decides
    a_high, b_high = a - (a - value), b - (b - POWERS[power])
    a_low, b_low = value - a_high, POWERS[power] - b_high
    lost = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return np.rint(product) if lost == 0.0 else whole + (lost > 0.0)


@inner
def write_number(out, at, value):  # type: ignore[no-untyped-def]
    """A finite number as `%.6g` writes it, from `at` on; returns where it ends."""
    if value < 0.0:
        out[at] = MINUS
        at += 1
        value = -value
    if value == 0.0:
        out[at] = ZERO
        return at + 1
    exponent = int(np.floor(np.log10(value)))
    digits = int(_rounded(value, DIGITS - 1 - exponent))
    if digits < 10 ** (DIGITS - 1):  # the logarithm was rounded up
        exponent -= 1
        digits = int(_rounded(value, DIGITS - 1 - exponent))
    if digits >= 10**DIGITS:
        exponent += 1
        digits = int(_rounded(value, DIGITS - 1 - exponent))
        if digits >= 10**DIGITS:
            digits //= 10
    size = DIGITS
    while size > 1 and digits % 10 == 0:
        digits //= 10
        size -= 1
    scientific = exponent < -4 or exponent >= DIGITS
    if not scientific and exponent < 0:
        out[at], out[at + 1] = ZERO, POINT
        at += 2
        for _ in range(-exponent - 1):
            out[at] = ZERO
            at += 1
        return write_whole(out, at, digits)
    before = 1 if scientific else exponent + 1  # digits before the point
    end = at + max(size, before) + (size > before)
    for k in range(before, size):
        out[at + size + before - k] = ZERO + digits % 10
        digits //= 10
    if size > before:
        out[at + before] = POINT
    for k in range(before - 1, -1, -1):
        if k >= size:
            out[at + k] = ZERO
        else:
            out[at + k] = ZERO + digits % 10
            digits //= 10
    if scientific:
        out[end], out[end + 1] = LETTER_E, (MINUS if exponent < 0 else PLUS)
        end += 2
        if abs(exponent) < 10:
            out[end] = ZERO
            end += 1
        end = write_whole(out, end, abs(exponent))
    return end


@inner
def _item(out, at, given, item):  # type: ignore[no-untyped-def]
    """The numbers of an item and the NUL that ends its piece."""
    out[at] = POSITION
    at = write_whole(out, at + 1, given.position[item])
    out[at] = AFFINITY
    at = write_number(out, at + 1, given.affinity[item])
    out[at] = SCORE
    at = write_number(out, at + 1, given.score[item])
    out[at] = BUCKET
    at = write_whole(out, at + 1, given.bucket[item]) if given.bucket[item] else _all(out, at + 1, NOTHING)
    out[at], out[at + 1] = COMMA, 0
    return at + 2


@inner
def _carousel(out, at, given, item, first):  # type: ignore[no-untyped-def]
    """What stands before the first item of a carousel."""
    if not first:
        at = _all(out, at, FOLLOWING)
    at = write_whole(out, _all(out, at, RANK), given.rank[item])
    out[at] = COMMA
    reason = given.reason[item]
    at = _put(out, at + 1, given.reasons, given.reason_at[reason], given.reason_at[reason + 1])
    return _all(out, at, COURSES)


@inner
def _own_texts(out, at, given, begin, end, mine, order, own):  # type: ignore[no-untyped-def]
    """Which reason each item of a list has, then the reasons, which items share."""
    for item in range(begin, end):
        at = _little(out, at, mine[given.reason[item]], 2)
    for text in range(own):
        reason = order[text]
        mine[reason] = -1
        at = _put(out, at, given.reasons, given.reason_at[reason], given.reason_at[reason + 1])
        out[at], out[at + 1] = COMMA, 0
        at += 2
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def write_rows(given, name, first, last, mine, order, out, ends):  # type: ignore[no-untyped-def]
    """Rows `first` to `last` of `given` (kernel.shorthand.Rows) into `out`, one after the other; `ends`: where each
    ends. `name`: magic and name of the phrases. `mine`, `order`: room for every reason; `mine` is -1 before and after.
    """
    at = 0
    for row in range(first, last):
        begin, end = given.offsets[row], given.offsets[row + 1]
        own = 0
        if not given.grid[row]:
            for item in range(begin, end):
                if mine[given.reason[item]] < 0:
                    mine[given.reason[item]], order[own] = own, given.reason[item]
                    own += 1
        at = _little(out, _little(out, _all(out, at, name), end - begin, 4), own, 2)
        for item in range(begin, end):
            at = _little(out, at, given.code[item], 4)
        if own:
            at = _own_texts(out, at, given, begin, end, mine, order, own)
        at = _put(out, at, given.heads, given.head_at[row], given.head_at[row + 1])
        for item in range(begin, end):
            if given.grid[row] and given.position[item] == 1:
                at = _carousel(out, at, given, item, item == begin)
            elif item > begin:
                out[at] = COMMA
                at += 1
            at = _item(out, at, given, item)
        if given.grid[row] and end > begin:
            at = _all(out, at, CLOSE)
        at = _all(out, at, CLOSE)
        ends[row - first] = at
