"""The objects that an addon makes, as plain data."""
