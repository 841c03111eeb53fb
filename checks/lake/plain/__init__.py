"""Tables of plain files, read by period."""
