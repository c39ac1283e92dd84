"""Prints what was measured as a Markdown table."""

from collections.abc import Iterable, Sequence


def print_table(title: str, heading: str, rows: Iterable[Sequence[str]]) -> None:
    """Print rows under a title and a heading whose columns are divided by commas."""
    columns = [column.strip() for column in heading.split(",")]
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    print(f"\n### {title}\n")
    for line in lines:
        print(f"| {' | '.join(line)} |")
