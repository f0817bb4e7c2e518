"""Results of a run: summary, messages, files."""
