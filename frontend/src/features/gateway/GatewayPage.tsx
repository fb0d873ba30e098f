import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useCan } from "@/api/session";
import { SettingsFrame } from "@/features/settings/SettingsFrame";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CodeView } from "@/ui/CodeView";
import { Stack } from "@/ui/Page";
import { Segmented } from "@/ui/Segmented";
import { CircuitsCard } from "./CircuitsCard";
import styles from "./Gateway.module.css";
import { snippet } from "./gateway";
import { KeysCard } from "./KeysCard";
import { PatienceCard } from "./PatienceCard";
import { RoutesCard } from "./RoutesCard";

const KINDS = [
  { value: "python", label: "Python" },
  { value: "typescript", label: "TypeScript" },
  { value: "curl", label: "curl" },
] as const;

export default function GatewayPage() {
  const { project = "" } = useParams({ strict: false });
  const may = useCan(project, "maintainer");
  return (
    <SettingsFrame
      title="Gateway"
      description="An address that every OpenAI client can call. It fills the prompt that is live, asks the model and logs the call."
    >
      <Stack>
        <CircuitsCard project={project} />
        <Address project={project} />
        {may && <KeysCard project={project} />}
        <RoutesCard project={project} may={may} />
        <PatienceCard project={project} may={may} />
      </Stack>
    </SettingsFrame>
  );
}

function Address({ project }: { project: string }) {
  const owner = useCan(project, "owner");
  const [kind, setKind] = useState<(typeof KINDS)[number]["value"]>("python");
  const address = `${window.location.origin}/v1`;
  const text = snippet(kind, address);
  return (
    <Card
      title="Address"
      description="The model is provider/model, or prompts/ and the name of a prompt; rules decide which commit of it answers."
    >
      <Stack>
        <div className={styles.line}>
          <code>{address}</code>
          <Copy text={address} label="the address" />
        </div>
        <div className={styles.bar}>
          <Segmented label="Language" value={kind} options={KINDS} onChange={setKind} />
          <Copy text={text} label="the example" />
        </div>
        <CodeView text={text} label="How to call it" wrap />
        <p className={styles.links}>
          It needs an API key with the scope Gateway
          {owner && (
            <>
              {" "}
              (
              <Link to="/p/$project/settings/keys" params={{ project }}>
                make one
              </Link>
              )
            </>
          )}
          .{" "}
          <Link to="/p/$project/logs" params={{ project }} search={{ tag: "gateway" }}>
            Recent calls
          </Link>{" "}
          are in the logs.
        </p>
      </Stack>
    </Card>
  );
}

function Copy({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <Button
      size="small"
      icon={copied ? "check" : "copy"}
      aria-label={copied ? `Copied ${label}` : `Copy ${label}`}
      onClick={() => void copy()}
    >
      {copied ? "Copied" : "Copy"}
    </Button>
  );
}
