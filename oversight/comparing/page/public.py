"""The figures as files for the public: a page in each language, and the table. No sign-in, no script, nobody in it."""

from __future__ import annotations

from pathlib import Path

from oversight.comparing.figures import NAMES, write_acts_csv, write_csv
from oversight.comparing.page.app import make_app
from oversight.comparing.page.figure_pages import PLOTTED, load_figures
from oversight.comparing.page.parts import TEXTS, OversightParts
from oversight.comparing.plots import draw_act_plots, draw_plots
from service.pages.texts import LANGUAGES, load_words

TABLE, ACTS_TABLE = "comparison.csv", "comparison-by-act.csv"


def write_public(parts: OversightParts, folder: Path) -> list[Path]:
    """Write the files into a folder and return them. Raises: FileRefused, StoreError, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    found = load_figures(parts)
    plots = draw_plots(found, PLOTTED)
    template = make_app(parts).jinja_env.get_template("oversight/public.html")
    made = [folder / TABLE, folder / ACTS_TABLE]
    for path, table in zip(made, (write_csv(found), write_acts_csv(found)), strict=True):
        path.write_text(table, encoding="utf-8", newline="")
    act_plots = draw_act_plots(found)
    for language in LANGUAGES:
        page = folder / f"comparison.{language}.html"
        words = load_words(TEXTS, language)
        page.write_text(
            template.render(
                words=words, found=found, plots=plots, act_plots=act_plots, names=NAMES, now=parts.clock(),
                table=TABLE, acts_table=ACTS_TABLE,
            ),
            encoding="utf-8",
        )  # fmt: skip
        made.append(page)
    return made
