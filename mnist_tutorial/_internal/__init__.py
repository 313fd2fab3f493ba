"""What surrounds the chapters' code; a reader need not open it."""
