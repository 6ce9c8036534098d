"""From the tables to figures and the report."""
