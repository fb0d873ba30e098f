import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useCan } from "@/api/session";
import { Button } from "@/ui/Button";
import { CodeView } from "@/ui/CodeView";
import { SkeletonText } from "@/ui/Skeleton";
import { Tabs } from "@/ui/Tabs";
import styles from "./Connect.module.css";
import { askedOf, snippets } from "./connecting";
import { type Environment, servedQuery } from "./deployments";

/** What an app needs: a key, and a few lines in its language. */
export default function ConnectPanel({
  project,
  environment,
}: {
  project: string;
  environment: Environment;
}) {
  const [way, setWay] = useState("python");
  const served = useQuery(servedQuery(project, undefined, environment.slug));
  if (served.isPending) return <SkeletonText lines={6} />;
  const asked = askedOf(served.data ?? []);
  return (
    <div className={styles.panel}>
      <KeyNeeded project={project} environment={environment} />
      <Tabs
        label="Ways to connect"
        value={way}
        onChange={setWay}
        tabs={snippets(window.location.origin, environment.slug, asked).map((item) => ({
          value: item.value,
          label: item.label,
          content: (
            <div className={styles.way}>
              <p>{item.about}</p>
              <Copied label={item.label} text={item.text} />
            </div>
          ),
        }))}
      />
    </div>
  );
}

function KeyNeeded({ project, environment }: { project: string; environment: Environment }) {
  const owner = useCan(project, "owner");
  return (
    <p>
      It needs an API key with the scope Runtime
      {owner ? (
        <>
          :{" "}
          <Link to="/p/$project/settings/keys" params={{ project }}>
            make one
          </Link>
        </>
      ) : (
        ", which an owner makes in the settings"
      )}
      . Best is one that acts in {environment.name} alone. Keep it on your servers: whoever has it can read
      every prompt that is live here.
    </p>
  );
}

function Copied({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <div className={styles.code}>
      <CodeView text={text} label={`Lines for ${label}`} />
      <Button size="small" icon={copied ? "check" : "copy"} onClick={() => void copy()}>
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
