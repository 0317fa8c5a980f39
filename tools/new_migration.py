"""Writes the next migration from what the tables are and what the newest migration makes of an empty database.

    python -m tools.new_migration "add the colour of a site"

Read and correct what it wrote; tests/app/test_migrations.py holds that migrations and tables agree on both databases.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

HERE = Path(__file__).resolve().parent.parent / "yingke" / "app" / "migrations"


def main(message: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    number = f"{len(list((HERE / 'versions').glob('0*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/empty.db")
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            command.revision(config, message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    main(sys.argv[1])
