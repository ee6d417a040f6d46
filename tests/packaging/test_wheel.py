"""The wheel is all that somebody needs: the media core compiled, the web app built."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The newest wheel in dist/, which `make wheel` builds before these tests run."""
    wheels = sorted((ROOT / "dist").glob("arengo-*.whl"), key=lambda path: path.stat().st_mtime)
    assert wheels, "no wheel in dist/: run `make wheel` first"
    return wheels[-1]


def test_the_wheel_carries_the_core_the_app_the_migrations_and_the_demo_voices(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for what in (
        r"arengo/media/_core\..*so$",
        r"arengo/web/static/index\.html$",
        r"arengo/web/static/assets/.+\.js$",
        r"arengo/adapters/db/migrations/versions/.+\.py$",
        r"arengo/demo/voices/.+\.(ogg|opus)$",
    ):
        assert any(re.search(what, name) for name in names), f"nothing like {what} in the wheel"
    assert not [name for name in names if "node_modules" in name or name.endswith((".rs", ".ts", ".svelte"))]


def test_an_installed_wheel_serves_the_app_without_rust_or_node(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", site, wheel], check=True)
    bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(site), "PYTHONUNBUFFERED": "1", "HOME": os.environ.get("HOME", "/")}
    command = [sys.executable, "-m", "arengo", "serve", "--port", "0", "--media-port", "0", "--data-dir", tmp_path / "data"]
    with subprocess.Popen(command, env=bare, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout is not None
            said: list[str] = []
            for line in server.stdout:
                said.append(line)
                found = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)", line)
                if found:
                    break
            else:
                pytest.fail("the server said no address:\n" + "".join(said))
            address = f"http://127.0.0.1:{found[1]}"
            page = httpx.get(address + "/", timeout=20)
            assert page.status_code == 200
            script = re.search(r'src="(/assets/[^"]+\.js)"', page.text)
            assert script is not None
            assert httpx.get(address + script[1], timeout=20).status_code == 200
        finally:
            server.terminate()
            server.communicate(timeout=20)
