"""A version is frozen: the database itself refuses to change its content."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION datasets_version_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a dataset version is frozen' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER datasets_version_is_frozen
    BEFORE UPDATE OF number, sha256, object_sha256, blocks, row_count, size, columns, expected_column, profile, source
    ON datasets_datasetversion FOR EACH ROW EXECUTE FUNCTION datasets_version_is_frozen();
"""
BACK = """
DROP TRIGGER datasets_version_is_frozen ON datasets_datasetversion;
DROP FUNCTION datasets_version_is_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("datasets", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACK)]
