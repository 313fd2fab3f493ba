"""The commands of the command line; ``cli.py`` says what they take."""
