"""Models remember: tables, migrations, files, and every query."""
