"""The decorator that checks arguments: what it accepts, converts and refuses."""

import inspect
import math
import typing
from pathlib import Path

import numpy as np
import pytest

import mnist_tutorial
import mnist_tutorial.further
from mnist_tutorial._internal.checks import check, checked


@pytest.mark.parametrize(
    ("spec", "value", "expected"),
    [
        ("whole number >= 1", np.int64(3), 3),
        ("whole number in 0..9", 9, 9),
        ("number", 2, 2.0),
        ("number > 0", np.float32(0.5), 0.5),
        ("number in 0..1", 1, 1.0),
        ("seed", 2**32 - 1, 2**32 - 1),
        ("path", "folder/file", Path("folder/file")),
        ("function", len, len),
        ("float [n]", [1, 2], [1.0, 2.0]),
        ("float [...]", 3 * np.ones(()), 3.0),
        ("float [..., k]", np.zeros((2, 3, 4)), np.zeros((2, 3, 4))),
        ("float [n] or nan", [math.nan], [math.nan]),
        ("float [n, 2] one-hot", [[0, 1], [1, 0]], [[0.0, 1.0], [1.0, 0.0]]),
        ("int [n] in 0..9", np.array([0, 9], np.uint8), [0, 9]),
        ("uint8 [n]", np.array([7], np.uint8), [7]),
    ],
)
def test_accepted(spec, value, expected):
    result = check("x", value, spec)
    if isinstance(result, np.ndarray):
        np.testing.assert_array_equal(result, expected)
        assert result.dtype.kind == ("f" if spec.startswith("float") else result.dtype.kind)
    else:
        assert result == expected and type(result) is type(expected)


@pytest.mark.parametrize(
    ("spec", "value", "error", "message"),
    [
        ("whole number >= 1", 0, ValueError, "x must be a whole number >= 1; got 0"),
        ("whole number in 0..9", 10, ValueError, "x must be a whole number in 0..9; got 10"),
        ("whole number", True, TypeError, "x must be a whole number; got True"),
        ("whole number", 64.0, TypeError, "x must be a whole number; got 64.0"),
        ("whole number", "64", TypeError, "x must be a whole number; got '64'"),
        ("number > 0", 0, ValueError, "x must be a finite number > 0; got 0"),
        ("number", math.inf, ValueError, "x must be a finite number; got inf"),
        ("number", 10**400, ValueError, "x must be a finite number; got 1000"),
        ("number", None, TypeError, "x must be a number; got None"),
        ("seed", 2**32, ValueError, "x must be a whole number in 0..4294967295; got 4294967296"),
        ("path", "", TypeError, "x must be a path; got ''"),
        ("path", 3, TypeError, "x must be a path; got 3"),
        ("function", 3, TypeError, "x must be a function; got 3"),
        ("float [n]", None, TypeError, "x must be float [n]; got None"),
        ("float [n]", "abc", TypeError, "x must be float [n]; got 'abc'"),
        ("float [n]", 3.0, TypeError, "x must be float [n]; got 3.0"),
        ("float [n]", [[1], [2, 3]], TypeError, "x must be float [n]; got list"),
        ("float [n]", [True], ValueError, "x must be float [n]; got bool [1]"),
        ("float [n]", np.zeros((2, 2)), ValueError, "x must be float [n]; got float64 [2, 2]"),
        (
            "float [n, 3]",
            np.zeros((2, 2)),
            ValueError,
            "x must be float [n, 3]; got float64 [2, 2]",
        ),
        (
            "float [n, n]",
            np.zeros((2, 3)),
            ValueError,
            "x must be float [n, n]; got float64 [2, 3]",
        ),
        ("float [..., k]", np.zeros(()), ValueError, "x must be float [..., k]; got float64 []"),
        ("float [n]", [], ValueError, "x must not be empty; got float64 [0]"),
        ("float [n]", [1, math.nan], ValueError, "x must be finite; got nan"),
        ("float [n] in 0..1", [2.0], ValueError, "x must lie in 0..1; got 2..2"),
        ("float [n, 2] one-hot", [[0, 0]], ValueError, "x must be one-hot, 0 or more with sum 1"),
        ("int [n]", [1.5], ValueError, "x must be int [n]; got float64 [1]"),
        ("int [n] in 0..9", [-1], ValueError, "x must lie in 0..9; got -1..-1"),
        ("uint8 [n]", [1], ValueError, "x must be uint8 [n]; got int64 [1]"),
    ],
)
def test_refused_in_one_line(spec, value, error, message):
    with pytest.raises(error) as caught:
        check("x", value, spec)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@checked(a="float [n, k]", b="float [k]", c="whole number >= 1 or None", d="number > 0")
def example(a, b, c=2, *, d=None):
    """An example."""
    return a @ b, c, d


def test_sizes_must_agree_between_arguments():
    with pytest.raises(ValueError, match=r"b must be float \[k\] with k = 3; got float64 \[2\]"):
        example(np.zeros((2, 3)), np.zeros(2))


def test_converted_arguments_reach_the_function_and_defaults_stay():
    product, c, d = example([[1, 2]], b=[3, 4])
    assert product.tolist() == [11.0] and (c, d) == (2, None)
    assert example([[1, 2]], [3, 4], None, d=None)[1:] == (None, None)
    with pytest.raises(ValueError, match="d must be a finite number > 0; got 0"):
        example([[1, 2]], [3, 4], d=0)


def test_the_function_looks_as_before():
    assert example.__name__ == "example" and example.__doc__ == "An example."
    assert list(inspect.signature(example).parameters) == ["a", "b", "c", "d"]
    with pytest.raises(TypeError, match="missing a required argument: 'b'"):
        example([[1]])


def test_a_misspelt_specification_is_noticed():
    with pytest.raises(ValueError, match="unknown specification: flaot"):
        checked(a="flaot [n]")(lambda a: a)


@pytest.mark.parametrize("package", [mnist_tutorial, mnist_tutorial.further])
def test_type_hints_of_every_public_function_can_be_read(package):
    for name in package.__all__:
        value = getattr(package, name)
        if inspect.isfunction(value):
            assert typing.get_type_hints(value), name
