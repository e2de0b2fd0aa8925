"""Changes of the scenario alone: what cannot hold, whatever the estate is like."""

from __future__ import annotations

from tests.tenants.change import change
from tests.tenants.kit import Sample


@change(scenario={"flows:\n": "flows:\n  - {what: code, from: production, to: production}\n"})
def flow_to_where_it_comes_from(s: Sample) -> None:
    """The scenario declares a flow from an environment to itself."""


@change(scenario={"sites:\n": "sites:\n  quiet: {region: francecentral, does: [log], audience: [Nobody]}\n"})
def audience_of_a_site_that_does_not_serve(s: Sample) -> None:
    """The scenario promises an audience to a site that serves nothing."""


@change(
    only=("regional-training",),
    scenario={"sites:\n": "sites:\n  quiet: {region: francecentral, does: [store, log], data: [claims-eu]}\n"},
)
def site_of_data_that_does_not_train(s: Sample) -> None:
    """The scenario has a site that holds data and does not train."""


@change(
    "release",
    scenario={
        "roles:\n": "roles:\n  everything: {production: {group: grp-auditors, duties: [train, release, approve]}}\n"
    },
)
def row_that_contradicts_itself(s: Sample) -> None:
    """The role table lets one group train, approve and release."""


@change(only=("contoso-compliant",), scenario={"  cost-tag: solution\n": ""})
def pattern_without_an_ingredient(s: Sample) -> None:
    """The scenario no longer says by which tag groups are paid for."""


@change(only=("limited-and-production",), scenario={"until: 2027-01-31": "until: 2029-01-31"})
def waivers_for_years(s: Sample) -> None:
    """The scenario's waivers run for years, where its policy allows months."""


@change(scenario={"sites:\n": "regions: {atlantiscentral: {}}\nsites:\n"})
def region_nobody_places(s: Sample) -> None:
    """The scenario names a region of its own and does not say in which country that lies."""


@change(scenario={", approved-by: grp": ", until: 2027-06-30}  # grp"})
def flow_nobody_approves(s: Sample) -> None:
    """A flow that carries models of regulated data no longer says who approves it."""


@change(scenario={"sites:\n": "sites:\n  away: {region: brazilsouth, does: [log], data: [<class>]}\n"})
def site_outside_the_home_of_its_data(s: Sample) -> None:
    """The scenario has a site on another continent and gives it data that may not be there."""


@change(scenario={"data-classes:\n": "data-classes:\n  secret: {match: {tag: {data: [secret]}}}\n",
                  "roles:\n": "roles:\n  auditor: {<environment>: {group: grp-auditors, duties: [observe], reads: [secret]}}\n"})  # fmt: skip
def row_that_reads_what_is_not_there(s: Sample) -> None:
    """A row lets the auditors read a class of data that its environment does not hold."""


@change(scenario={"pattern: <pattern>\n": "pattern: [<pattern>, <promised>]\n"})
def pattern_promised_and_not_meant(s: Sample) -> None:
    """The scenario promises a second pattern and has not what that is made of."""
