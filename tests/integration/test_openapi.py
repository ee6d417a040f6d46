"""The description of the API is honest: what it says of every operation is what a running server does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.shell import arengo, serving

SECONDS = 25
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
)
"""Not `positive_data_acceptance`: a space may refuse for reasons that no schema can say."""


def test_a_running_server_keeps_to_its_description_under_a_storm_of_requests(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serving(data_dir) as server:
        assert arengo("account", "create", "ann", "--data-dir", data_dir).code == 0
        token = arengo("token", "create", "ann", "--data-dir", data_dir).out
        schemathesis = Path(sys.executable).with_name("schemathesis")
        options = ["--max-time", str(SECONDS), "--max-examples", "20", "--generation-deterministic", "--no-shrink", "--no-color"]
        run = subprocess.run(
            [
                schemathesis,
                "run",
                f"{server.url}/api/v1/openapi.json",
                "--header",
                f"Authorization: Bearer {token}",
                "--checks",
                ",".join(CHECKS),
                *options,
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        log = server.log.read_text()

    assert run.returncode == 0, run.stdout
    assert "Fault" not in log
