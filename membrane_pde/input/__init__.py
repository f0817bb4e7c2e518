"""Case files and what people write in them: units, schema, overrides, messages."""
