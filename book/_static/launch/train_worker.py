"""One worker of a cluster; the same on every machine.

WORKERS lists them all, each with its port and separated by spaces; RANK says which one this is,
from 0. CHECKPOINT is a file on a disk that all machines share.
"""

import os
import sys

from mnist_tutorial.further import cluster_config

# Before TensorFlow is used for the first time.
hosts, rank = os.environ["WORKERS"].split(), int(os.environ["RANK"])
os.environ["TF_CONFIG"] = cluster_config(hosts, rank)

from mnist_tutorial import MnistData, build_model, evaluate  # noqa: E402
from mnist_tutorial.further import train_as_worker  # noqa: E402

data = MnistData()
try:
    model, history = train_as_worker(
        build_model,
        data,
        batches=int(os.environ.get("BATCHES", "859")),
        validation_interval=100,
        checkpoint=os.environ["CHECKPOINT"],
        checkpoint_interval=50,
    )
except ConnectionError as error:
    print(error, file=sys.stderr, flush=True)
    os._exit(1)  # TensorFlow's own end would wait for the others
if rank == 0:
    model.save(os.environ["CHECKPOINT"] + ".keras")
    print(f"{history}, test accuracy {evaluate(model, data).accuracy:.2%}", flush=True)
os._exit(0)
