"""The room's words: kinds of customers, rights."""

from __future__ import annotations

from typing import Literal

from yingke.kernel.rights import Scope, declare

Kind = Literal["anonymous", "known"]

READ = declare("customers.read", agent=Scope.ALL, supervisor=Scope.ALL, administrator=Scope.ALL)
CHANGE = declare("customers.change", agent=Scope.ALL, supervisor=Scope.ALL, administrator=Scope.ALL)
