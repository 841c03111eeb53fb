#!/usr/bin/env bash
# Package the deployment twice, with nothing set and with everything set, and lint what CloudFormation would get.
# It asks no account anything: the credentials are made up, and the endpoint is a port where nobody listens.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

unset AWS_PROFILE AWS_SESSION_TOKEN CONFIG TABLES HISTORY MONITORED_BUCKETS ALERT_EMAIL CRON_SCHEDULE
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_REGION=eu-west-1 AWS_ENDPOINT_URL=http://127.0.0.1:9
export SLS_TELEMETRY_DISABLED=1 SLS_NOTIFICATIONS_MODE=off

check() {
    local output
    output=$(node_modules/.bin/osls package --package "../build/$1" 2>&1) || { echo "$output" >&2; return 1; }
    ../.venv/bin/cfn-lint --regions eu-west-1 -- "../build/$1"/cloudformation-template-*.json
    echo "infra: $1: osls package and cfn-lint pass"
}

check deployment-least
CONFIG=s3://acme-ops/checks.yml TABLES=s3://acme-raw/a/,sales.orders HISTORY=s3://acme-ops/table-monitor/ \
    MONITORED_BUCKETS="acme-lake, acme-raw" ALERT_EMAIL=data@example.com CRON_SCHEDULE="rate(6 hours)" \
    check deployment-full
