"""Options of every command that trains: what, and on what."""

from __future__ import annotations

import typer

from rgan_kit.cli.completion import complete_domain, complete_recipe

RECIPE = typer.Option(help="Recipe to train (see: rgankit plugins list).", autocompletion=complete_recipe)
DOMAIN = typer.Option(help="Data domain; guessed from --data where not given.", autocompletion=complete_domain)
DATA = typer.Option(help="File or folder; without it, the domain's embedded data.")
DEVICE = typer.Option(help="auto, cpu, cuda or cuda:N (train.device).")
