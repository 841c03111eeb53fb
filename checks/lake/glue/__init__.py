"""The Glue catalog: tables, partitions, expressions."""
