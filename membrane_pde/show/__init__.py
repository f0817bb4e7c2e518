"""Text, tables, pictures, pages and the explorer, from results alone."""
