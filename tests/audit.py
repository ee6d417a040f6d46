"""Known weaknesses in what we build on: `python -m tests.audit`, a part of `make check`.

Each language's own tool asks where its advisories are kept. An advisory fails the check and is named. Where nobody
answers, one line says what was not audited, and the check goes on: a machine without a network can still prove its code.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pip._internal.models.index import PyPI

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
LOCKS = ("requirements.lock", "requirements-dev.lock")


@dataclass(frozen=True)
class Said:
    """What a tool printed, and its exit code; 127 where the tool is missing."""

    code: int
    out: str
    err: str = ""


@dataclass(frozen=True)
class Audit:
    """One language's advisories, and why some of its packages were not looked up."""

    language: str
    advisories: tuple[str, ...] = ()
    unknown: str | None = None

    def lines(self) -> list[str]:
        told = [f"{self.language}: {advisory}" for advisory in self.advisories]
        if self.unknown is not None:
            told.append(f"{self.language}: NOT AUDITED: {self.unknown}")
        return told or [f"{self.language}: no known advisories."]


@dataclass(frozen=True)
class Release:
    """A version with its advisories."""

    version: str
    advisories: tuple[str, ...] = ()


Run = Callable[[Sequence[str | Path], Path], Said]
Ask = Callable[[str], Release | None]


def run(command: Sequence[str | Path], folder: Path) -> Said:
    """Run a tool to its end."""
    try:
        done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    except FileNotFoundError:
        return Said(127, "", f"{Path(command[0]).name} is not installed.")
    except subprocess.TimeoutExpired:
        return Said(127, "", f"{Path(command[0]).name} took too long.")
    return Said(done.returncode, done.stdout, done.stderr)


def audit_python(run: Run = run, ask: Ask | None = None) -> Audit:
    """Both lock files, by pip-audit; where the registry knows no single releases, by what it says of the newest one."""
    ask = ask or latest_release
    advisories: set[str] = set()
    skipped: dict[str, str] = {}
    count = 0
    for lock in LOCKS:
        said = run([PROGRAMS / "pip-audit", "-r", lock, "--require-hashes", "--disable-pip", "--progress-spinner=off", "-f", "json"], ROOT)
        report = _parsed(said.out)
        if report is None:
            return Audit("Python", unknown=_last_line(said.err))
        locked = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))
        count = max(count, len(locked))
        for found in report["dependencies"]:
            if "skip_reason" in found:  # pip-audit would pass over it in silence
                skipped[found["name"]] = locked[found["name"]]
            advisories |= {f"{found['name']} {found['version']}: {v['id']}" for v in found.get("vulns", ())}
    unknown = []
    with ThreadPoolExecutor(8) as several:
        for name, latest in zip(skipped, several.map(ask, skipped), strict=True):
            if latest is None or latest.version != skipped[name]:
                unknown.append(name)
            else:
                advisories |= {f"{name} {latest.version}: {advisory}" for advisory in latest.advisories}
    told = (
        f"{len(unknown)} of {count} packages; the registry says nothing of these releases: {', '.join(unknown[:5])} …" if unknown else None
    )
    return Audit("Python", tuple(sorted(advisories)), told)


def latest_release(name: str) -> Release | None:
    """What the registry says of the newest release of *name*; None where it does not answer."""
    try:
        answer = httpx.get(f"{PyPI.pypi_url}/{name}/json", timeout=20, follow_redirects=True).raise_for_status().json()
        return Release(answer["info"]["version"], tuple(v["id"] for v in answer["vulnerabilities"] if not v.get("withdrawn")))
    except (httpx.HTTPError, ValueError, KeyError):
        return None


def audit_rust(run: Run = run) -> Audit:
    """Cargo.lock, by cargo-deny: advisories where its database can be fetched; licences, bans and sources always."""
    tool = PROGRAMS / "cargo-deny"
    rules = run([tool, "--format", "json", "--offline", "check", "bans", "licenses", "sources"], ROOT)
    if rules.code == 127:
        return Audit("Rust", unknown=_last_line(rules.err))
    found = _errors(rules)
    fetched = run([tool, "fetch", "db"], ROOT)
    if fetched.code != 0:
        return Audit("Rust", tuple(found), f"the advisory database cannot be fetched: {_last_line(fetched.err)}")
    return Audit("Rust", tuple(found + _errors(run([tool, "--format", "json", "--offline", "check", "advisories"], ROOT))))


def audit_web(run: Run = run) -> Audit:
    """package-lock.json, by npm."""
    said = run(["npm", "audit", "--package-lock-only", "--json"], ROOT / "web")
    report = _parsed(said.out)
    if report is None or "auditReportVersion" not in report:
        return Audit("TypeScript", unknown=str((report or {}).get("message") or _last_line(said.err)))
    advisories = [
        f"{name}: {via['title']} ({via['url']})"
        for name, found in report["vulnerabilities"].items()
        for via in found["via"]
        if isinstance(via, dict)
    ]
    return Audit("TypeScript", tuple(sorted(advisories)))


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        report = json.loads(text)
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def _errors(said: Said) -> list[str]:
    """The errors among the lines that cargo-deny writes."""
    found = []
    for line in said.err.splitlines():
        fields = (_parsed(line) or {}).get("fields", {})
        if fields.get("severity") == "error":
            krate = next((graph["Krate"] for graph in fields.get("graphs", ())), {"name": "", "version": ""})
            advisory = (fields.get("advisory") or {}).get("id", fields.get("code", ""))
            found.append(f"{krate['name']} {krate['version']}: {advisory} {fields['message']}")
    if said.code != 0 and not found:
        found.append(f"cargo-deny failed: {_last_line(said.err)}")
    return found


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "the tool said nothing.")


def main(audits: Sequence[Callable[[], Audit]] = (audit_python, audit_rust, audit_web)) -> int:
    """Print what was found and what was not looked up; 1 where there is an advisory."""
    done = [audit() for audit in audits]
    for audit in done:
        print("\n".join(audit.lines()))
    return int(any(audit.advisories for audit in done))


if __name__ == "__main__":
    sys.exit(main())
