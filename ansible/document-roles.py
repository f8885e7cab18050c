#!/usr/bin/env python3
"""Writes each role's README.md from its argument_specs; with --check only says which are out of date."""
import pathlib
import sys

import yaml

stale = []
for specs in sorted(pathlib.Path(__file__).parent.glob("roles/*/meta/argument_specs.yml")):
    main = yaml.safe_load(specs.read_text())["argument_specs"]["main"]
    lines = [f"# {specs.parts[-3]}", "", main["short_description"] + ".", ""]
    lines += ["| variable | what it is | default |", "|---|---|---|"]
    for name, option in main["options"].items():
        default = f"`{option['default']}`" if option.get("default") not in (None, "") else ""
        if option.get("required"):
            default = "must be set"
        lines.append(f"| `{name}` ({option['type']}) | {option['description']} | {default} |")
    text = "\n".join(lines) + "\n"
    readme = specs.parent.parent / "README.md"
    if readme.exists() and readme.read_text() == text:
        continue
    stale.append(str(readme))
    if "--check" not in sys.argv:
        readme.write_text(text)

if "--check" in sys.argv and stale:
    sys.exit(f"out of date: {', '.join(stale)}; run: python3 ansible/document-roles.py")
