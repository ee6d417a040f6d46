"""The audit of dependencies: an advisory fails it by name, a silent registry never passes for a clean one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.audit import ROOT, Audit, Release, Run, Said, audit_python, audit_rust, audit_web, main


def answering(*answers: tuple[str, Said]) -> Run:
    """Tools that give the first answer whose word is in the command."""

    def run(command: Sequence[str | Path], folder: Path) -> Said:
        line = " ".join(map(str, command))
        return next(said for word, said in answers if word in line)

    return run


def of_pip(*dependencies: dict[str, object]) -> Said:
    return Said(0, json.dumps({"dependencies": dependencies}))


H11 = (
    next(line for line in (ROOT / "requirements.lock").read_text().splitlines() if line.startswith("h11=="))
    .split()[0]
    .removeprefix("h11==")
)
SKIPPED: dict[str, object] = {"name": "h11", "skip_reason": "Dependency not found on PyPI and could not be audited: h11"}
NPM_CLEAN = {"auditReportVersion": 2, "vulnerabilities": {}}
VITE = {"via": ["esbuild", {"title": "Reads any file", "url": "https://example.org/GHSA-1"}]}
NO_RULE_BROKEN = ("bans", Said(0, "", '{"type":"summary"}'))
WEAK = {
    "severity": "error",
    "message": "It panics",
    "advisory": {"id": "RUSTSEC-1"},
    "graphs": [{"Krate": {"name": "nom", "version": "8"}}],
}


def test_an_advisory_of_python_is_named() -> None:
    audit = audit_python(answering(("pip-audit", of_pip({"name": "h11", "version": "0.1", "vulns": [{"id": "PYSEC-1"}]}))))

    assert audit == Audit("Python", ("h11 0.1: PYSEC-1",))


def test_a_release_that_the_registry_passes_over_is_looked_up_as_the_newest() -> None:
    run = answering(("pip-audit", of_pip(SKIPPED)))

    assert audit_python(run, lambda _: Release(H11, ("PYSEC-2",))).advisories == (f"h11 {H11}: PYSEC-2",)
    assert audit_python(run, lambda _: Release(H11)).lines() == ["Python: no known advisories."]


@pytest.mark.parametrize("latest", [None, Release("999")])
def test_a_release_that_nobody_knows_is_said_not_to_be_audited(latest: Release | None) -> None:
    audit = audit_python(answering(("pip-audit", of_pip(SKIPPED))), lambda _: latest)

    assert audit.advisories == ()
    assert "NOT AUDITED: 1 of" in audit.lines()[0]


def test_an_advisory_of_rust_is_named_and_so_is_a_licence_without_any_network() -> None:
    weak = Said(1, "", json.dumps({"type": "diagnostic", "fields": WEAK}))

    online = audit_rust(answering(NO_RULE_BROKEN, ("fetch", Said(0, "")), ("advisories", weak)))
    offline = audit_rust(answering(("bans", weak), ("fetch", Said(1, "", "Could not resolve host"))))

    assert online == Audit("Rust", ("nom 8: RUSTSEC-1 It panics",))
    assert offline.advisories == ("nom 8: RUSTSEC-1 It panics",)
    assert "Could not resolve host" in (offline.unknown or "")


def test_a_cargo_deny_that_fails_for_another_reason_is_not_taken_for_a_clean_one() -> None:
    audit = audit_rust(answering(("bans", Said(2, "", "error: unexpected argument")), ("fetch", Said(1, ""))))

    assert audit.advisories == ("cargo-deny failed: error: unexpected argument",)


def test_an_advisory_of_the_web_app_is_named() -> None:
    report = {**NPM_CLEAN, "vulnerabilities": {"vite": VITE}}

    audit = audit_web(answering(("npm", Said(1, json.dumps(report)))))

    assert audit == Audit("TypeScript", ("vite: Reads any file (https://example.org/GHSA-1)",))
    assert audit_web(answering(("npm", Said(0, json.dumps(NPM_CLEAN))))) == Audit("TypeScript")


def test_a_registry_that_refuses_is_told_and_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    refusing = answering(
        ("pip-audit", Said(1, "", "ConnectionError")),
        ("cargo-deny", Said(127, "", "cargo-deny is not installed.")),
        ("npm", Said(1, json.dumps({"message": "405 Method Not Allowed"}))),
    )

    assert main([lambda: audit_python(refusing), lambda: audit_rust(refusing), lambda: audit_web(refusing)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Python: NOT AUDITED: ConnectionError",
        "Rust: NOT AUDITED: cargo-deny is not installed.",
        "TypeScript: NOT AUDITED: 405 Method Not Allowed",
    ]


def test_an_advisory_fails_the_check() -> None:
    assert main([lambda: Audit("Python", ("h11 0.1: PYSEC-1",))]) == 1
