"""Case files: quantities and units, the tables and keys, checks, overrides, and messages about errors."""
