"""Builds a wheel by what a project says of itself, and unpacks it: `install.py PREFIX BYTECODE`.

Nothing is fetched: the build backend, and what that needs, is found by PYTHONPATH.
"""

import compileall
import configparser
import importlib
import os
import pathlib
import py_compile
import shutil
import sys
import tomllib
import zipfile

# Without a [build-system] it is, by PEP 517, this backend, as if it ran `setup.py`.
LEGACY = {"build-backend": "setuptools.build_meta:__legacy__"}

BEGIN = """\
#!{python}
import sys
sys.path[:0] = {folders!r}
"""
ENTRY = """\
from {module} import {name}
sys.exit({call}())
"""
FILE = """\
import runpy
runpy.run_path({file!r}, run_name="__main__")
"""


def main():
    prefix, bytecode = pathlib.Path(sys.argv[1]), sys.argv[2] == "on"
    library = prefix / "lib/python3/site-packages"
    # What it is linked with, to say it in C's words: packages that it imports when it runs.
    folders = [str(library), *filter(None, os.environ.get("KILN_PYTHON_HOST", "").split(":"))]
    wheel = build(pathlib.Path("/build/wheel"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(library)
    for data in library.glob("*.data"):
        place(data, prefix, library, folders)
        shutil.rmtree(data)
    for points in library.glob("*.dist-info/entry_points.txt"):
        scripts(points, prefix, folders)
    for record in library.glob("*.dist-info/RECORD"):
        # It lists digests of files that are put elsewhere here, and nobody reads it.
        record.unlink()
    if bytecode:
        compileall.compile_dir(
            library,
            quiet=1,
            workers=1,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


def build(folder):
    """Builds the wheel in the current folder's project; returns where it is."""
    system = LEGACY
    try:
        with open("pyproject.toml", "rb") as file:
            system = tomllib.load(file).get("build-system", LEGACY)
    except FileNotFoundError:
        pass
    for path in reversed(system.get("backend-path", [])):
        sys.path.insert(0, os.path.abspath(path))
    module, _, attribute = system.get("build-backend", LEGACY["build-backend"]).partition(":")
    try:
        backend = importlib.import_module(module)
    except ImportError as error:
        sys.exit(
            f"the project is built by `{module}`, which cannot be imported: {error}\n"
            f"add `build PACKAGE` of the package that has it to the recipe"
        )
    for name in filter(None, attribute.split(".")):
        backend = getattr(backend, name)
    folder.mkdir()
    # Backends read the arguments of the program.
    del sys.argv[1:]
    return folder / backend.build_wheel(str(folder), {})


def place(data, prefix, library, folders):
    """Puts what a wheel has for other places there."""
    places = {
        "purelib": library,
        "platlib": library,
        "scripts": prefix / "lib/python3/scripts",
        "headers": prefix / "include",
        "data": prefix,
    }
    for kind in data.iterdir():
        for file in sorted(kind.rglob("*")):
            if file.is_dir():
                continue
            target = places[kind.name] / file.relative_to(kind)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            if kind.name == "scripts":
                write(prefix, file.name, folders, FILE.format(file=str(target)))


def scripts(points, prefix, folders):
    """Writes a program for each entry point that is one."""
    config = configparser.ConfigParser(delimiters=("=",))
    config.optionxform = str
    config.read(points)
    for section in ("console_scripts", "gui_scripts"):
        if not config.has_section(section):
            continue
        for program, point in config.items(section):
            module, _, call = point.split("[")[0].strip().partition(":")
            entry = ENTRY.format(module=module, name=call.split(".")[0], call=call)
            write(prefix, program, folders, entry)


def write(prefix, name, folders, text):
    """Writes a program that finds what it imports."""
    program = prefix / "bin" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(BEGIN.format(python=sys.executable, folders=folders) + text)
    program.chmod(0o755)


main()
