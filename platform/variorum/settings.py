"""All settings, from the environment alone. A bad value stops the start and names its variable."""

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from variorum.lib import databases, env, mail_url

BASE_DIR = Path(__file__).resolve().parents[2]

try:
    DATA_DIR = env.folder("VARIORUM_DATA", BASE_DIR / "var")
    DEBUG = env.flag("VARIORUM_DEBUG")
    TESTING = env.flag("VARIORUM_TESTING")
    SECRET_KEY = env.text("VARIORUM_SECRET_KEY") or databases.local_secret(DATA_DIR, "VARIORUM_SECRET_KEY")
    ENCRYPTION_KEYS = env.names("VARIORUM_ENCRYPTION_KEYS", []) or [
        databases.local_secret(DATA_DIR, "VARIORUM_ENCRYPTION_KEYS")
    ]
    PORT = env.integer("VARIORUM_PORT", 8080, low=1, high=65535)
    PUBLIC_URL = env.url("VARIORUM_PUBLIC_URL", f"http://127.0.0.1:{PORT}", schemes={"http", "https"}).rstrip("/")
    MAIL = mail_url.read("EMAIL_URL", "VARIORUM_MAIL_FROM", public_url=PUBLIC_URL)
    PROXIES = env.integer("VARIORUM_PROXIES", 0, low=0, high=10)
    ALLOWED_HOSTS = env.names("VARIORUM_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
    DATABASE_URL = env.url("DATABASE_URL", "", schemes={"postgres", "postgresql"})
    BROKER_URL = env.url("BROKER_URL", "", schemes={"redis", "rediss", "amqp", "amqps", "postgres", "postgresql"})
    STORAGE_URL = env.url("STORAGE_URL", "", schemes={"file", "s3", "gs", "az"})
    ALLOW_PRIVATE_HOSTS = env.names("VARIORUM_ALLOW_HOSTS", [])
    MODEL_SERVER_URL = env.url("VARIORUM_MODEL_SERVER_URL", "", schemes={"http", "https"}).rstrip("/")
    DRAIN_SECONDS = env.integer("VARIORUM_DRAIN_SECONDS", 14, low=1, high=14)
    MAX_BODY_MB = env.integer("VARIORUM_MAX_BODY_MB", 20, low=1, high=1000)
    MAX_UPLOAD_MB = env.integer("VARIORUM_MAX_UPLOAD_MB", 200, low=1, high=10_000)
    MAX_LFS_MB = env.integer("VARIORUM_MAX_LFS_MB", 2000, low=1, high=100_000)
    LFS_GRACE_DAYS = env.integer("VARIORUM_LFS_GRACE_DAYS", 14, low=1, high=3650)
    MAX_PUSH_MB = env.integer("VARIORUM_MAX_PUSH_MB", 500, low=1, high=100_000)
    LOG_RETENTION_DAYS = env.integer("VARIORUM_LOG_RETENTION_DAYS", 90, low=1, high=36_500)
    LEASE_SECONDS = env.integer("VARIORUM_LEASE_SECONDS", 15, low=3, high=3600)
    WORKER_THREADS = env.integer("VARIORUM_WORKER_THREADS", 6, low=1, high=256)
    TRAINING_THREADS = env.integer("VARIORUM_TRAINING_THREADS", 1, low=1, high=1024)
    DATABASES = databases.django_databases(DATABASE_URL, DATA_DIR)
except env.BadSetting as exc:
    raise ImproperlyConfigured(str(exc)) from None

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_standardized_errors",
    "variorum.accounts",
    "variorum.events",
    "variorum.jobs",
    "variorum.repos",
    "variorum.datasets",
    "variorum.inference",
    "variorum.drafts",
    "variorum.deployments",
    "variorum.training",
    "variorum.search",
    "evals.metrics",
    "evals.runs",
    "monitoring.logs",
    "monitoring.gateway",
    "monitoring.quality",
    "monitoring.shadow",
    "monitoring.alerts",
    "variorum_sample",
    "variorum_portable",
]

MIDDLEWARE = [
    "variorum.lib.middleware.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "variorum.urls"
APPEND_SLASH = False
ASGI_APPLICATION = "variorum.asgi.application"
WSGI_APPLICATION = "variorum.asgi.wsgi_application"
TEMPLATES: list[dict[str, object]] = []
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else ["django.contrib.auth.hashers.ScryptPasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
)
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

globals().update(MAIL.django_settings())

FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATIC_URL = "/static/"
WHITENOISE_ROOT = FRONTEND_DIST if FRONTEND_DIST.is_dir() else None
WHITENOISE_AUTOREFRESH = False

DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_MB * 1_000_000
FILE_UPLOAD_HANDLERS = [
    "variorum.lib.uploads.SizeLimit",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

SECURE_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = SECURE_HTTPS
CSRF_COOKIE_SECURE = SECURE_HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_ENGINE = "django.contrib.sessions.backends.db"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "variorum.lib.views.csrf_failure"
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016", "security.W018"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "variorum.accounts.authentication.KeyAuthentication",
        "variorum.accounts.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["variorum.accounts.authentication.SignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["variorum.lib.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "variorum.lib.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {"EXCEPTION_FORMATTER_CLASS": "variorum.lib.problems.ProblemFormatter"}

SPECTACULAR_SETTINGS = {
    "TITLE": "Variorum",
    "DESCRIPTION": "Change control for what a model says.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "MailChoiceEnum": "variorum.accounts.models.MailChoice",
        "NoticeKindEnum": "variorum.events.models.Notice.Kind",
        "RoleEnum": "variorum.accounts.roles.Role",
        "ApiKeyStateEnum": ["active", "expired", "revoked"],
        "JobStateEnum": "variorum.jobs.models.Job.State",
        "FileKindEnum": "variorum.repos.serializers.KINDS",
        "DraftStateEnum": "variorum.drafts.models.Draft.State",
        "CheckStateEnum": "variorum.drafts.models.Check.State",
        "ScheduledDeployStateEnum": "variorum.deployments.models.ScheduledDeploy.State",
        "FreezeKindEnum": "variorum.deployments.models.Freeze.Kind",
        "DeploymentKindEnum": "variorum.deployments.models.Deployment.Kind",
        "EvaluationVerdictEnum": "evals.runs.models.EvaluationJob.Verdict",
        "MetricKindEnum": "evals.metrics.models.Metric.Kind",
        "AdapterFormatEnum": "variorum.inference.merging.FORMATS",
        "NewMetricKindEnum": "evals.metrics.serializers.RUNNABLE",
        "SuiteRuleKindEnum": ["at_least", "not_worse"],
        "DirectionEnum": ["better", "worse", "inconclusive"],
        "ShadowStateEnum": "monitoring.shadow.models.Shadow.State",
        "ShadowEndedEnum": "monitoring.shadow.models.Shadow.Ended",
        "ShadowResultEnum": "monitoring.shadow.models.ShadowPair.Result",
        "AlertRuleKindEnum": "monitoring.alerts.models.AlertRule.Kind",
        "AlertRuleStateEnum": "monitoring.alerts.models.AlertRule.State",
        "AlertStateEnum": "monitoring.alerts.models.Alert.State",
        "ChannelKindEnum": "monitoring.alerts.models.Channel.Kind",
        "DeliveryStateEnum": "variorum.events.models.Delivery.State",
        "ApprovalVerdictEnum": "variorum.drafts.models.Approval.Verdict",
        "SeriesKindEnum": ["all", "commit", "other"],
        "RuleChangeEnum": "variorum.deployments.rules_api.CHANGES",
        "FileChangeEnum": ["added", "deleted", "modified", "renamed"],
        "CompareStateEnum": ["same", "changed", "added", "removed"],
        "ComparisonGroupEnum": "variorum.repos.comparison_shapes.GROUP_NAMES",
        "SpanKindEnum": ["same", "removed", "added"],
        "LineageKindEnum": "evals.runs.lineage.KINDS",
        "FoundKindEnum": "variorum.search.queries.KINDS",
        "RolloutStateEnum": "variorum.deployments.models.Rollout.State",
        "GuardMeasureEnum": "monitoring.quality.models.Guard.Measure",
        "GuardActionEnum": "monitoring.quality.models.Guard.Action",
        "LogStatusEnum": ["ok", "error"],
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "httpx": {"level": "WARNING"},
        "dramatiq": {"level": "WARNING"},
    },
}
