import { useState } from "react";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CodeEditor, type Lint } from "@/ui/CodeEditor";
import { CodeView } from "@/ui/CodeView";
import { Diff, type Side } from "@/ui/Diff";
import { TextArea } from "@/ui/Field";
import { Stack } from "@/ui/Page";

const OLD = `---
model: local/smollm2-135m
config:
  temperature: 0.7
input:
  schema:
    message: string
---
{{role "system"}}
You sort messages of customers into queues.
Answer with one word.

{{! the labels come from the desk's own list }}
{{#each labels}}- {{this}}
{{/each}}
{{role "user"}}
{{message}}
`;
const NEW = OLD.replace("0.7", "0.2")
  .replace(
    "Answer with one word.",
    "Answer with one word from this list, in lower case.\nWhen two fit, take the more urgent one.",
  )
  .replace('{{role "user"}}', '{{role "user"}}\nMessage:');

const lint = (text: string): Lint[] =>
  text.split("\n").flatMap((line, index) => {
    const column = line.indexOf("temperature");
    return column < 0
      ? []
      : [{ line: index + 1, column: column + 1, message: "An example of a finding.", severity: "warning" }];
  });

export function KitCode() {
  const [text, setText] = useState(NEW);
  const [mode, setMode] = useState<"split" | "unified">("split");
  const [asked, setAsked] = useState<{ side: Side; line: number } | null>({ side: "new", line: 11 });
  const between = (side: Side, line: number) =>
    asked?.side === side && asked.line === line ? (
      <TextArea rows={2} aria-label="Comment" defaultValue="Why the more urgent one?" />
    ) : null;
  return (
    <Stack>
      <Card
        title="prompts/triage.prompt"
        padding="none"
        actions={
          <Button size="small" onClick={() => setMode(mode === "split" ? "unified" : "split")}>
            {mode === "split" ? "Unified" : "Side by side"}
          </Button>
        }
      >
        <Diff
          path="prompts/triage.prompt"
          old={OLD}
          new={NEW}
          mode={mode}
          between={between}
          keep={(side, line) => asked?.side === side && asked.line === line}
          onComment={(side, line) => setAsked({ side, line })}
        />
      </Card>
      <Card title="Editor">
        <CodeEditor
          label="Prompt"
          language="prompt"
          value={text}
          onChange={setText}
          lint={lint}
          variables={["message", "labels"]}
        />
      </Card>
      <Card title="View" padding="none">
        <CodeView
          label="configs/limits.json"
          language="json"
          text={'{\n  "max": 12,\n  "words": ["a", "b"],\n  "on": true\n}'}
          lines
        />
      </Card>
    </Stack>
  );
}
