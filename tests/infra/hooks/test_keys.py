from hypothesis import given
from hypothesis.strategies import dictionaries, none, sampled_from

from infra.hooks.keys import ARCGIS, CONSOLE, DYNAMICS, KEYS, plan_key
from infra.hooks.vault import digest

VALUES = none() | sampled_from(["first", "second", "third"])
DIGESTS = none() | sampled_from([digest("first"), digest("second"), ""])


def test_what_opens_a_receiver_opens_nothing_else() -> None:
    assert set(DYNAMICS.functions) == {"ConnectionWebhook", "DynamicsWebhook"}
    assert not set(DYNAMICS.functions) & {*CONSOLE.functions, *ARCGIS.functions}


def test_no_two_keys_share_a_name_or_a_secret() -> None:
    assert len({key.name for key in KEYS}) == len(KEYS)
    secrets = [key.secret for key in KEYS if key.secret is not None]
    assert len(set(secrets)) == len(secrets)


def test_a_key_that_nobody_has_is_made_for_all() -> None:
    plan = plan_key(DYNAMICS, dict.fromkeys(DYNAMICS.functions), None)
    assert (plan.value, plan.lacking) == (None, DYNAMICS.functions)


def test_the_vaults_value_wins_over_another_that_comes_before() -> None:
    plan = plan_key(CONSOLE, {"Events": "new", "WebhookAdmin": "old", "WebhookAgent": None}, digest("old"))
    assert (plan.value, plan.lacking) == ("old", ("Events", "WebhookAgent"))


def test_the_first_value_counts_where_the_vault_knows_none_of_them() -> None:
    plan = plan_key(CONSOLE, {"Events": "new", "WebhookAdmin": "old"}, digest("older"))
    assert (plan.value, plan.lacking) == ("new", ("WebhookAdmin",))


@given(dictionaries(sampled_from(CONSOLE.functions), VALUES, min_size=1), DIGESTS)
def test_afterwards_a_key_of_the_app_is_the_same_everywhere(found: dict[str, str | None], vaulted: str | None) -> None:
    plan = plan_key(CONSOLE, found, vaulted)
    after = {name: plan.value if name in plan.lacking else value for name, value in found.items()}
    assert set(after.values()) == {plan.value}
    assert plan.value is None or plan.value in found.values()


@given(dictionaries(sampled_from(DYNAMICS.functions), VALUES, min_size=1))
def test_no_value_that_a_sender_may_know_is_ever_replaced(found: dict[str, str | None]) -> None:
    plan = plan_key(DYNAMICS, found, None)
    assert all(found[name] is None for name in plan.lacking)
    assert set(plan.different) == {name for name, value in found.items() if value not in {None, plan.value}}


@given(dictionaries(sampled_from(CONSOLE.functions), VALUES, min_size=1), DIGESTS)
def test_what_is_done_leaves_nothing_to_do(found: dict[str, str | None], vaulted: str | None) -> None:
    plan = plan_key(CONSOLE, found, vaulted)
    value = plan.value or "made"
    again = plan_key(CONSOLE, dict.fromkeys(found, value), digest(value))
    assert (again.value, again.lacking, again.different) == (value, (), ())
