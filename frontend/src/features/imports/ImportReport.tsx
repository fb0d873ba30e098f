import { plural } from "@/lib/format";
import { Card } from "@/ui/Card";
import { CodeView } from "@/ui/CodeView";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import styles from "./Imports.module.css";
import { lossesOf, type Preview, type Prompt, ranges } from "./imports";

/** What would be made of each prompt, what would not come as it was, and the texts themselves. */
export function ImportReport({ found }: { found: Preview }) {
  const lost = found.prompts.filter((prompt) => lossesOf(prompt).length > 0);
  const failed = found.prompts.filter((prompt) => prompt.versions.some((version) => version.failure));
  const good = found.prompts.filter((prompt) => prompt.imported).length;
  return (
    <>
      <Card
        title="What would be made"
        description={`${good} of ${plural(found.prompts.length, "prompt")} can be imported.`}
        padding="none"
      >
        <Table label="Prompts" columns={COLUMNS} rows={found.prompts} rowKey={(prompt) => prompt.name} />
      </Card>
      {failed.length > 0 && (
        <Card
          title="Not imported"
          description="Leaving out what has no counterpart would change what they say."
        >
          <dl className={styles.lost}>
            {failed.map((prompt) => (
              <div key={prompt.name}>
                <dt>{prompt.name}</dt>
                <dd>
                  <ul>
                    {prompt.versions.flatMap(({ number, failure }) =>
                      failure ? [<li key={number}>{named(prompt, String(number)) + failure}</li>] : [],
                    )}
                  </ul>
                </dd>
              </div>
            ))}
          </dl>
        </Card>
      )}
      {lost.length > 0 && (
        <Card title="Not carried over as it was">
          <dl className={styles.lost}>
            {lost.map((prompt) => (
              <div key={prompt.name}>
                <dt>{prompt.name}</dt>
                <dd>
                  <ul>
                    {lossesOf(prompt).map(({ versions, place, what, why }) => (
                      <li key={`${place} ${what} ${why}`}>
                        {named(prompt, versions)}
                        {place}: <span className={styles.what}>{what}</span>, {why}
                      </li>
                    ))}
                  </ul>
                </dd>
              </div>
            ))}
          </dl>
        </Card>
      )}
      {found.files.length > 0 && <Texts files={found.files} />}
    </>
  );
}

/** "Version 3, ", where there are several. */
function named(prompt: Prompt, versions: string): string {
  return prompt.versions.length > 1 ? `Version ${versions}, ` : "";
}

function Texts({ files }: { files: Preview["files"] }) {
  return (
    <Card title="The files" description="As they would be, in their newest version.">
      <div className={styles.files}>
        {files.map(({ path, text }) => (
          <details key={path}>
            <summary>{path}</summary>
            <CodeView label={path} text={text} language="prompt" wrap />
          </details>
        ))}
      </div>
    </Card>
  );
}

const COLUMNS: Column<Prompt>[] = [
  { key: "name", header: "Prompt", primary: true, cell: (prompt) => prompt.name },
  {
    key: "versions",
    header: "Versions",
    width: "110px",
    cell: ({ versions }) =>
      ranges(versions.flatMap(({ imported, number }) => (imported ? [number] : []))) || "none",
  },
  { key: "files", header: "Becomes", width: "44%", cell: ({ files }) => files.join(", ") || "–" },
  {
    key: "state",
    header: "State",
    width: "130px",
    cell: ({ imported }) => (
      <StateBadge state={imported ? "ok" : "fail"} plain>
        {imported ? "can come" : "cannot come"}
      </StateBadge>
    ),
  },
];
