"""監査資料: what a period held, in one file that proves itself without the desk."""
