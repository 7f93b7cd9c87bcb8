"""What the conditions say: for each an ordered list of small checks, of which the first counts."""
