"""What tables are made of: one MetaData, the types both databases share, names for every constraint."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the type is exactly INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")
Micros = BigInteger  # a time: microseconds UTC
Key = Text  # an outward key


class Xid8(UserDefinedType[int]):
    """PostgreSQL's transaction number of 64 bits; a plain integer on SQLite, where it is always 0."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


Xid = Xid8().with_variant(BigInteger(), "sqlite")


class transaction_number(FunctionElement[int]):  # noqa: N801  it is written like a function of SQL
    """The number of the present transaction, as the default of a column; 0 on SQLite."""

    inherit_cache = True


@compiles(transaction_number, "postgresql")
def _on_postgresql(*_: Any, **__: Any) -> str:
    return "pg_current_xact_id()"


@compiles(transaction_number, "sqlite")
def _on_sqlite(*_: Any, **__: Any) -> str:
    return "0"


def id_column() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


__all__ = ["Column", "Id", "Key", "Micros", "Table", "Xid", "id_column", "metadata", "transaction_number"]
