"""House rules that neither ruff, mypy nor import-linter can see: `python -m tools.checks`.

A rule is excused in one place by a comment on the line or the line above it, which must give the reason:
`# house: allow <rule> because <reason>` (in Vue templates `<!-- house: allow … -->`).
"""
