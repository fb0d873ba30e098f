"""Logs and their texts are partitioned by day, which Django's schema editor cannot say; the rest is ordinary."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

FORWARD = """
CREATE TABLE logs_log (
    project_id    bigint NOT NULL,
    day           date NOT NULL,
    id            uuid NOT NULL,
    started_at    timestamptz NOT NULL,
    received_at   timestamptz NOT NULL DEFAULT now(),
    prompt        text NOT NULL,
    environment   text NOT NULL,
    commit        text NOT NULL,
    model         text NOT NULL,
    adapter       text NOT NULL,
    failed        boolean NOT NULL,
    latency_ms    double precision,
    input_tokens  integer,
    output_tokens integer,
    cost          numeric(18, 9),
    tags          text[] NOT NULL,
    end_user      text NOT NULL,
    session       text NOT NULL,
    text_id       uuid NOT NULL,
    text_at       smallint NOT NULL,
    PRIMARY KEY (project_id, id, day)  -- ingest (a log is stored once) and logs by their ids
) PARTITION BY RANGE (day);
-- lists (newest first), histograms, alert windows
CREATE INDEX logs_log_newest ON logs_log (project_id, started_at, id);

CREATE TABLE logs_text (
    project_id bigint NOT NULL,
    day        date NOT NULL,
    id         uuid NOT NULL,
    body       bytea NOT NULL,
    PRIMARY KEY (project_id, id, day)  -- the texts of a page of logs
) PARTITION BY RANGE (day);
ALTER TABLE logs_text ALTER body SET STORAGE EXTERNAL;  -- it is compressed already

-- Element by element; both arrays have the same length.
CREATE FUNCTION logs_add(integer[], integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(x + y ORDER BY n) FROM unnest($1, $2) WITH ORDINALITY AS pair(x, y, n)
$$;
"""
BACKWARD = "DROP FUNCTION logs_add(integer[], integer[]); DROP TABLE logs_text; DROP TABLE logs_log;"


class Migration(migrations.Migration):
    initial = True
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.CreateModel(
            name="Log",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("started_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("prompt", models.TextField()),
                ("environment", models.TextField()),
                ("commit", models.TextField()),
                ("model", models.TextField()),
                ("adapter", models.TextField()),
                ("failed", models.BooleanField()),
                ("latency_ms", models.FloatField(null=True)),
                ("input_tokens", models.IntegerField(null=True)),
                ("output_tokens", models.IntegerField(null=True)),
                ("cost", models.DecimalField(decimal_places=9, max_digits=18, null=True)),
                ("tags", ArrayField(base_field=models.TextField(), size=None)),
                ("end_user", models.TextField()),
                ("session", models.TextField()),
                ("text_id", models.UUIDField()),
                ("text_at", models.SmallIntegerField()),
            ],
            options={"db_table": "logs_log", "managed": False},
        ),
        migrations.CreateModel(
            name="LogText",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("body", models.BinaryField()),
            ],
            options={"db_table": "logs_text", "managed": False},
        ),
        migrations.CreateModel(
            name="LogDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id", "log_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("log_id", models.UUIDField()),
                ("day", models.DateField(db_index=True)),
                (
                    "project",
                    models.ForeignKey(
                        db_constraint=False, on_delete=models.CASCADE, related_name="+", to="accounts.project"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LogHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField()),
                ("environment", models.TextField()),
                ("prompt", models.TextField()),
                ("commit", models.TextField()),
                ("model", models.TextField()),
                ("requests", models.BigIntegerField()),
                ("errors", models.BigIntegerField()),
                ("timed", models.BigIntegerField()),
                ("latency_sum", models.FloatField()),
                ("buckets", ArrayField(base_field=models.IntegerField(), size=None)),
                ("input_tokens", models.BigIntegerField()),
                ("output_tokens", models.BigIntegerField()),
                ("cost", models.DecimalField(decimal_places=9, max_digits=24)),
                ("project", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="accounts.project")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["project", "hour", "environment", "prompt", "commit", "model"], name="log_hour_once"
                    )
                ]
            },
        ),
    ]
