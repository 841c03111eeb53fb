"""Files that hold rows and logs, read within bounds."""
