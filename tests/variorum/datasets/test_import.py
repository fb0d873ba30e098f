"""Importing files over HTTP: every format, every kind of trouble, nothing stored by halves."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from variorum.datasets import imports, queries
from variorum.datasets.models import Dataset, DatasetVersion
from variorum.events.models import Event

BASE = "/api/v1/projects/support-desk"
BANKING = Path(__file__).parents[4] / "shared" / "data" / "banking77"
TEXT = 'text,intent\nWhere is my card?,card_arrival\n"He said ""hi"",\nthen left",other\nAgain,other\n'


@pytest.fixture
def editor(member, api):
    return api(member("editor"))


def upload(client, data, name="data.csv"):
    content = data.encode() if isinstance(data, str) else data
    answer = client.post(f"{BASE}/uploads", {"file": SimpleUploadedFile(name, content)}, format="multipart")
    assert answer.status_code == 201, answer.json()
    return f"{BASE}/uploads/{answer.json()['id']}"


def preview(client, data, name="data.csv", **options):
    return client.get(f"{upload(client, data, name)}/preview", options)


def bring(client, data, filename="data.csv", **body):
    return client.post(f"{upload(client, data, filename)}/import", {"name": "Data", **body})


def rows_of(client, dataset="data"):
    return client.get(f"{BASE}/datasets/{dataset}/versions/latest/rows", {"limit": 200}).json()["items"]


def test_preview_then_import(editor, project):
    looked = preview(editor, TEXT).json()
    assert looked["mapping"] == {"input": ["text"], "expected": "intent", "tags": [], "renamed": {}}
    assert (looked["row_count"], looked["complete"], looked["delimiter"], looked["header"]) == (3, True, ",", True)
    assert looked["rows"][1] == {"line": 3, "values": {"text": 'He said "hi",\nthen left', "intent": "other"}}
    assert looked["labels"] == [{"label": "other", "count": 2}, {"label": "card_arrival", "count": 1}]
    assert not Dataset.objects.exists()
    done = bring(editor, TEXT, mapping=looked["mapping"]).json()
    assert (done["dataset"], done["version"]["number"], done["created"], done["job"]) == ("data", 1, True, None)
    assert rows_of(editor)[0] == {
        "index": 0,
        "input": {"text": "Where is my card?"},
        "expected": "card_arrival",
        "tags": [],
    }
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"upload.created", "dataset.created", "dataset.version_added"} <= kinds


def test_the_same_file_again_is_the_same_version(editor, project):
    first = bring(editor, TEXT).json()
    again = editor.post(f"{upload(editor, TEXT)}/import", {"dataset": "data"}).json()
    assert (again["created"], again["version"]) == (False, first["version"])
    taken = bring(editor, TEXT)
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")


@pytest.mark.parametrize(("name", "data"), [
    ("a.csv", "text;intent\nHallo, du;x\nb;y\n"),
    ("a.csv", "text\tintent\nHallo, du\tx\nb\ty\n"),
    ("a.csv", "text|intent\r\nHallo, du|x\r\nb|y"),
    ("a.tsv", "text\tintent\nHallo, du\tx\nb\ty\n"),
    ("a.csv", "\ufefftext,intent\n\"Hallo, du\",x\nb,y\n\n"),
    ("a.csv", "text,intent\n\"Hallo, du\",x\nb,y\n".encode("utf-16")),
    ("a.jsonl", '{"text":"Hallo, du","intent":"x"}\n\n{"text":"b","intent":"y"}'),
    ("a.txt", '{"text":"Hallo, du","intent":"x"}\n{"text":"b","intent":"y"}\n'),
    ("a.json", '[ {"text":"Hallo, du","intent":"x"},\n {"text":"b","intent":"y"} ]'),
    ("a.jsonl", '{"input":{"text":"Hallo, du"},"expected":"x"}\n{"input":{"text":"b"},"expected":"y","tags":[]}'),
])  # fmt: skip
def test_every_format_gives_the_same_version(editor, project, name, data):
    done = bring(editor, data, name)
    assert done.status_code == 201, done.json()
    assert [(r["input"], r["expected"]) for r in rows_of(editor)] == [
        ({"text": "Hallo, du"}, "x"),
        ({"text": "b"}, "y"),
    ]


BAD = [
    ("ragged_row", 3, "a,b\n1,2\n1,2,3\n"),
    ("ragged_row", 3, "a,b\n1,2\n1\n"),
    ("open_quote", 2, 'a,b\n"1,2\n3,4\n'),
    ("stray_quote", 3, 'a,b\n1,2\n"x"y,2\n'),
    ("nul", 2, b"a,b\n1,\x00\n"),
    ("invalid_utf8", 3, "a,b\nü,2\n".encode() + b"\xff,3\n"),
    ("not_text", 0, b"PK\x03\x04rest"),
    ("no_rows", 0, ""),
    ("no_rows", 0, "a,b\n"),
    ("no_rows", 0, "\n\n \n"),
]
BAD_JSON = [
    ("a.jsonl", "invalid_json", 2, '{"a": 1}\n{"a": }\n'),
    ("a.jsonl", "invalid_json", 1, '{"a": NaN}\n'),
    ("a.jsonl", "not_an_object", 2, '{"a": 1}\n[1]\n'),
    ("a.jsonl", "too_deep", 1, '{"a": ' + "[" * 5000 + "\n"),
    ("a.jsonl", "invalid_utf8", 1, b'{"a": "\xe4"}\n'),
    ("a.jsonl", "invalid_row", 1, '{"a": "\\ud800"}\n'),
    ("a.jsonl", "nul", 1, '{"a": "\\u0000"}\n'),
    ("a.json", "invalid_json", 3, '[{"a": 1},\n{"a": 2},\n{"a": 3 "b"}]'),
    ("a.json", "invalid_json", 2, '[{"a": 1}\n{"a": 2}]'),
    ("a.json", "invalid_json", 2, '[{"a": 1},\n'),
    ("a.json", "invalid_json", 1, '[{"a": 1},]'),
    ("a.json", "invalid_json", 2, '[{"a": 1}]\nx'),
    ("a.json", "not_an_object", 1, '[{"a": 1}, 5]'),
    ("a.json", "not_a_list", 1, '{"rows": [{"a": 1}]}'),
    ("a.json", "no_rows", 0, "[]"),
    ("a.json", "invalid_json", 1, ""),
]


@pytest.mark.parametrize(("name", "code", "line", "data"), [("a.csv", *bad) for bad in BAD] + BAD_JSON)
def test_bad_files_get_one_clear_problem_and_store_nothing(editor, project, name, code, line, data):
    options = {"reading": {"format": "json"}} if code == "not_a_list" else {}
    answer = bring(editor, data, name, **options)
    assert answer.status_code == 400, answer.json()
    problem = answer.json()
    assert (problem["code"], problem["errors"][0]["where"]) == (
        code,
        f"line {line}" if line else problem["errors"][0]["where"],
    )
    assert not Dataset.objects.exists()
    assert not DatasetVersion.objects.exists()


def test_latin_1_is_read_with_a_warning(editor, project):
    data = "text,intent\nGrüße,x\nok,y\n".encode("latin-1")
    looked = preview(editor, data).json()
    assert (looked["encoding"], looked["warnings"][0]["code"], looked["warnings"][0]["line"]) == (
        "windows-1252",
        "not_utf8",
        2,
    )
    assert looked["rows"][0]["values"]["text"] == "Grüße"
    bring(editor, data)
    assert rows_of(editor)[0]["input"]["text"] == "Grüße"


def test_headers_may_be_missing_double_or_empty(editor, project):
    looked = preview(editor, "Where is my card?,card\nWhy?,card\n").json()
    assert (looked["header"], [c["name"] for c in looked["columns"]]) == (False, ["column 1", "column 2"])
    assert looked["row_count"] == 2
    forced = preview(editor, "a,b\n1,2\n", header="false").json()
    assert forced["row_count"] == 2
    looked = preview(editor, "text,text,,label\na,b,c,d\n").json()
    assert [c["name"] for c in looked["columns"]] == ["text", "text 2", "column 3", "label"]
    assert {w["code"] for w in looked["warnings"]} == {"duplicate_header", "unnamed_column"}


def test_one_column_has_no_expected_value(editor, project):
    looked = preview(editor, "question\nWhy?\nHow?\n").json()
    assert looked["mapping"] == {"input": ["question"], "expected": None, "tags": [], "renamed": {}}
    bring(editor, "question\nWhy?\nHow?\n")
    assert rows_of(editor)[1] == {"index": 1, "input": {"question": "How?"}, "expected": None, "tags": []}


def test_mapping_decides(editor, project):
    data = 'id,subject,body,queue,tags\n1,a,b,x,"vip, new"\n2,c,d,,\n'
    assert preview(editor, data).json()["mapping"]["tags"] == ["tags"]
    mapping = {"input": ["subject", "body"], "expected": "queue", "tags": ["tags"], "renamed": {"body": "text"}}
    bring(editor, data, mapping=mapping)
    first, second = rows_of(editor)
    assert first == {"index": 0, "input": {"subject": "a", "text": "b"}, "expected": "x", "tags": ["vip", "new"]}
    assert (second["expected"], second["tags"]) == (None, [])


@pytest.mark.parametrize("mapping", [
    {"input": ["nope"]}, {"input": []}, {"input": ["text"], "expected": "text"},
    {"input": ["text"], "expected": "nope"},
    {"input": ["text", "intent"], "renamed": {"text": "intent"}}, {"input": "text"}, {},
])  # fmt: skip
def test_a_mapping_that_cannot_be_is_refused(editor, project, mapping):
    answer = bring(editor, TEXT, mapping=mapping)
    assert answer.status_code == 400, answer.json()
    assert not Dataset.objects.exists()


def test_subset_narrows(editor, project):
    data = "text,label\n" + "".join(f"m{n},{'abcd'[n % 4]}\n" for n in range(40))
    done = bring(editor, data, subset={"labels": ["a", "b"], "per_label": 3}).json()
    assert [r["input"]["text"] for r in rows_of(editor)] == ["m0", "m1", "m4", "m5", "m8", "m9"]
    assert done["version"]["source"]["subset"] == {"labels": ["a", "b"], "per_label": 3}


def test_delimiter_and_encoding_can_be_said(editor, project):
    looked = preview(editor, "a^b\n1^2\n", delimiter="^").json()
    assert [c["name"] for c in looked["columns"]] == ["a", "b"]
    assert preview(editor, "a,b\n1,2\n", delimiter='"').status_code == 400
    assert preview(editor, b"a,b\n\xff,2\n", encoding="utf-8").json()["code"] == "invalid_utf8"


def test_a_file_that_is_too_large_is_refused(editor, project, settings):
    settings.MAX_UPLOAD_MB = 0
    big = SimpleUploadedFile("big.csv", b"x" * 200_000)
    answer = editor.post(f"{BASE}/uploads", {"file": big}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("body", [{}, {"file": "text"}])
def test_an_upload_needs_a_file(editor, project, body):
    assert editor.post(f"{BASE}/uploads", body, format="multipart").status_code == 400
    assert editor.post(f"{BASE}/uploads", {"file": "x"}).status_code == 415


def test_the_browser_gets_the_right_problem_too(member, project, settings):
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    client.force_login(member("editor"))
    client.get("/api/v1/session")
    token = {"HTTP_X_CSRFTOKEN": client.cookies["csrftoken"].value}
    answer = client.post(
        f"{BASE}/uploads", {"file": SimpleUploadedFile("a.csv", b"a\n1\n")}, format="multipart", **token
    )
    assert answer.status_code == 201
    settings.MAX_UPLOAD_MB = 0
    big = SimpleUploadedFile("big.csv", b"x" * 200_000)
    assert client.post(f"{BASE}/uploads", {"file": big}, format="multipart", **token).status_code == 413
    refused = client.post(f"{BASE}/datasets", b"{", content_type="application/json", **token)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_json")


def test_a_large_file_becomes_a_job(transactional_db, owner, project, api, run_jobs):
    client = api(owner)
    data = "text,label\n" + "".join(f"message {n},{n % 7}\n" for n in range(25_000))
    answer = bring(client, data)
    assert answer.status_code == 202
    number = answer.json()["job"]["number"]
    assert run_jobs() == 1
    job = client.get(f"{BASE}/jobs/{number}").json()
    assert (job["state"], job["result"]) == (
        "succeeded",
        {"dataset": "data", "version": 1, "rows": 25_000, "created": True},
    )
    assert preview(client, data).json()["complete"] is False
    broken = bring(client, data + "one too many,1,2\n", name="Broken.csv")
    assert run_jobs() == 1
    job = client.get(f"{BASE}/jobs/{broken.json()['job']['number']}").json()
    assert (job["state"], job["error"].split(".")[0]) == ("failed", "Line 25002 has 3 fields, the header has 2")
    assert DatasetVersion.objects.count() == 1


def test_a_killed_import_does_not_double(transactional_db, owner, project, api, run_jobs):
    from variorum.jobs.models import Job

    data = "text,label\n" + "".join(f"message {n},{n % 7}\n" for n in range(25_000))
    bring(api(owner), data)
    run_jobs()
    Job.objects.update(state="queued", ended_at=None)
    assert run_jobs() == 1
    assert Job.objects.get().state == "succeeded"
    assert DatasetVersion.objects.count() == 1


def test_export_and_back(editor, project):
    rows = '{"input":{"text":"a,\\n\\"b\\"","n":1.5},"expected":"x","tags":["t","u"]}\n'
    rows += '{"input":{"n":"-3","text":"ü"},"expected":null,"tags":[]}\n'
    rows += '{"input":{"n":"-3+cmd","text":"=1+1"},"expected":"@x","tags":[]}\n'
    version = bring(editor, rows, "rows.jsonl").json()["version"]
    url = f"{BASE}/datasets/data/versions/1/export"
    answer = editor.get(url)
    assert answer["content-disposition"] == 'attachment; filename="data-v1.jsonl"'
    text = b"".join(answer.streaming_content)
    assert bring(editor, text, "again.jsonl", name="Again").json()["version"]["sha256"] == version["sha256"]
    table = list(csv.reader(io.StringIO(b"".join(editor.get(url, {"as": "csv"}).streaming_content).decode())))
    assert table == [
        ["text", "n", "expected", "tags"],
        ['a,\n"b"', "1.5", "x", "t,u"],
        ["ü", "-3", "", ""],
        ["'=1+1", "'-3+cmd", "'@x", ""],
    ]
    assert editor.get(url, {"as": "xlsx"}).status_code == 400


@pytest.mark.skipif(not BANKING.is_dir(), reason="the shared banking77 files are not here")
@pytest.mark.parametrize(("file", "count"), [("train.csv", 10_003), ("test.csv", 3_080)])
def test_banking77_imports(editor, project, file, count):
    data = (BANKING / file).read_bytes()
    looked = preview(editor, data, file).json()
    assert (looked["mapping"]["input"], looked["mapping"]["expected"]) == (["text"], "category")
    assert (looked["row_count"], len(looked["labels"]), looked["warnings"]) == (count, 77, [])
    done = bring(editor, data, file, mapping=looked["mapping"])
    assert done.status_code == 201
    profile = done.json()["version"]["profile"]
    assert (profile["row_count"], profile["label_count"], profile["expected"]["missing"]) == (count, 77, 0)
    want = list(csv.reader(io.StringIO(data.decode())))[1:]
    got = queries.iter_rows(DatasetVersion.objects.get())
    assert [[r["input"]["text"], r["expected"]] for r in got] == want


def test_import_file_for_other_rooms(project, actor):
    from variorum.datasets import services

    dataset = services.create_dataset(project=project, actor=actor, name="Mine")
    version = imports.import_file(dataset=dataset, filename="x.csv", data=TEXT.encode(), actor=actor)
    assert (version.row_count, version.expected_column) == (3, "intent")
    json.dumps(version.source)
