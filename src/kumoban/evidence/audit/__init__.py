"""The auditor's room: populations proved complete, samples anybody can draw again, and what is handed over."""
