"""S3: listings, scans, objects."""
