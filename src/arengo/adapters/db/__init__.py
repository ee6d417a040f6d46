"""The SQL adapter: SQLite by default, PostgreSQL by URL."""
