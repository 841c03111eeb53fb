"""Tells a data team which of their S3 tables did not get the data that they should have by now."""
