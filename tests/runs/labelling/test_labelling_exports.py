"""Files as the tools themselves write them (documented examples, shortened)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from undercut.build.labels.workers import Answer
from undercut.core.errors import InputError
from undercut.runs.labelling.formats import (
    Format,
    read_answers,
    read_tasks,
    recognise_format,
    write_task_list,
)

_STUDIO = [
    {
        "id": 1,
        "inner_id": 7,
        "data": {"text": "my card is lost", "item": "t1", "city": "Oslo"},
        "annotations": [
            {
                "id": 1001,
                "completed_by": 10,
                "result": [
                    {
                        "id": "Dx_aB91ISN",
                        "from_name": "intent",
                        "to_name": "text",
                        "type": "choices",
                        "value": {"choices": ["lost"]},
                    }
                ],
                "was_cancelled": False,
                "ground_truth": False,
                "lead_time": 4.288,
                "created_at": "2021-03-09T22:16:08.728353Z",
            },
            {
                "id": 1002,
                "completed_by": {"id": 11, "email": "b@example.com", "first_name": ""},
                "result": [],
                "was_cancelled": True,
                "lead_time": 1.5,
            },
            {"id": 1003, "completed_by": 12, "result": [], "was_cancelled": False},
        ],
        "predictions": [
            {
                "model_version": "model 1",
                "score": 0.5,
                "result": [
                    {
                        "from_name": "intent",
                        "to_name": "text",
                        "type": "choices",
                        "value": {"choices": ["other"]},
                    }
                ],
            }
        ],
        "drafts": [],
        "meta": {"source": {"page": 3}},
        "total_annotations": 3,
    },
    {"id": 2, "data": {"text": "hello", "item": "t2"}, "annotations": [], "predictions": []},
]


def test_label_studio_answers(tmp_path: Path) -> None:
    path = tmp_path / "project-1.json"
    path.write_text(json.dumps(_STUDIO), encoding="utf-8")
    first, second = read_tasks(path)
    assert first.answers == (
        Answer("t1", "10", "lost", None, seconds=4.288, reference="1001"),
        Answer("t1", "b@example.com", None, None, seconds=1.5, note="skipped", reference="1002"),
        Answer("t1", "12", None, None, note="submitted without a choice", reference="1003"),
    )
    assert [one.label for one in first.suggestions] == ["other"]
    assert first.fields == {"city": "Oslo"}
    assert second.answers == ()
    write_task_list(path, [first, second], classes=["lost", "other"], format="label_studio")
    assert json.loads(path.read_text(encoding="utf-8")) == _STUDIO


def test_label_studio_short_export(tmp_path: Path) -> None:
    path = tmp_path / "min.json"
    rows = [
        {"id": 1, "text": "lost", "label": "lost", "annotator": 1, "annotation_id": 5,
         "created_at": "2021", "updated_at": "2021", "lead_time": 2.5},
        {"id": 1, "text": "lost", "label": {"choices": ["other"]}, "annotator": 2,
         "annotation_id": 6, "lead_time": 3},
    ]  # fmt: skip
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert read_answers(path) == [
        Answer("1", "1", "lost", None, seconds=2.5, reference="5"),
        Answer("1", "2", "other", None, seconds=3.0, reference="6"),
    ]


def test_several_questions_in_label_studio_must_be_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "two.json"
    rows = json.loads(json.dumps(_STUDIO))
    rows[0]["predictions"][0]["result"][0]["from_name"] = "mood"
    path.write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(InputError, match="intent, mood"):
        read_tasks(path)


def test_doccano_files_are_named_after_people(tmp_path: Path) -> None:
    path = tmp_path / "anna.jsonl"
    lines = [
        '{"id": 5, "text": "great", "label": ["pos"], "lang": "en", "Comments": []}',
        '{"id": 6, "text": "bad", "label": [], "Comments": []}',
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert recognise_format(path) == Format.DOCCANO
    tasks = read_tasks(path)
    assert tasks[0].answers == (Answer("5", "anna", "pos", None, reference="5#pos"),)
    assert tasks[0].fields == {"lang": "en"}
    assert tasks[1].answers == ()
    write_task_list(path, tasks, classes=["pos", "neg"], format="doccano")
    assert path.read_text(encoding="utf-8").splitlines() == lines


def test_mturk_results(tmp_path: Path) -> None:
    path = tmp_path / "batch.csv"
    path.write_text(
        '"HITId","AssignmentId","WorkerId","AssignmentStatus","WorkTimeInSeconds","Reward",'
        '"Input.item","Input.text","Answer.sentiment.label","Approve","Reject"\n'
        '"H1","A1","W1","Submitted","13","$0.05","t1","fine, really","good","",""\n'
        '"H1","A2","W2","Rejected","2","$0.05","t1","fine, really","bad","",""\n',
        encoding="utf-8",
    )
    assert recognise_format(path) == Format.MTURK
    tasks = read_tasks(path)
    assert tasks[0].ask.text == "fine, really"
    assert tasks[0].answers == (
        Answer("t1", "W1", "good", None, seconds=13.0, reference="A1"),
        Answer("t1", "W2", None, None, seconds=2.0, note="rejected", reference="A2"),
    )
    before = path.read_text(encoding="utf-8").replace('"', "").splitlines()
    write_task_list(path, tasks, classes=["good", "bad"], format="mturk")
    assert path.read_text(encoding="utf-8").replace('"', "").splitlines() == before


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ("Answer.taskAnswers", '"[{""label"":{""label"":""good""}}]"'),
        ("Answer.choice.good,Answer.choice.bad", "true,false"),
        ("Answer.anything", "good"),
    ],
)
def test_mturk_answers_of_other_pages(columns: str, cells: str, tmp_path: Path) -> None:
    path = tmp_path / "batch.csv"
    path.write_text(
        f"HITId,AssignmentId,WorkerId,Input.item,Input.text,{columns}\nH,A,W,t,x,{cells}\n",
        encoding="utf-8",
    )
    assert [answer.label for answer in read_answers(path)] == ["good"]


def test_mturk_results_with_two_questions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "batch.csv"
    path.write_text("HITId,WorkerId,Input.item,Answer.a,Answer.b\nH,W,t,x,y\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"Answer\.a, Answer\.b"):
        read_answers(path)


def test_toloka_assignments_share_the_time_of_a_page(tmp_path: Path) -> None:
    path = tmp_path / "assignments.tsv"
    head = (
        "INPUT:item\tINPUT:text\tOUTPUT:result\tGOLDEN:result\tASSIGNMENT:assignment_id\t"
        "ASSIGNMENT:worker_id\tASSIGNMENT:status\tASSIGNMENT:started\tASSIGNMENT:submitted\n"
    )
    times = "2021-09-02T13:02:50.000\t2021-09-02T13:03:00.000"
    path.write_text(
        head
        + f"t1\tfine\tgood\t\ta1\tw1\tAPPROVED\t{times}\n"
        + f"t2\tbad\tbad\tbad\ta1\tw1\tAPPROVED\t{times}\n"
        + "t1\tfine\tbad\t\ta2\tw2\tREJECTED\t\t\n",
        encoding="utf-8",
    )
    assert recognise_format(path) == Format.TOLOKA
    tasks = read_tasks(path)
    assert tasks[0].answers == (
        Answer("t1", "w1", "good", None, seconds=5.0, reference="a1:t1"),
        Answer("t1", "w2", None, None, note="rejected", reference="a2:t1"),
    )
    assert [answer.label for answer in tasks[1].answers] == ["bad"]


def test_plain_crowd_files_under_usual_names(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("question,worker,answer\n0,7,3\n0,8,2\n1,7,3\n", encoding="utf-8")
    assert read_answers(path) == [
        Answer("0", "7", "3", None),
        Answer("0", "8", "2", None),
        Answer("1", "7", "3", None),
    ]
    before = path.read_bytes()
    write_task_list(path, read_tasks(path), classes=["2", "3"], format="csv")
    assert path.read_bytes() == before


def test_chinese_crowd_files_in_the_encoding_of_excel(tmp_path: Path) -> None:
    path = tmp_path / "答案.csv"
    path.write_bytes("编号,标注员,标签\n一,小王,挂失\n".encode("gb18030"))
    assert read_answers(path) == [Answer("一", "小王", "挂失", None)]


def test_errors_name_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"item": "1", "answers": []}\n{oops\n{"item": "2"}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_tasks(path)
    assert (caught.value.file, caught.value.line) == (str(path), 2)


def test_half_a_last_line_is_left_by_a_kill_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"item": "1", "worker": "me", "label": "x"}\n{"item": "2", "wor', "utf-8")
    assert read_answers(path) == [Answer("1", "me", "x", None)]
