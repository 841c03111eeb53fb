"""What other tools call the keys of a config, and what is written for them here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_KEYS: dict[str, tuple[str, ...]] = {
    "max_age": (
        "max_delay", "max_lag", "max_staleness", "staleness", "sla", "threshold", "freshness_threshold",
        "expected_within",
        "stale_after", "max_age_hours", "maximum_age", "age", "lag", "interval", "must_be_less_than", "max_freshness",
    ),
    "warn_after": ("warn", "warn_if", "warning", "warning_after", "warn_when", "warn_threshold", "warning_threshold"),
    "error_after": (
        "error", "error_if", "fail", "fail_after", "fail_if", "failure_after", "critical", "critical_after",
        "error_threshold", "fail_threshold",
    ),
    "error_when": ("fail_when", "error_if", "critical_when", "min_failures", "threshold"),
    "by": ("deadline", "expected_at", "expected_by", "due_by", "due_at", "at", "schedule", "cron", "due", "sla"),
    "due": ("deadline", "expected_at", "expected_by", "due_by", "due_at", "at", "schedule", "cron", "by", "sla"),
    "after": ("delay", "offset", "max_delay", "lag"),
    "grace": ("grace_period", "grace_time", "tolerance", "leeway", "slack", "grace_minutes", "buffer"),
    "windows": (
        "maintenance", "maintenance_window", "maintenance_windows", "blackout", "blackouts", "blackout_windows",
        "quiet_hours", "downtime", "downtimes", "exclusion_windows", "exclude_windows", "mute_time_intervals",
        "time_intervals", "exclusions",
    ),
    "anchor": ("first_week", "week_offset", "start_week", "reference_date", "epoch"),
    "start": ("from", "start_time", "begin", "begins_at", "starts_at"),
    "end": ("to", "until", "end_time", "ends_at"),
    "days": ("weekdays", "day", "on", "dates", "weekday", "days_of_week"),
    "every": ("schedule_interval", "interval", "frequency", "cadence", "granularity", "freq", "period", "grain"),
    "lookback": ("window", "lookback_days", "lookback_window", "history_days", "catchup", "backfill", "depth"),
    "since": ("start_date", "start", "from", "begin", "starting"),
    "key": ("partition_key", "partition_by", "partition_column", "partition", "column", "field", "partitioned_by"),
    "format": ("partition_format", "date_format", "datetime_format", "time_format", "pattern"),
    "each": ("dimensions", "group_by", "per", "dimension", "by", "for_each"),
    "labels": ("partition_timezone", "data_timezone"),
    "timezone": ("tz", "time_zone", "zone", "tzinfo"),
    "table": ("name", "dataset", "source", "identifier", "glue_table", "asset"),
    "prefix": ("path", "location", "uri", "url", "s3", "s3_path", "s3_uri", "folder", "bucket", "s3_prefix"),
    "pattern": ("glob", "include", "files_matching", "file_pattern", "wildcard", "path_glob_filter", "suffix"),
    "ignore": (
        "exclusions", "exclude_pattern", "exclude_patterns", "ignore_suffix", "ignored", "exclude_paths", "skip",
        "ignore_patterns", "exclude_files",
    ),
    "owner": ("owners", "team", "contact", "assignee"),
    "runbook": ("docs", "documentation", "wiki", "runbook_url", "playbook", "doc_md"),
    "min_rows": ("row_count", "min_row_count", "rows", "missing_count"),
    "min_bytes": ("size", "min_size", "bytes"),
    "topic": ("sns", "sns_topic", "topic_arn", "email", "emails", "notify", "alerts", "on_failure_callback"),
    "webhook": ("slack", "teams", "msteams", "pagerduty", "http", "https", "url", "hook", "webhook_url"),
    "eventbridge": ("event_bus", "bus", "events", "event_bridge"),
    "chat": ("chatbot", "amazon_q"),
    "match": ("matchers", "matches", "when", "where", "owner", "table", "severity", "database"),
    "secret": ("token", "key", "routing_key", "integration_key", "signing_secret", "api_key", "password"),
    "as": ("type", "kind", "format", "provider"),
    "resolve_after": ("keep_firing_for", "recovery_threshold", "resolve_when", "good_runs"),
    "routes": ("route", "routing", "receivers", "notifications", "channels"),
    "silences": ("mute", "mutes", "snooze", "snoozes", "muted"),
    "tables": ("sources", "datasets", "checks", "assets", "entries"),
    "defaults": ("default", "default_args", "common"),
    "concurrency": ("threads", "workers", "max_workers", "parallelism", "max_active_runs"),
    "remind_every": ("repeat_interval", "reminder", "renotify"),
    "report": ("notify_on", "send_when", "mode"),
}  # fmt: skip
_SENTENCES = {
    "loaded_at_field": "when data came is read from files and logs: leave it out, or write events: {column: ...}",
    "loaded_at_query": "when data came is read from files and logs: leave it out, or write events: {column: ...}",
    "timestamp_column": "when data came is read from files and logs: leave it out, or write events: {column: ...}",
    "enabled": "to turn a check off write off in its place, such as freshness: off; to leave a table out, exclude",
    "disabled": "to turn a check off write off in its place, such as freshness: off; to leave a table out, exclude",
    "severity": "how bad it is follows from the limit: write warn_after for a warning, error_after for critical",
    "filter": "what is looked at follows from keys and names: write pattern or ignore on the entry, or leave it out",
    "database": "the database stands before the table's name: write table: database.table",
    "schema_name": "the database stands before the table's name: write table: database.table",
    "catchup": "how far back it is looked is the lookback: write lookback: 14",
    "tags": "nothing is known by tags: routes match owner, table and check; leave it out",
    "meta": "nothing is known by meta: routes match owner, table and check; leave it out",
    "description": "leave it out, or write a comment: # ...",
}


def here_for(key: str, known: Collection[str]) -> str:
    """Return what to write in place of another tool's key where these are known; empty where that is not known."""
    name = key.strip().lower().replace("-", "_").replace(" ", "_")
    if name in known:
        return f"write {name}"
    for own in known:
        if name in _KEYS.get(own, ()):
            found = [each for each in sorted(known) if name in _KEYS.get(each, ())]
            return f"write {' or '.join(found)}"
    plain = name.replace("_", "")
    for own in sorted(known):
        if own.replace("_", "") == plain:
            return f"write {own}"
    return _SENTENCES.get(name, "")
