"""osls, with the one line of the template left out that the emulator cannot take, between packaging and deploying.

It does not know the condition `cloudwatch:namespace`, and denies PutMetricData under it. That the real template has it
is held by tests/infra/test_template.py.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

OSLS = Path(__file__).resolve().parents[1] / "node_modules" / ".bin" / "osls"


def main() -> None:
    """Patch the package that is deployed, then become osls."""
    if sys.argv[1] == "deploy":
        package = Path(sys.argv[sys.argv.index("--package") + 1])
        file = package / "serverless-state.json"  # what osls deploys, beside the template that people read
        state = json.loads(file.read_text(encoding="utf-8"))
        template = state["service"]["provider"]["compiledCloudFormationTemplate"]
        (own,) = template["Resources"]["MonitorRole"]["Properties"]["Policies"]
        (heartbeat,) = [each for each in own["PolicyDocument"]["Statement"] if each["Sid"] == "Heartbeat"]
        del heartbeat["Condition"]
        file.write_text(json.dumps(state), encoding="utf-8")
    os.execv(OSLS, [str(OSLS), *sys.argv[1:]])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
