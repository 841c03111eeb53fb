"""The report of a run, and its renderings as text, HTML and JSON; all of it pure."""
