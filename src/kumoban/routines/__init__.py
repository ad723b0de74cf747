"""One package per routine: look → plan → (decide) → apply → verify → undo."""
