"""The modules that are measured: the SDK's own templates, made and built by `cordboard module`, and ours in Lua."""
import os
import re
import subprocess

from . import box
from .switches import HERE, binary

MOST_INSTANCES = "\n[limits]\ninstances = 10000\n"
OURS = os.path.join(HERE, "modules")
_made = {}


def command(*words, **options):
    """`cordboard ...`, in this run's own folder; what it says when it fails."""
    done = subprocess.run([binary(), *words], cwd=box.ROOT, text=True, capture_output=True, timeout=900, **options)
    if done.returncode:
        raise SystemExit(f"cordboard {' '.join(words)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def template(name, lang, world, change=lambda text: text, outcomes=""):
    """A module of one of the SDK's templates, built; `change` edits its source first, `outcomes` are more of its step's."""
    if name not in _made:
        folder = box.path("guests")
        command("module", "new", name, "--lang", lang, "--world", world, "--modules", folder)
        made = os.path.join(folder, name)
        source = next(os.path.join(where, file) for where, _, files in os.walk(made) for file in sorted(files)
                      if file in ("lib.rs", "module.js", "module.lua", "index.js"))
        edit(source, change)
        edit(os.path.join(made, "module.toml"), lambda text: unlimited(text.replace('outcomes = ["done"', 'outcomes = ["done"' + outcomes)))
        command("module", "build", made)
        _made[name] = made
    return _made[name]


def unlimited(manifest):
    """The manifest, asking for as many instances as there may be."""
    if "\n[limits]\n" in manifest:
        return manifest.replace("\n[limits]\n", MOST_INSTANCES) if "\ninstances" not in manifest else manifest
    return manifest + MOST_INSTANCES


def edit(name, change):
    with open(name) as file:
        text = file.read()
    with open(name, "w") as out:
        out.write(change(text))


def stands(text):
    """A template that plays prompts, made to stand still for ten minutes in place of that."""
    changed = text
    changed = re.sub(r"call\.play\(&Play \{.*?\}\)\?;", "call.wait(600_000)?;", changed, flags=re.S)
    changed = re.sub(r"\n\t\tcall:play\(.*?\)\n", "\n\t\tcall:wait(600)\n", changed)
    if changed == text:
        raise SystemExit("the template plays no prompt any more; parts/guests.py must learn its new form")
    return changed.replace("Play, ", "")


def ours(name):
    """One of the modules beside this file."""
    return os.path.join(OURS, name)


def artefact(folder):
    """The built file of a module in WASM."""
    return next(os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".wasm"))
