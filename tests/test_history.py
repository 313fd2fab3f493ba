"""What training records, and in which forms it can be had."""

import numpy as np
import pytest

from mnist_tutorial import History


@pytest.fixture
def history():
    history = History()
    for i in range(1, 5):
        history.add_training(1 / i, i / 10)
        if i % 2 == 0:
            history.add_validation(loss=2 / i, accuracy=i / 20)
    return history


def test_values_are_plain_floats_in_their_order(history):
    assert history.history["loss"] == [1.0, 0.5, pytest.approx(1 / 3), 0.25]
    assert history.history["val_accuracy"] == [0.1, 0.2]
    assert history.validation_batches == [2, 4]
    history.add_training(np.float32(0.5), np.float32(1))
    assert type(history.history["loss"][-1]) is float
    assert (len(history), repr(history)) == (5, "History(5 batches, 2 evaluations)")


def test_two_runs_are_joined_end_to_end(history):
    later = History(best_batch=1)
    later.add_training(0.1, 0.9)
    later.add_validation(0.2, 0.8)
    joined = history + later
    assert joined.history["loss"] == [*history.history["loss"], 0.1]
    assert (joined.validation_batches, joined.best_batch) == ([2, 4, 5], 5)
    assert len(history) == 4  # it is left as it was


def test_the_best_batch_of_the_first_run_stays_if_the_second_has_none(history):
    history.best_batch = 2
    assert (history + History()).best_batch == 2
    assert repr(history) == "History(4 batches, 2 evaluations, best after batch 2)"


def test_as_a_table(history):
    pandas = pytest.importorskip("pandas")
    frame = history.to_frame()
    assert list(frame.columns) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert (frame.index.name, list(frame.index)) == ("batch", [1, 2, 3, 4])
    assert frame.loc[2, "val_loss"] == 1.0 and pandas.isna(frame.loc[3, "val_loss"])
