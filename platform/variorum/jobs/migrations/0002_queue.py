from django.db import migrations
from dramatiq_postgres import schema


def make_queue(apps, editor):
    with editor.connection.cursor() as cursor:
        schema.init(cursor)


class Migration(migrations.Migration):
    """The queue's own tables, in the same database (schema `dramatiq`)."""

    dependencies = [("jobs", "0001_initial")]
    operations = [migrations.RunPython(make_queue, migrations.RunPython.noop)]
