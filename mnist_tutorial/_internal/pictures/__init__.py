"""Pictures of every kind, brought into the form of MNIST: `predict` reads them with these."""
