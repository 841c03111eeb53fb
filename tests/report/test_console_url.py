"""Links into the console."""

from __future__ import annotations

import pytest

from checks.console_url import console_url
from checks.model import Table


def orders(**values: str) -> Table:
    return Table(id="sales.orders", database="sales", name="orders", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("table", "url"),
    [
        (
            orders(region="eu-west-1"),
            (
                "https://eu-west-1.console.aws.amazon.com/glue/home?region=eu-west-1"
                "#/v2/data-catalog/tables/view/orders?database=sales"
            ),
        ),
        (
            orders(region="cn-north-1"),
            (
                "https://cn-north-1.console.amazonaws.cn/glue/home?region=cn-north-1"
                "#/v2/data-catalog/tables/view/orders?database=sales"
            ),
        ),
        (orders(), None),
        (
            Table(id="s3://raw/a b/", location="s3://raw/a b/"),
            "https://console.aws.amazon.com/s3/buckets/raw?prefix=a%20b%2F",
        ),
        (Table(id="s3://", location="s3://"), None),
        (
            Table(id="x", database="a&b", name='"><script>', region="eu-west-1"),
            (
                "https://eu-west-1.console.aws.amazon.com/glue/home?region=eu-west-1"
                "#/v2/data-catalog/tables/view/%22%3E%3Cscript%3E?database=a%26b"
            ),
        ),
    ],
)
def test_a_table_is_found_in_the_console(table: Table, url: str | None) -> None:
    assert console_url(table) == url
