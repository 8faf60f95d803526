"""Writes docs/sentences.md: python docs/sentences.py RUN_DIR [CLAIMS.json] (the table of the pack's claims from one run;
with the output of `krimp claims --json` also the verdicts over many runs, each with its reason)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from krimp.outputs.folder import open_run
from krimp.outputs.report import sentences

INTRO = """# The report, sentence by sentence

Statements about the city of the worked case, each in our own words: where it lives in the code (files below `krimp/`),
which series or events show it, what one run of the default scenario showed at the claim's date (flows of a whole run are
marked "in all"), what the data say, and the verdict over many runs and parameter draws (`krimp claims hegang`), with the
reason where a claim does not come out. The HTML report shows the same table.
"""


def main() -> None:
    """Read the run and write the page beside this file."""
    run = open_run(sys.argv[1])
    found = json.loads(Path(sys.argv[2]).read_text("utf-8")) if len(sys.argv) > 2 else []
    variables = dict(run.inputs("claims.csv").select("id", "variable").iter_rows())
    judged = f"; verdicts: {found[0]['runs']} runs at scale {found[0]['scale']}" if found else ""
    lines = [
        INTRO,
        f"The run: scale {run.manifest['scale']}, seed {run.seed}, until {run.until}{judged}.\n",
        "| id | statement | kind | in the code | series and events | the run | data | verdict | why |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    verdicts = {c["id"]: c for c in found}
    for row in sentences(run, []):
        places = "<br>".join(f"`{name}`" for name in row["places"])
        value = row["shows"].replace("this run: ", f"{variables[row['id']]}: ") or "by rule, see the verdict"
        data = f"{row['data'] or 'none found'} {row['unit']}".strip()
        verdict = verdicts.get(row["id"], {})
        told = f"{verdict['verdict']}, {verdict['basis']}" if verdict else "not judged here"
        reason = verdict.get("reason") or row["cause"]
        cells = (row["id"], row["text"], row["kind"], places, row["shown"], value, data, told, reason)
        lines.append("| " + " | ".join(str(c).replace("|", "/") for c in cells) + " |")
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
