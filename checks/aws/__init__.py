"""All that speaks with AWS: sessions, requests, refusals, and what a role has to be allowed."""
