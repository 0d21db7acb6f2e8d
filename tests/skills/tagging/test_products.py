"""Dense products have the bytes of SciPy's, by one thread or several, and the best spelling is the largest."""

import numpy as np
import pytest
import scipy.sparse as sp

from skillfirst.skills.tagging.products import LEAST_ROWS, product


def sparse(rows, columns, share, seed):
    return sp.random(rows, columns, share, format="csr", dtype=np.float32, random_state=seed)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_bytes_of_scipy(workers):
    left, right = sparse(3 * LEAST_ROWS + 5, 90, 0.2, 1), sparse(40, 90, 0.2, 2)
    assert np.array_equal(product(left, right, workers), (left @ right.T).toarray())


@pytest.mark.parametrize("workers", [1, 3])
def test_the_best_of_each_group(workers):
    left, right = sparse(2 * LEAST_ROWS, 50, 0.3, 3), sparse(9, 50, 0.3, 4)
    starts = np.asarray([0, 2, 3, 8])
    whole = (left @ right.T).toarray()
    assert np.array_equal(product(left, right, workers, starts), np.maximum.reduceat(whole, starts, axis=1))
    assert np.array_equal(product(left, right, workers, np.arange(9)), whole)


def test_the_largest_may_be_below_zero():
    left, right = sp.csr_matrix(np.float32([[1.0]])), sp.csr_matrix(np.float32([[-2.0], [-1.0], [-3.0]]))
    assert product(left, right, starts=np.asarray([0, 2])).tolist() == [[-1.0, -3.0]]


def test_nothing():
    assert product(sparse(0, 5, 0.5, 1), sparse(3, 5, 0.5, 1)).shape == (0, 3)
    assert product(sparse(2, 5, 0.5, 1), sparse(0, 5, 0.5, 1)).shape == (2, 0)
