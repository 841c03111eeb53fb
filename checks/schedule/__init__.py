"""When data is due: durations, zones, calendars, deadlines, periods. Pure: ``now`` is a parameter."""
