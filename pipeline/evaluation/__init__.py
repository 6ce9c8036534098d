"""From the records to tidy tables: what each variant did, and how surely."""
