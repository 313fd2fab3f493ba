"""``python -m mnist_tutorial``: the command line."""

from mnist_tutorial.cli import main

if __name__ == "__main__":
    main()
