"""What an entry of the config may say of its tables as a whole, beside their checks: a key is added here alone."""

from __future__ import annotations

from pydantic import Field

from checks.layout.data_files import Chosen
from checks.rules.key_types import ConfigBlock, Count, Globs, Runbook, Text, Zone
from checks.rules.table_ids import TableIds


class EntryKeys(ConfigBlock):
    """The keys of an entry that hold for each of its tables, as several entries come to them together.

    Whoever acts by one of them finds it in a table's plan.
    """

    owner: Text | None = Field(
        None, description="Who is told to mend it; routes match it.", examples=["finance-data"]
    )
    runbook: Runbook | None = Field(
        None,
        description="A web page that says what to do; shown with each finding.",
        examples=["https://wiki.example.com/orders"],
    )
    upstream: TableIds | None = Field(
        None,
        description="The tables that it is made from, by their ids: what fails for the periods that one of these fails "
        "for is told within that one.",
        examples=[["raw.orders"], ["partner/ads.spend", "s3://acme-raw/partner-a/"]],
    )
    pattern: Globs | None = Field(
        None,
        description="Which objects are data, for every check: a glob of names, or several; one with a slash counts "
        "from the location.",
        examples=["*.csv.gz", ["*.csv.gz", "*.csv"]],
    )
    ignore: Globs | None = Field(
        None,
        description="Which objects are no data, for every check: globs as those of pattern.",
        examples=[["errors/*"]],
    )
    timezone: Zone | None = Field(
        None,
        description="The zone of this table's deadlines; the file's when absent.",
        examples=["America/New_York"],
    )
    max_requests: Count | None = Field(
        None,
        description="No run makes more requests to AWS for one table of this entry; what is left of it is unknown.",
        examples=[200],
    )

    @property
    def chosen(self) -> Chosen | None:
        """Which objects are data by their names; None where the entry says nothing of it."""
        if not self.pattern and not self.ignore:
            return None
        return Chosen(self.pattern or (), self.ignore or ())

    @property
    def said_of_names(self) -> str | None:
        """What is said of names, as text: an answer counts for what it was asked with."""
        return None if self.chosen is None else str(self.chosen)


NOTHING_SAID = EntryKeys()
