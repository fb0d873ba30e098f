import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useCan } from "@/api/session";
import { Button } from "@/ui/Button";
import { Popover } from "@/ui/Popover";
import styles from "./CloneButton.module.css";

/** Where the project's files can be had with git. For those who live in an editor; everybody else needs none of it. */
export function CloneButton({ project }: { project: string }) {
  return (
    <Popover label="Work on your own machine" width={420} trigger={<Button icon="download">Clone</Button>}>
      {(close) => <Panel project={project} onLeave={close} />}
    </Popover>
  );
}

function Panel({ project, onLeave }: { project: string; onLeave: () => void }) {
  const owner = useCan(project, "owner");
  return (
    <div className={styles.panel}>
      <h2>Work on your own machine</h2>
      <p>All files with their history, by Git:</p>
      <Copied text={`git clone ${window.location.origin}/${project}.git`} />
      <p>
        Any user name will do; the password is an{" "}
        {owner ? (
          <Link to="/p/$project/settings/keys" params={{ project }} onClick={onLeave}>
            API key
          </Link>
        ) : (
          "API key, which an owner makes in the settings"
        )}
        . A branch that you push becomes a draft:
      </p>
      <Copied text="git push origin HEAD:refs/heads/my-change" />
    </div>
  );
}

function Copied({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <div className={styles.line}>
      <code>{text}</code>
      <Button
        size="small"
        icon={copied ? "check" : "copy"}
        aria-label={`Copy: ${text}`}
        onClick={() => void copy()}
      >
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
