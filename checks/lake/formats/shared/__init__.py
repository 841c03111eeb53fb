"""What the readers of all three table formats share."""
