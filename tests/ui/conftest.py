"""A real browser on MLflow's pages of the toy study, at the address that `make ui` prints."""

import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.pipeline.clone import Clone
from tests.servers import free_port, started, until_healthy
from tests.ui.page import Page

# Chromium asks for updates and news at every start; nothing here may leave the machine.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
SIZE = "--window-size=2400,1300"  # MLflow draws no column that is out of sight


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Headless Chromium with a profile of its own."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("needs chromium and chromedriver on PATH (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = f"--user-data-dir={tmp_path_factory.mktemp('browser')}"
    for argument in ("--headless", "--disable-gpu", SIZE, profile, *QUIET):
        options.add_argument(argument)
    if os.geteuid() == 0:  # whom its sandbox refuses
        options.add_argument("--no-sandbox")
    driven = webdriver.Chrome(options=options, service=Service(driver))
    yield driven
    driven.quit()


@pytest.fixture(scope="package")
def address(browser: webdriver.Chrome, toy_clone: Clone) -> Iterator[str]:
    """The address that `make ui` prints, while it serves the toy study."""
    port = free_port()
    # The tests' own interpreter stands for the environment that make would set up.
    command = ("make", "--old-file=.venv/.ready", "ui", f"PORT={port}")
    with started(command, toy_clone.root, toy_clone.environment) as process:
        assert process.stdout is not None
        printed = next(line for line in process.stdout if line.startswith("runs: "))
        (found,) = re.findall(r"https?://\S+", printed)
        # A pipe that nobody reads fills, and the server waits for ever.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        until_healthy(process, port)
        yield found


@pytest.fixture
def page(
    browser: webdriver.Chrome, address: str, repository: Path, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """The page that `make ui` names, opened; how the test leaves it is kept as a picture."""
    opened = Page(browser)
    opened.open(address)
    yield opened
    pictures = repository / ".pytest_artifacts" / "ui"
    pictures.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(pictures / f"{request.node.name.removeprefix('test_')}.png"))
