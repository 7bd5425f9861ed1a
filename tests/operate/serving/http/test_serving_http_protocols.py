"""The protocols of others: text-embeddings-inference's /predict and Open Inference v2."""

from __future__ import annotations

import math

import pytest
from serving_http_fakes import CLASSES, PLAN, bearer, label_of

V2 = "/v2/models/support"


def tei(served, body):
    return served.client.post("/predict", json=body, headers=bearer())


@pytest.mark.parametrize("inputs", ["hello", ["hello"]])
def test_tei_one_text_gets_all_classes_sorted(served, inputs):
    scores = tei(served, {"inputs": inputs, "truncate": True}).json()
    assert scores[0] == {"score": 0.75, "label": label_of("hello")}
    assert {one["label"] for one in scores} == set(CLASSES)
    assert [one["score"] for one in scores] == sorted(
        (one["score"] for one in scores), reverse=True
    )


def test_tei_a_batch_is_a_list_of_lists(served):
    found = tei(served, {"inputs": [["a"], ["b"], ["c"]]}).json()
    assert [scores[0]["label"] for scores in found] == [label_of(text) for text in "abc"]
    assert served.books.rows[0].inputs == 3


def test_tei_raw_scores_are_logits_of_the_scores(served):
    plain = tei(served, {"inputs": "a"}).json()
    raw = tei(served, {"inputs": "a", "raw_scores": True}).json()
    weights = [math.exp(one["score"]) for one in raw]
    assert [weight / sum(weights) for weight in weights] == pytest.approx(
        [one["score"] for one in plain]
    )


@pytest.mark.parametrize("inputs", [["a", "b"], [["a", "b"]], [["a"], ["b", "c"]]])
def test_tei_pairs_are_refused_in_its_own_words(served, inputs):
    reply = tei(served, {"inputs": inputs})
    assert reply.status_code == 422
    assert reply.json()["error_type"] == "Validation"
    assert "pair" in reply.json()["error"]


@pytest.mark.parametrize("inputs", [[], [[]], None, 1, {}, [["a"], "b"], [[1]]])
def test_tei_other_inputs_are_refused(served, inputs):
    assert tei(served, {"inputs": inputs}).status_code == 422
    assert served.books.rows == []


def infer(served, body, path=f"{V2}/infer"):
    return served.client.post(path, json=body, headers=bearer())


def tensor(data, shape=None, **more):
    shape = [len(data)] if shape is None else shape
    return {"name": "text", "shape": shape, "datatype": "BYTES", "data": data, **more}


def test_v2_infer_answers_with_three_tensors(served):
    reply = infer(served, {"id": "42", "inputs": [tensor(["a", "bb"])]}).json()
    assert (reply["model_name"], reply["id"]) == ("support", "42")
    assert reply["model_version"] == PLAN.digest[:16]
    outputs = {output["name"]: output for output in reply["outputs"]}
    assert outputs["label"]["data"] == [label_of("a"), label_of("bb")]
    assert outputs["confidence"] == {
        "name": "confidence",
        "datatype": "FP32",
        "shape": [2],
        "data": [0.75, 0.75],
    }
    assert outputs["stage"]["data"] == ["large", "small"]


def test_v2_takes_columns_and_chosen_outputs_and_versions(served):
    body = {"inputs": [tensor([["a"], ["b"]], [2, 1])], "outputs": [{"name": "label"}]}
    path = f"{V2}/versions/{PLAN.digest[:16]}/infer"
    (output,) = infer(served, body, path).json()["outputs"]
    assert output["shape"] == [2]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"inputs": []},
        {"inputs": [tensor(["a"]), tensor(["b"])]},
        {"inputs": [tensor(["a"], [2])]},
        {"inputs": [tensor(["a"], [True])]},
        {"inputs": [tensor([], [0])]},
        {"inputs": [tensor(["a"], datatype="FP32")]},
        {"inputs": [tensor([1])]},
        {"inputs": [tensor([["a", "b"]])]},
        {"inputs": [tensor(["a"])], "outputs": [{"name": "logits"}]},
        {"inputs": [tensor(["a"])], "id": 5},
        {"inputs": [{"name": "text"}]},
    ],
)
def test_v2_infer_refuses_in_its_own_words(served, body):
    reply = infer(served, body)
    assert reply.status_code == 422
    assert isinstance(reply.json()["error"], str)
    assert served.books.rows == []


@pytest.mark.parametrize(
    "path", ["/v2/models/other", f"{V2}/versions/zz", f"{V2}/versions/1/ready"]
)
def test_v2_unknown_models_are_404(served, path):
    reply = served.client.get(path, headers=bearer())
    assert reply.status_code == 404
    assert isinstance(reply.json()["error"], str)


def test_v2_metadata_and_health(served):
    assert served.client.get("/v2").json()["name"] == "undercut"
    assert served.client.get("/v2/health/live").json() == {"live": True}
    assert served.client.get("/v2/health/ready").json() == {"ready": True}
    model = served.client.get(V2, headers=bearer()).json()
    assert model["versions"] == [PLAN.digest[:16]]
    assert model["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    ready = served.client.get(f"{V2}/ready", headers=bearer()).json()
    assert ready == {"name": "support", "ready": True}


def test_usage_is_that_of_the_callers_tenant(served):
    served.predict({"inputs": ["a", "b"]})
    month = f"{served.books.rows[0].answered_at:%Y-%m}"
    mine = served.client.get(f"/v1/usage?month={month}", headers=bearer()).json()
    theirs = served.client.get(
        f"/v1/usage?month={month}", headers=bearer("uc_other_predict")
    ).json()
    assert (mine["tenant"], mine["inputs"]) == ("acme", 2)
    assert mine["costs"] == [{"amount": "0.0000024", "currency": "USD"}]
    assert (theirs["tenant"], theirs["inputs"], theirs["costs"]) == ("other", 0, [])
    this_month = served.client.get("/v1/usage", headers=bearer()).json()
    assert this_month["inputs"] == 2


@pytest.mark.parametrize(
    "query",
    [
        "month=",
        "month=2026-13",
        "month=x",
        "month=2026-1",
        "tenant=other",
        "month=2026-01&month=2026-02",
    ],
)
def test_usage_refuses_other_queries(served, query):
    reply = served.client.get(f"/v1/usage?{query}", headers=bearer())
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "invalid_query"
