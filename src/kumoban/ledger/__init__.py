"""The record: every decision and every mutating AWS call, append-only and chained."""
