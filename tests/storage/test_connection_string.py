from hypothesis import given
from hypothesis import strategies as st

from shared.storage.connection_string import connection_string_fault
from tests.support.cases import holds_for

KEY = "c2VjcmV0c2VjcmV0"
WHOLE = f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={KEY};EndpointSuffix=core.windows.net"
SAS = "SharedAccessSignature=sv=2024-11-04&sig=c2VjcmV0c2VjcmV0%3D"
PLACES = "TableEndpoint=https://t.example;QueueEndpoint=https://q.example"
QUOTED = "it is in quotes, which must be removed"


@holds_for(
    "text",
    [
        WHOLE,
        f"{WHOLE};",
        f"AccountName=a;AccountKey={KEY}",
        f"accountname=a;ACCOUNTKEY={KEY}",
        f"{PLACES};AccountName=a;AccountKey={KEY}",
        f"{PLACES};{SAS}",
        f"AccountName=a;{SAS}",
        "UseDevelopmentStorage=true",
        "UseDevelopmentStorage=true;",
    ],
)
def test_a_complete_one_has_no_fault(text: str) -> None:
    assert connection_string_fault(text) is None


@holds_for(
    ("text", "fault"),
    [
        (f'"{WHOLE}"', QUOTED),
        (f"'{WHOLE}'", QUOTED),
        (f'"{WHOLE}', QUOTED),
        (f'{WHOLE}"', QUOTED),
        (f'AccountName="a";AccountKey={KEY}', "a value in it is in quotes, which must be removed"),
        (f'AccountName=a;AccountKey="{KEY}";EndpointSuffix=x', "a value in it is in quotes, which must be removed"),
        ("AccountName=acct", "it has neither AccountKey nor SharedAccessSignature"),
        ("AccountName=acct;AccountKey=", "it has neither AccountKey nor SharedAccessSignature"),
        (PLACES, "it has neither AccountKey nor SharedAccessSignature"),
        ("", "it has neither AccountKey nor SharedAccessSignature"),
        ("UseDevelopmentStorage=false", "it has neither AccountKey nor SharedAccessSignature"),
        (f"{PLACES};AccountKey={KEY}", "it has no AccountName"),
        (f"BlobEndpoint=x;{SAS}", "it has no TableEndpoint and no QueueEndpoint, and no AccountName either"),
        (f"QueueEndpoint=x;{SAS}", "it has no TableEndpoint, and no AccountName either"),
        (f"TableEndpoint=x;{SAS}", "it has no QueueEndpoint, and no AccountName either"),
        (f"AccountName=a;AccountKey=c2Vj;{KEY}", "a part of it is not name=value"),
        (KEY, "a part of it is not name=value"),
    ],
)
def test_what_is_wrong_is_named(text: str, fault: str) -> None:
    assert connection_string_fault(text) == fault


@given(st.text(alphabet="\"'=; aK").map(lambda noise: f"{noise}{KEY}{noise}"))
def test_a_fault_repeats_nothing(text: str) -> None:
    assert KEY not in str(connection_string_fault(text))
