"""The physical laws as plain functions of numbers and arrays."""
