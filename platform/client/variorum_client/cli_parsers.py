"""The options of every command of `variorum`, with help that shows how it is used."""

import argparse

from variorum_client.cli_options import FORMATS, Commands
from variorum_client.cli_options import command as _command
from variorum_client.cli_options import environment as _environment
from variorum_client.cli_options import plain as _parser
from variorum_client.cli_options import positive as _positive
from variorum_client.cli_options import project as _project
from variorum_client.cli_options import seconds as _seconds
from variorum_client.cli_options import variables as _variables
from variorum_client.importing.systems import SYSTEMS
from variorum_client.rollouts.options import add_rollout as _add_rollout

EPILOG = """\
The server, the key and the project come from the options, else from the clone you stand in, else from VARIORUM_URL,
VARIORUM_API_KEY and VARIORUM_PROJECT. Exit code 0: well; 1: a problem was found or the server refused; 2: wrong usage.
`variorum COMMAND --help` shows examples. NO_COLOR=1 switches colours off.
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    made = argparse.ArgumentParser(
        prog="variorum",
        description="Prompts, configs and adapters in your editor: clone, change, check, propose, deploy, roll back.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="command")
    for add in (*_EDITOR, *_SERVER):
        add(commands)
    return made


def _add_clone(commands: Commands) -> None:
    parser = _command(
        commands,
        "clone",
        "clone a project's repository",
        """\
        variorum clone support-desk
        variorum clone support-desk ~/work/desk --save-key --hook
        """,
    )
    parser.add_argument("name", nargs="?", metavar="project", help="the project's slug (VARIORUM_PROJECT)")
    parser.add_argument("folder", nargs="?", help="where to (default: a folder of that name)")
    parser.add_argument("--save-key", action="store_true", help="keep the key in a file that only you can read")
    parser.add_argument("--hook", action="store_true", help="check every commit before it is made")
    parser.add_argument("--depth", type=_positive, metavar="N", help="only the last N commits")
    parser.set_defaults(project=None)


def _add_status(commands: Commands) -> None:
    parser = _command(
        commands,
        "status",
        "what is changed here, the draft of this branch, what is live where",
        """\
        variorum status
        variorum status --json | jq .draft.blockers
        """,
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    _project(parser)


def _add_diff(commands: Commands) -> None:
    parser = _command(
        commands,
        "diff",
        "what differs between the files here and main, a commit, or what is live",
        """\
        variorum diff                      # what this branch changes
        variorum diff HEAD                 # what is not committed yet
        variorum diff --live production    # what deploying this would change
        variorum diff prompts/triage.prompt
        """,
    )
    parser.add_argument("paths", nargs="*", metavar="COMMIT or PATH", help="a branch, tag or commit; files and folders")
    parser.add_argument("--live", metavar="ENV", help="compare with what this environment serves")
    parser.add_argument("--raw", action="store_true", help="by lines, as Git shows it")
    parser.add_argument("--json", action="store_true", help="as JSON")
    _project(parser)


def _add_check(commands: Commands) -> None:
    parser = _parser(
        commands,
        "check",
        "every fault of the artefacts, offline",
        """\
        variorum check                          # the whole clone
        variorum check prompts/triage.prompt    # one file, from any folder
        variorum check --staged                 # what the next commit would hold
        variorum check --sarif problems.sarif   # also for code scanning
        """,
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: all)")
    parser.add_argument("--staged", action="store_true", help="what the next commit would hold")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to print it (default: text)")
    parser.add_argument("--sarif", metavar="FILE", help="write SARIF 2.1.0 to a file as well")
    parser.add_argument("--install-hook", action="store_true", help="make this clone check every commit, then stop")


def _add_open(commands: Commands) -> None:
    parser = _command(
        commands,
        "open",
        "open a draft from this branch, or push to the one it has",
        """\
        variorum open
        variorum open -m 'Be kinder' --web      # commit everything first, then show the page
        variorum open --title 'Kinder triage' --description 'Customers asked for it.'
        """,
    )
    parser.add_argument("-m", "--message", help="commit everything that is changed under this message first")
    parser.add_argument("--title", help="the draft's title (default: the commit's first line)")
    parser.add_argument("--description", help="what it is about")
    parser.add_argument("--branch", metavar="NAME", help="the branch to make when you are on main")
    parser.add_argument("--web", action="store_true", help="show the draft in a browser")
    parser.add_argument("--json", action="store_true", help="the draft as JSON")
    _project(parser)


def _add_run(commands: Commands) -> None:
    parser = _command(
        commands,
        "run",
        "render a prompt of this folder and ask a model",
        """\
        variorum run prompts/triage.prompt --var text='Where is my parcel?'
        variorum run prompts/triage.prompt --row support-mails:0 --model openai/gpt-4o
        variorum run prompts/triage.prompt --vars row.json --endpoint http://127.0.0.1:8000/v1
        """,
    )
    parser.add_argument("prompt", help="a file that ends in .prompt")
    parser.add_argument("--row", metavar="DATASET:NUMBER", help="variables from a row of a dataset, the first being 0")
    parser.add_argument("--model", help="provider/model instead of the prompt's own; at an endpoint its own name")
    parser.add_argument("--endpoint", metavar="URL", help="an OpenAI-compatible address (VARIORUM_MODEL_URL, _KEY)")
    parser.add_argument("--json", action="store_true", help="as JSON, with the messages")
    _variables(parser)
    _project(parser)
    parser.set_defaults(timeout=120.0)


def _add_pull(commands: Commands) -> None:
    parser = _command(
        commands,
        "pull",
        "bring the branch up to date with the server and with main",
        """\
        variorum pull
        variorum pull --no-main    # only the branch's own commits
        variorum pull --keep       # on a conflict, put both versions into the files
        """,
    )
    parser.add_argument("--no-main", action="store_true", help="do not bring main in")
    parser.add_argument("--keep", action="store_true", help="leave a conflict in the files, to be solved by hand")


def _add_push(commands: Commands) -> None:
    _command(
        commands,
        "push",
        "push the branch and say what the server said",
        """\
        variorum push
        """,
    )


def _add_import(commands: Commands) -> None:
    parser = _parser(
        commands,
        "import",
        "bring prompts of another system, and tell what could not be carried over",
        """\
        variorum import langfuse prompts.json --dry-run
        variorum import langfuse https://cloud.langfuse.com --provider openai
        variorum import mlflow http://127.0.0.1:5000 --into support
        variorum import prompty ./prompts
        variorum import promptl ./latitude --newest --report report.json
        """,
    )
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument(
        "source", help="a file, a folder, - for standard input; for langfuse and mlflow also an address"
    )
    parser.add_argument("--into", metavar="FOLDER", help="a folder below prompts/")
    parser.add_argument("--provider", metavar="NAME", help="the provider of models that are named without one")
    parser.add_argument("--dry-run", action="store_true", help="write nothing, only report")
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    parser.add_argument("--newest", action="store_true", help="only the newest version of each prompt")
    parser.add_argument("--no-commit", action="store_true", help="write the newest versions as files, commit nothing")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument("--report", metavar="FILE", help="write the report to a file as JSON")
    parser.add_argument("--timeout", type=_seconds, default=30.0, metavar="SECONDS")


def _add_credential(commands: Commands) -> None:
    parser = _parser(commands, "credential", "answer Git, which asks for the key (used by clones)", "")
    parser.add_argument("action", choices=("get", "store", "erase"))


def _add_fetch(commands: Commands) -> None:
    parser = _command(
        commands,
        "fetch",
        "write the live bundle, or one prompt of it",
        """\
        variorum fetch -o bundle.json
        variorum fetch --prompt triage -e staging
        """,
    )
    parser.add_argument("--prompt", metavar="NAME", help="only the source of this prompt")
    parser.add_argument("-o", "--output", metavar="FILE", help="to a file, for example as the SDK's fallback")
    _environment(parser)


def _add_render(commands: Commands) -> None:
    parser = _command(
        commands,
        "render",
        "render a prompt with variables",
        """\
        variorum render prompts/triage.prompt --var text='Where is it?' --var n:=3
        variorum render triage --vars row.json --json
        """,
    )
    parser.add_argument("prompt", help="a live prompt's name, or a file that ends in .prompt")
    parser.add_argument("--json", action="store_true", help="as JSON messages")
    _variables(parser)
    _environment(parser)


def _add_deploy(commands: Commands) -> None:
    parser = _command(
        commands, "deploy", "make a commit live", "variorum deploy staging main --note 'kinder answers'\n"
    )
    parser.add_argument("env", help="the environment, such as staging")
    parser.add_argument("commit", help="a tag, a commit of main, or main itself")
    parser.add_argument("--note", default="", help="why")
    _project(parser)


def _add_rollback(commands: Commands) -> None:
    parser = _command(
        commands, "rollback", "serve an earlier deployment again", "variorum rollback production --to 7\n"
    )
    parser.add_argument("env", help="the environment, such as production")
    parser.add_argument("--to", type=int, metavar="NUMBER", help="the deployment to restore (default: the one before)")
    parser.add_argument("--note", default="", help="why")
    _project(parser)


def _add_live(commands: Commands) -> None:
    parser = _command(
        commands,
        "live",
        "what was live when",
        """\
        variorum live --at "2026-11-17 14:05" --environment production
        variorum live --at "tuesday 14:05" --zone Europe/Berlin --text
        variorum live --at "2 hours ago" -e production --prompt triage > then.prompt
        """,
    )
    what = "'tuesday 14:05', '2 hours ago', a day (its beginning), ISO 8601"
    parser.add_argument("--at", default="now", metavar="MOMENT", help=what)
    parser.add_argument("--zone", metavar="NAME", help="of MOMENT, as Europe/Berlin (default: the computer's)")
    parser.add_argument("-e", "--environment", help="only this one (default: all)")
    parser.add_argument("--text", action="store_true", help="with the prompts' texts")
    parser.add_argument("--prompt", metavar="NAME", help="only the text of this prompt")
    parser.add_argument("--json", action="store_true", help="as JSON")
    _project(parser)


def _add_export(commands: Commands) -> None:
    parser = _command(
        commands,
        "export",
        "the whole project as one file",
        """\
        variorum export                          # support-desk.zip
        variorum export support-desk desk.zip
        """,
    )
    parser.add_argument("name", nargs="?", metavar="project", help="the project's slug (VARIORUM_PROJECT)")
    parser.add_argument("file", nargs="?", metavar="FILE", help="default: the project's slug and .zip")
    parser.add_argument("-o", "--output", metavar="FILE", help="the same as an option")
    _project(parser)


def _add_export_adapter(commands: Commands) -> None:
    parser = _command(
        commands,
        "export-adapter",
        "an adapter merged into its base model, or as GGUF, with its card and licence",
        """\
        variorum export-adapter triage                        # triage-gguf.zip: one file for llama.cpp
        variorum export-adapter triage --format merged --ref v3
        """,
    )
    parser.add_argument("folder", metavar="ADAPTER", help="its folder, with or without adapters/ before it")
    forms = ("merged", "gguf", "gguf-lora")
    parser.add_argument("--format", choices=forms, default="gguf", help="default: gguf")
    parser.add_argument("--ref", default="main", help="a branch, a tag or a commit (default: main)")
    parser.add_argument("-o", "--output", metavar="FILE", help="default: its name, the format and .zip")
    _project(parser)


def _add_import_project(commands: Commands) -> None:
    parser = _command(
        commands,
        "import-project",
        "make a project of an exported file; it comes whole or not at all",
        """\
        variorum import-project desk.zip
        variorum import-project desk.zip --slug copy --name 'A copy'
        """,
    )
    parser.add_argument("file", metavar="FILE", help="what `variorum export` wrote")
    parser.add_argument("--slug", help="another address name than the file's")
    parser.add_argument("--name", help="another name than the file's")
    parser.add_argument("--json", action="store_true", help="the report as JSON")


def _add_log(commands: Commands) -> None:
    parser = _command(
        commands,
        "log",
        "send one log",
        "variorum log --prompt triage --var text=Hi --output delivery --latency-ms 212\n",
    )
    parser.add_argument("--prompt", required=True, help="the prompt's name")
    parser.add_argument("--output", help="what the model said; - reads standard input")
    parser.add_argument("--error", help="what went wrong")
    parser.add_argument("--commit", help="the commit that was served")
    parser.add_argument("--model", help="provider/model")
    parser.add_argument("--latency-ms", type=float, metavar="MS")
    _variables(parser)
    _environment(parser)


def _add_merge_file(commands: Commands) -> None:
    parser = _parser(
        commands,
        "merge-file",
        "merge one file as the server does: by setting, message and sentence (a merge driver for Git)",
        """        git config merge.variorum.driver "variorum merge-file %O %A %B %P"
        echo "*.prompt merge=variorum" >> .git/info/attributes
        """,
    )
    parser.add_argument("base", metavar="BASE", help="the file where both began; empty when both added it")
    parser.add_argument("ours", metavar="OURS", help="ours; the result is written here, conflicts between markers")
    parser.add_argument("theirs", metavar="THEIRS", help="theirs")
    parser.add_argument("path", metavar="PATH", help="the file's path in the repository, which tells what it is")


_EDITOR = (
    *(_add_clone, _add_status, _add_diff, _add_check, _add_open, _add_run, _add_pull, _add_push, _add_import),
    _add_merge_file,
)
_SERVER = (
    *(
        _add_fetch,
        _add_render,
        _add_deploy,
        _add_rollback,
        _add_rollout,
        _add_live,
        _add_export,
        _add_export_adapter,
        _add_import_project,
        _add_log,
    ),
    _add_credential,
)
