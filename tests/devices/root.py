"""The Debian 13 root that both levels run in: its packages, the way into it, and the project's packages on its Python.

Comes from Debian by mmdebstrap and from PyPI by pip, through whatever mirror, proxy and certificates the host is set up
with. Kept between runs in parts, each made again only when what it is made from has changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.devices.scratch import (
    HERE,
    INSIDE_PYTHON,
    INSIDE_RESULTS,
    INSIDE_SOURCE,
    PROJECT,
    Scratch,
    made_from,
)
from tests.devices.steps import Step

RELEASE: Final = "trixie"
PACKAGES: Final = (
    # what a unit and the hall run on
    *("ca-certificates", "espeak-ng", "alsa-utils", "libasound2-plugins", "mosquitto", "libzbar0t64", "fonts-noto-cjk"),
    *("libusb-1.0-0", "python3-venv"),
    # the camera that is none: picamera2 itself comes from PyPI
    *("python3-libcamera", "libcamera-ipa", "python3-prctl", "python3-av", "python3-spidev"),
    # lgpio, PiDNG and evdev are built from source
    *("gcc", "make", "swig", "python3-dev"),
    # the guest: its kernel, modules built for it, and what makes devices of them
    *("linux-image-amd64", "linux-headers-amd64", "linux-source", "patch", "xz-utils"),
    *("udev", "kmod", "busybox-static", "cpio", "v4l2loopback-utils", "v4l-utils", "iproute2", "procps"),
)
# Neither documents nor translations: a third less to unpack.
LEAN: Final = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
# v4l2loopback's package would build its module by dkms, for every kernel that it finds: only its source is wanted.
_FETCH_SOURCE: Final = 'cd "$1/usr/src" && APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get download v4l2loopback-dkms'
HOST_PACKAGES: Final = ("broker", "firmware[simulators,drivers]", "edge", "central[postgresql]", "provisioning")
_WAY_TO_PYPI: Final = ("CERT", "INDEX_URL", "EXTRA_INDEX_URL", "TRUSTED_HOST", "PROXY", "TIMEOUT", "DEFAULT_TIMEOUT")
TOOLS: Final = ("pytest", "pytest-timeout", "pytest-xdist", "hypothesis", "pillow", "psycopg[binary]", "selenium")


def make_root(scratch: Scratch, step: Step) -> None:
    """See that the root with its Debian packages is there."""
    mark = made_from([RELEASE, *PACKAGES, *LEAN, _FETCH_SOURCE])
    if scratch.holds("root", mark):
        step.note = "kept"
        return
    scratch.forget("root", "python", "modules")
    shutil.rmtree(scratch.root, ignore_errors=True)
    command: list[str | Path] = ["nice", "-n", "10", "mmdebstrap", "--mode=root", "--variant=apt"]
    command += [f"--include={','.join(PACKAGES)}", "--aptopt=APT::Install-Recommends false"]
    command += [f"--dpkgopt=path-exclude={path}" for path in LEAN]
    for option in ("Acquire::http::Proxy", "Acquire::https::Proxy"):
        value = _output(["apt-config", "dump", "--format", "%v", option])
        command += [f"--aptopt={option} {value}"] if value else []
    command.append(f"--customize-hook={_FETCH_SOURCE}")
    mirror = _debian_mirror()
    # INITRD: the guest boots from a small first file system of ours (boot.py); none is wanted of the package's.
    step.run([*command, RELEASE, scratch.root, *([mirror] if mirror else [])], environment={"INITRD": "No"})
    for folder in (INSIDE_SOURCE, INSIDE_RESULTS):
        (scratch.root / folder.lstrip("/")).mkdir(parents=True)
    scratch.remember("root", mark)


def install_python(scratch: Scratch, step: Step) -> None:
    """See that picamera2 and the five packages are installed on the root's Python, by their own ranges."""
    locked = _locked_versions()
    texts = [(PROJECT / name / "pyproject.toml").read_text() for name in _folders()]
    mark = made_from([*texts, locked, *TOOLS, (HERE / "inside" / "install_python.sh").read_text()])
    if scratch.holds("python", mark):
        step.note = "kept"
        return
    scratch.forget("python")
    _share_the_way_out(scratch.root)
    (scratch.results / "locked.txt").write_text(locked)
    packages = [f"{INSIDE_SOURCE}/{name}" for name in HOST_PACKAGES]
    script = f"{INSIDE_SOURCE}/tests/devices/inside/install_python.sh"
    enter(scratch, step, ["bash", script, *packages, "--", *TOOLS], environment=_pip_settings())
    scratch.remember("python", mark)


def enter(scratch: Scratch, step: Step, command: list[str], *, environment: dict[str, str] | None = None) -> None:
    """Run a command inside the root, with its own mounts, the project at /srv/onewindow, and nothing of the host's.

    Raises:
        StepFailed: it ended with another code than 0.
    """
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    inside = {
        "PATH": "/opt/onewindow/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PIP_ROOT_USER_ACTION": "ignore",
        **proxies,
        **(environment or {}),
    }
    words = ["env", "-i", *(f"{name}={value}" for name, value in inside.items()), *command]
    step.run([HERE / "enter-root.sh", scratch.root, scratch.source, scratch.results, "nice", "-n", "5", *words])


def python(scratch: Scratch, step: Step, arguments: list[str], *, environment: dict[str, str] | None = None) -> None:
    """Run the root's Python, in the project's folder."""
    enter(
        scratch,
        step,
        ["env", "--chdir", INSIDE_SOURCE, INSIDE_PYTHON, *arguments],
        environment={"PYTHONDONTWRITEBYTECODE": "1", **(environment or {})},
    )


def _folders() -> list[str]:
    return [name.partition("[")[0] for name in HOST_PACKAGES]


def _debian_mirror() -> str:
    """Return where this machine fetches Debian from; "" when it is not a Debian, and mmdebstrap shall choose."""
    wanted = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]
    found = re.findall(r"^Debian main (\S+/debian/?)$", _output(wanted), re.MULTILINE)
    return found[0] if found else ""


def _share_the_way_out(root: Path) -> None:
    """Give the root the host's way out: names and certificates."""
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    if bundle.exists():
        shutil.copy(bundle, root / str(bundle).lstrip("/"))


def _pip_settings() -> dict[str, str]:
    """Return what the host's pip is told about the way to PyPI, wherever it is told it; folders of the host's not."""
    found: dict[str, str] = {}
    for line in _output([sys.executable, "-m", "pip", "config", "list"]).splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2].upper().replace("-", "_")
        words = [word for word in value.strip("'\"").split() if not word.startswith("file:")]
        if name in _WAY_TO_PYPI and words:
            found[f"PIP_{name}"] = " ".join(words)
    return found


def _locked_versions() -> str:
    """Return the lock as constraints: the versions that we ship with, without the hashes of files."""
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^[A-Za-z0-9_.\[\]-]+==[^\\\n]+", lock, re.MULTILINE)
    return "".join(f"{pin.strip()}\n" for pin in pins)


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.strip()
    except FileNotFoundError:
        return ""
