"""The notebooks run, cell by cell; skipped, by name, where their packages are not at hand."""

from __future__ import annotations

import importlib.util
import json
import pathlib

import pytest
from conftest import FAMILIES

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "notebooks"
NEEDS = {"record.ipynb": ["torch", "transformers"]}


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.ipynb")))
@pytest.mark.parametrize("model", ["shared", "absent"])
def test_it_runs(name, model, tmp_path, monkeypatch, capsys):
    for package in NEEDS.get(name, []):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{name} needs {package}")
    if name != "effective_spans.ipynb" and model == "absent":
        pytest.skip("it opens no model by name")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    if model == "shared":
        monkeypatch.setenv("SPANSCOPE_MODEL", str(FAMILIES / "llama"))
    cells = json.loads((FOLDER / name).read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            lines = "".join(cell["source"])
            exec(compile(lines, f"{name}: {cell['id']}", "exec"), names)
            last = lines.rstrip().split("\n")[-1]
            # What a notebook would show.
            if last.isidentifier() and hasattr(names[last], "_repr_svg_"):
                assert names[last]._repr_svg_().startswith("<")
    if model == "absent":
        assert "hf download" in capsys.readouterr().out
