"""Reports: one file a format. A renderer decides nothing; it writes what the report says."""
