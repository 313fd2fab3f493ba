"""PyTorch, eager, in its channels-last layout, which is the faster one for this network."""

from __future__ import annotations

import os

import numpy as np
import torch
from torch import nn

torch.set_num_threads(len(os.sched_getaffinity(0)))


def network(weights):
    """Return the network with the task's initial weights, brought into PyTorch's layout."""
    first, second = weights[1].size, weights[3].size
    model = nn.Sequential(
        nn.Conv2d(1, first, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(first, second, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * second, 10),
    )
    load(model, weights)
    return model.to(memory_format=torch.channels_last)


def load(model, weights):
    """Copy the initial weights into the model."""
    first, b1, second, b2, dense, b3 = weights
    # Keras flattens rows, columns, channels; PyTorch channels, rows, columns.
    dense = dense.reshape(4, 4, -1, 10).transpose(3, 2, 0, 1).reshape(10, -1)
    values = [first.transpose(3, 2, 0, 1), b1, second.transpose(3, 2, 0, 1), b2, dense, b3]
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), values, strict=True):
            parameter.copy_(torch.tensor(np.ascontiguousarray(value)))


def make(task, compiled=False):
    """Return the two functions that serve.py describes."""
    model = network(task.weights)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.15)
    cross_entropy = nn.CrossEntropyLoss()
    pixels = {
        split: (torch.tensor(images), torch.tensor(labels.astype(np.int64)))
        for split, images, labels in (
            ("train", task.images, task.labels),
            ("validation", task.validation_images, task.validation_labels),
            ("test", task.test_images, task.test_labels),
        )
    }

    def batch(split, rows):
        images, labels = pixels[split]
        rows = torch.from_numpy(rows.astype(np.int64))
        xs = images[rows].unsqueeze(1).to(torch.float32, memory_format=torch.channels_last) / 255
        return xs, labels[rows]

    def forward_loss(xs, labels):
        return cross_entropy(model(xs), labels)

    if compiled:
        forward_loss = torch.compile(forward_loss)

    @torch.inference_mode()
    def accuracy(split, rows):
        xs, labels = batch(split, rows)
        return float((model(xs).argmax(1) == labels).float().mean())

    def run(indices, evaluations, every):
        load(model, task.weights)
        losses, accuracies = [], []
        for step, rows in enumerate(indices, 1):
            optimizer.zero_grad(set_to_none=True)
            loss = forward_loss(*batch("train", rows))
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            if every and step % every == 0:
                accuracies.append(accuracy("validation", evaluations[len(accuracies)]))
        return torch.stack(losses).tolist(), accuracies

    def test():
        parts = np.arange(len(task.test_images)).reshape(10, -1)
        return float(np.mean([accuracy("test", rows) for rows in parts]))

    return run, test
