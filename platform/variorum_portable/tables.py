"""Every room's tables in one order: what is referred to comes before what refers to it."""

from evals.metrics import portable as metrics
from evals.runs import portable as runs
from monitoring.alerts import portable as alerts
from monitoring.gateway import portable as gateway
from monitoring.logs import portable as logs
from monitoring.quality import portable as quality
from monitoring.shadow import portable as shadow
from variorum.accounts import portable as accounts
from variorum.datasets import portable as datasets
from variorum.deployments import portable as deployments
from variorum.drafts import portable as drafts
from variorum.events import portable as events
from variorum.inference import portable as inference
from variorum.jobs import portable as jobs
from variorum.lib.portable import Stays, Table
from variorum.repos import portable as repos
from variorum.training import portable as training

ROOMS = [
    accounts, events, jobs, repos, datasets, inference, drafts, deployments, training, metrics, runs, logs, gateway,
    quality, shadow, alerts,
]  # fmt: skip
TABLES: list[Table] = [table for room in ROOMS for table in room.TABLES]
STAYS: Stays = {model: why for room in ROOMS for model, why in room.STAYS.items()}
