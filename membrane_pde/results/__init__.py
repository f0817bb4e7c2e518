"""What a run gives: summary, messages, files."""
