"""Stimuli in every form that they may come in; skipped where torch is not installed."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

from mot_fast.networks.extraction import batches  # noqa: E402
from mot_fast.networks.extraction.inputs import inputs_of, inputs_of_texts  # noqa: E402

pytestmark = pytest.mark.torch

TEXTS = ["one two", "three", "four five six", "seven", "eight"]
ARRAY = np.arange(30, dtype=np.float32).reshape(5, 3, 2)


def letters(texts):
    """A tokenizer whose tokens are words; the id of a word is its number of letters."""
    return {"input_ids": [[len(word) for word in text.split()] for text in texts]}


def iterate_batches(source, batch_size=2, stimuli=None):
    return list(batches.iterate_batches(source, batch_size, stimuli, lambda: letters))


def summary(batches):
    return [(batch.start, len(batch.identities), batch.identity_kind) for batch in batches]


def inputs_in(batches):
    return [batch.read().entries["input"] for batch in batches]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ARRAY,
        lambda: torch.tensor(ARRAY),
        lambda: [ARRAY[:2], torch.tensor(ARRAY[2:4]), ARRAY[4:]],
        lambda: (ARRAY[k : k + 2] for k in (0, 2, 4)),
        lambda: DataLoader(TensorDataset(torch.tensor(ARRAY), torch.arange(5)), batch_size=2),
        lambda: [(ARRAY[:2], 1), [ARRAY[2:4]], (ARRAY[4:], None, None)],
        lambda: np.lib.stride_tricks.as_strided(ARRAY, writeable=False),
        lambda: ARRAY.astype(">f4"),
    ],
)
def test_arrays(make):
    batches = iterate_batches(make())
    assert summary(batches) == [(0, 2, "inputs"), (2, 2, "inputs"), (4, 1, "inputs")]
    np.testing.assert_array_equal(torch.cat(inputs_in(batches)), ARRAY)
    expected = [one for batch in iterate_batches(ARRAY, batch_size=5) for one in batch.identities]
    assert [one for batch in batches for one in batch.identities] == expected
    assert len(set(expected)) == 5


@pytest.mark.parametrize(
    "make",
    [
        lambda: TEXTS,
        lambda: tuple(TEXTS),
        lambda: iter(TEXTS),
        lambda: np.array(TEXTS),
        lambda: np.array(TEXTS, dtype=object),
        lambda: [TEXTS[:2], tuple(TEXTS[2:4]), (TEXTS[4:], torch.zeros(1))],
        lambda: DataLoader(TEXTS, batch_size=2),
    ],
)
def test_texts(make):
    batches = iterate_batches(make())
    assert summary(batches) == [(0, 2, "texts"), (2, 2, "texts"), (4, 1, "texts")]
    assert [one.decode() for batch in batches for one in batch.identities] == TEXTS
    first = batches[0].read()
    assert first.entries["input_ids"].tolist() == [[3, 3], [5, 0]]
    assert first.mask.tolist() == [[True, True], [True, False]]


def test_mappings():
    ids = {"input_ids": np.array([[1, 2], [3, 0], [4, 5]]), "attention_mask": [[1, 1], [1, 0], [1, 1]], "flag": True}
    for source in (
        ids,
        [{k: v if k == "flag" else v[:2] for k, v in ids.items()}, {"input_ids": ids["input_ids"][2:]}],
    ):
        batches = iterate_batches(source)
        assert summary(batches) == [(0, 2, "inputs"), (2, 1, "inputs")]
        assert batches[0].read().entries["flag"] is True
    alone = inputs_of({"input_ids": [[3]]})
    assert alone.identities() == [batches[0].identities[1]]  # padding is not hashed
    assert batches[0].read().without_padding(1).entries["input_ids"].tolist() == [[3]]
    assert batches[0].read().select(slice(1, None)).mask.tolist() == [[True, False]]


def test_identities_tell_arrays_apart():
    arrays = [np.zeros((1, 2), "f4"), np.zeros((1, 2), "f8"), np.zeros((1, 3), "f4"), np.ones((1, 2), "f4")]
    bfloat16 = torch.zeros(1, 2, dtype=torch.bfloat16)
    assert len({inputs_of(values).identities()[0] for values in (*arrays, bfloat16, {"x": arrays[0]})}) == 6


def test_stimuli_are_known_by_what_the_caller_gives():
    for source in (TEXTS, ARRAY):
        batches = iterate_batches(source, stimuli=range(5))
        assert {batch.identity_kind for batch in batches} == {"identities"}
        assert [one for batch in batches for one in batch.identities] == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize(
    ("source", "stimuli", "expected"),
    [(TEXTS, None, 5), (ARRAY, None, 5), (iter(TEXTS), "abcde", 5), ([ARRAY], None, None), (iter(TEXTS), None, None)],
)
def test_how_many_are_known(source, stimuli, expected):
    assert batches.n_stimuli_if_known(source, stimuli) == expected


def test_integer_matrices_are_token_ids():
    assert inputs_of(np.array([[1, 2]])).ids is not None
    for others in (np.zeros((1, 2)), np.zeros((1, 2, 2), int), {"pixel_values": np.array([[1, 2]])}):
        assert inputs_of(others).ids is None


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("text", TypeError, "batches: expected texts, an array or an iterable of batches, found str"),
        (3, TypeError, "batches: expected texts, an array or an iterable of batches, found int"),
        (np.array(3.0), TypeError, "batches: expected an array of stimuli, found one number"),
        ([], ValueError, "batches: expected at least one stimulus, found none in list"),
        (np.zeros((0, 3)), ValueError, "batches: expected at least one stimulus, found none in ndarray"),
        (["a", 3], TypeError, "batches: expected texts as the first one is, found int among them"),
        ([3.0], TypeError, "batches, one of them: expected a tensor or array of stimuli, found float"),
        ([np.array([None])], TypeError, r"batches, one of them: expected .* numbers, found ndarray of shape \(1,\)"),
        (
            [{"a": [[1, 2], [3]]}],
            TypeError,
            "batches, one of them, 'a': expected a tensor or array of numbers, found list",
        ),
        ({"flag": True}, TypeError, "batches: expected a tensor or array of stimuli, found dict"),
        (
            {"input_ids": np.ones((1, 2)), "attention_mask": np.ones((1, 1, 2))},
            ValueError,
            r"batches: expected an attention_mask \(n_stimuli, n_tokens\), found shape \(1, 1, 2\)",
        ),
    ],
)
def test_what_is_no_stimuli_is_refused(source, error, message):
    with pytest.raises(error, match=message):
        iterate_batches(source)


@pytest.mark.parametrize("source", [TEXTS, ARRAY, [ARRAY]])
@pytest.mark.parametrize(("n_stimuli", "found"), [(4, "found 4 for (more than 4|5)"), (6, "found 6 for 5")])
def test_as_many_identities_as_stimuli(source, n_stimuli, found):
    with pytest.raises(ValueError, match=f"stimuli: expected one for each of the stimuli in batches, {found}"):
        iterate_batches(source, stimuli=range(n_stimuli))


@pytest.mark.parametrize("source", [TEXTS, ARRAY])
def test_absurd_numbers_are_refused_before_anything_is_read(source):
    stimuli = range(10**15)
    with pytest.raises(ValueError, match=r"stimuli: .*, found 1000000000000000 for 5"):
        next(iter(batches.iterate_batches(source, 2, stimuli, lambda: None)))


def test_texts_are_not_cut():
    class Short:
        model_max_length = 2
        pad_token_id = 9

        def __call__(self, texts):
            return {**letters(texts), "token_type_ids": [[1] * len(text.split()) for text in texts]}

    found = inputs_of_texts(["a b", "c"], Short(), 0)
    assert found.entries["input_ids"].tolist() == [[1, 1], [1, 9]]
    assert found.entries["token_type_ids"].tolist() == [[1, 1], [1, 0]]
    with pytest.raises(ValueError, match=r"stimulus 9: expected at most 2 tokens, .* found 3; shorten the text"):
        inputs_of_texts(["a b", "a b c"], Short(), 8)


def test_batches_are_read_when_they_are_needed():
    def endless():
        while True:
            yield ARRAY

    some = batches.iterate_batches(endless(), 1, None, partial(pytest.fail, "nobody has texts"))
    assert [next(some).start, next(some).start] == [0, 5]
