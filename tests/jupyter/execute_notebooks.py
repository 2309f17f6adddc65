"""Executes notebooks that nbformat carries, named as arguments, by the kernelspec KERNEL_NAME and by a local one, and compares their outputs.

A last cell says on which process it ran; the two must differ, and the one must be below WANTED_FOLDER's session hosts.
"""

import copy
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

WHERE = "import os\nos.environ.get('WAYFARE_SESSION_FOLDER', 'local')"


def executed(notebook, kernel):
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    NotebookClient(notebook, kernel_name=kernel, timeout=120, allow_errors=True).execute()
    return [(c.execution_count, c.outputs) for c in notebook.cells if c.cell_type == "code"]


def main():
    folder = Path(nbformat.__file__).parent / "tests"
    for name in sys.argv[1:]:
        notebook = nbformat.read(folder / name, as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(WHERE))
        here, there = executed(notebook, "python3"), executed(notebook, os.environ["KERNEL_NAME"])
        here_at, there_at = here.pop()[1][0]["data"]["text/plain"], there.pop()[1][0]["data"]["text/plain"]
        if here != there:
            sys.exit(f"{name}: {here}\n differs from\n{there}")
        if here_at != "'local'" or os.environ["WANTED_FOLDER"] not in there_at:
            sys.exit(f"{name}: ran at {here_at} and {there_at}")
        outputs = sum(len(outputs) for _, outputs in there)
        print(f"{name}: {len(there)} cells, {outputs} outputs, equal", flush=True)


main()
