"""Keys for tests, made once a run, and the folder of the audit heads that services in tests publish."""

import atexit
import shutil
import tempfile
from pathlib import Path

from shared.keys import load_keys, make_keys

_HOME = Path(tempfile.mkdtemp(prefix="ansinh-keys-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
FOLDER, HEADS = _HOME / "keys", _HOME / "heads"
make_keys(FOLDER)
KEYS = load_keys(FOLDER, "registry")
