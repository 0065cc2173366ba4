"""Schemas of bodies from the pydantic models that read them, with the limits that only validators know. Pure."""

from collections.abc import Mapping

from pydantic import BaseModel

from shared.api.contract.parts import Json

_REF = "#/components/schemas/{model}"


def model_schemas(
    model: type[BaseModel],
    limits: Mapping[str, Mapping[str, Json]],
    names: Mapping[str, str] | None = None,
) -> dict[str, Json]:
    """The schemas of a model and of those that it refers to, by name.

    `limits` has by model, and then by member, what its validators demand besides: keywords that are put over those of
    pydantic. `names` are other names for models, whose own would say nothing outside. Raises KeyError
    for a limit of a member that the model has not.
    """
    made = model.model_json_schema(ref_template=_REF)
    parts: dict[str, Json] = {**made.pop("$defs", {}), model.__name__: made}
    renamed = {_REF.format(model=old): _REF.format(model=new) for old, new in (names or {}).items()}
    shown: dict[str, Json] = {}
    for name, part in parts.items():
        schema = _plain(part, renamed)
        properties = schema.get("properties")
        for member, more in limits.get(name, {}).items():
            if not isinstance(properties, dict) or member not in properties:
                raise KeyError(f"{name} has no member {member}")
            properties[member] = _limited(properties[member], more)
        shown[(names or {}).get(name, name)] = schema
    return shown


def _limited(schema: Json, more: Json) -> Json:
    """The schema with these keywords; in one that allows null they go to the other alternative."""
    alternatives = schema.get("anyOf")
    if not isinstance(alternatives, list):
        return {**schema, **more}
    described = {"description": more["description"]} if "description" in more else {}
    rest = {name: value for name, value in more.items() if name != "description"}
    if len(alternatives) == 2 and alternatives[1] == {"type": "null"} and isinstance(alternatives[0].get("type"), str):
        outer = {name: value for name, value in schema.items() if name != "anyOf"}
        own = {**alternatives[0], **rest}
        return {**own, "type": [own["type"], "null"], **outer, **described}
    return {**schema, **described}


def _plain(value: object, renamed: Mapping[str, str]) -> Json:
    """The schema without pydantic's titles and null defaults, and with other names in its references."""
    plain = _cleaned(value, renamed)
    if not isinstance(plain, dict):
        raise TypeError("a schema is an object")
    return plain


def _cleaned(value: object, renamed: Mapping[str, str], *, is_names: bool = False) -> object:
    if isinstance(value, list):
        return [_cleaned(one, renamed) for one in value]
    if isinstance(value, str):
        return renamed.get(value, value)
    if not isinstance(value, dict):
        return value
    kept = {
        name: _cleaned(one, renamed, is_names=name == "properties" and not is_names)
        for name, one in value.items()
        if is_names or not (name == "title" or (name == "default" and one is None))
    }
    return kept
