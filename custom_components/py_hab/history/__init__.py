"""Maintenance of statistics: backfill, outage repair, import and undo."""
