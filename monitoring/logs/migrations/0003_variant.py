"""The rule and variant that chose the commit of a log. The table is partitioned, which Django's schema editor cannot say."""

from django.db import migrations, models

FORWARD = """
ALTER TABLE logs_log ADD COLUMN variant text NOT NULL DEFAULT '';
-- the arms of a rollout, since it began
CREATE INDEX logs_log_variant ON logs_log (project_id, variant, started_at, id) WHERE variant <> '';
"""
BACKWARD = "DROP INDEX logs_log_variant; ALTER TABLE logs_log DROP COLUMN variant;"


class Migration(migrations.Migration):
    dependencies = [("logs", "0002_scorehour")]
    operations = [
        migrations.RunSQL(
            FORWARD, BACKWARD, state_operations=[migrations.AddField("Log", "variant", models.TextField(default=""))]
        ),
    ]
