"""Where models come from is in the estate: base models of jobs, models and deployments, and the registries they are in."""

from __future__ import annotations

from typing import Any

from scanner.graph.build import build
from scanner.graph.estate import UNSET, Estate
from scanner.snapshot import Coverage, Record, from_records, record

RG = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
_ML = f"{RG}/providers/Microsoft.MachineLearningServices"
WS, REGISTRY = f"{_ML}/workspaces/w", f"{_ML}/registries/Shared"
JOB, MODEL, BERT = f"{WS}/jobs/j", f"{WS}/models/m/versions/1", f"{REGISTRY}/models/bert/versions/1"
ACCOUNT = f"{RG}/providers/Microsoft.CognitiveServices/accounts/a"
LLAMA = "azureml://registries/azureml-meta/models/Llama/versions/2"


def _arm(kind: str, arm_id: str, properties: Any = None, **more: Any) -> Record:
    body = {"id": arm_id, "name": arm_id.rpartition("/")[2], "location": "brazilsouth", "properties": properties or {}}
    return record(kind, {**body, **more})


def _estate(*records: Record, unread: tuple[str, ...] = ()) -> Estate:
    gaps = [Coverage(kind, RG.rpartition("/resourceGroups")[0], "forbidden", status=403) for kind in unread]
    return build(from_records([_arm("workspace", WS), *records], gaps, tenant="t"))


def _ends(estate: Estate, arm_id: str, edge: str) -> set[str]:
    return {estate.key(node) for node in estate.neighbours(_node(estate, arm_id), edge)}


def _node(estate: Estate, arm_id: str) -> int:
    node = estate.node(arm_id.lower())
    assert node is not None, arm_id
    return node


def test_a_tuning_takes_its_base_model_and_its_data() -> None:
    details = {
        "model": {"jobInputType": "mlflow_model", "uri": LLAMA},
        "trainingData": {"uri": "azureml:claims:1"},
        "modelProvider": "Custom",
    }
    estate = _estate(_arm("job", JOB, {"jobType": "FineTuning", "fineTuningDetails": details}))
    assert estate.get(_node(estate, JOB), "base-models") == frozenset({LLAMA})
    assert _ends(estate, JOB, "comes-from") == {"catalogue:azureml-meta"}
    assert _ends(estate, JOB, "reads-data") >= {f"{WS}/data/claims/versions/1".lower()}
    (run,) = estate.get(_node(estate, JOB), "runs")
    assert {what for _, what in run.inputs} == {"data", "model"}


def test_free_properties_name_a_base_model_by_any_of_its_usual_names() -> None:
    estate = _estate(
        _arm("job", JOB, {"properties": {"base_model_id": "azureml:m:1", "note": "azureml:other:1"}}),
        _arm("model", MODEL, {"properties": {"baseModelId": LLAMA}, "modelUri": "azureml://jobs/j/outputs/x"}),
    )
    assert _ends(estate, JOB, "based-on") == {MODEL.lower()}
    assert _ends(estate, MODEL, "comes-from") == {"catalogue:azureml-meta"}
    assert estate.get(_node(estate, JOB), "base-models") == frozenset({"azureml:m:1"})


def test_settings_of_a_shape_nobody_expected_leave_it_unknown() -> None:
    estate = _estate(_arm("job", JOB, {"fineTuningDetails": ["?"]}))
    assert estate.get(_node(estate, JOB), "base-models") is UNSET
    assert estate.gaps_at(_node(estate, JOB), "reads-data") and estate.gaps_at(_node(estate, JOB), "based-on")


def test_a_registry_of_the_tenant_shares_its_assets_and_is_no_catalogue() -> None:
    bert = "azureml://registries/shared/models/bert/versions/1"
    estate = _estate(
        _arm("ml-registry", REGISTRY, {"regionDetails": []}),
        _arm("registry-model", BERT, {"modelUri": bert}, systemData={"createdBy": "ada", "createdByType": "User"}),
        _arm("registry-environment", f"{REGISTRY}/environments/e"),
        _arm("model", MODEL, {"modelUri": bert, "properties": {"baseModelId": bert}}),
        _arm("online-deployment", f"{WS}/onlineEndpoints/e/deployments/d", {"model": bert}),
    )
    assert _ends(estate, REGISTRY, "shares-asset") == {BERT.lower(), f"{REGISTRY}/environments/e".lower()}
    assert (estate.name(_node(estate, BERT)), estate.get(_node(estate, BERT), "maker")) == ("bert:1", "ada")
    assert _ends(estate, MODEL, "based-on") == {BERT.lower()}
    assert _ends(estate, REGISTRY, "gives") == {MODEL.lower(), f"{WS}/onlineEndpoints/e/deployments/d".lower()}
    assert list(estate.nodes("catalogue")) == []


def test_what_may_be_a_registry_of_the_tenant_is_not_for_certain_a_catalogue() -> None:
    """Trap 1: the registries could not be listed."""
    model = _arm("model", MODEL, {"modelUri": LLAMA})
    assert _estate(model).gaps_at(_node(_estate(model), "catalogue:azureml-meta"), "*") == ()
    unread = _estate(model, unread=("ml-registry",))
    assert unread.gaps_at(_node(unread, "catalogue:azureml-meta"), "*")


def test_unread_assets_of_a_registry_may_be_any() -> None:
    gap = Coverage("registry-model", REGISTRY.lower(), "forbidden", status=403)
    estate = build(from_records([_arm("ml-registry", REGISTRY, {"regionDetails": []})], [gap], tenant="t"))
    assert estate.gaps_at(_node(estate, REGISTRY), "shares-asset")


def test_a_tuned_model_of_an_account_says_its_base_and_where_it_was_tuned() -> None:
    far = ACCOUNT.replace("accounts/a", "accounts/far")
    model = {"format": "OpenAI", "name": "gpt-4o-mini.ft-0a1b", "sourceAccount": f"{far}/models/x"}
    estate = _estate(
        _arm("model-account", ACCOUNT), _arm("model-account", far),
        _arm("model-deployment", f"{ACCOUNT}/deployments/tuned", {"model": model}),
        _arm("model-deployment", f"{ACCOUNT}/deployments/plain", {"model": {"format": "Meta", "name": "Llama"}}),
    )  # fmt: skip
    tuned, plain = (_node(estate, f"{ACCOUNT}/deployments/{name}") for name in ("tuned", "plain"))
    assert [estate.get(node, "base-model") for node in (tuned, plain)] == ["gpt-4o-mini", None]
    assert estate.get(plain, "model-publisher") == "Meta"
    assert _ends(estate, f"{ACCOUNT}/deployments/tuned", "weights-from") == {far.lower()}
