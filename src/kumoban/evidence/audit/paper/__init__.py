"""On paper: binders and summaries as PDF, with the glyphs of both languages in the file."""
