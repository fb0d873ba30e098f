import { useQuery } from "@tanstack/react-query";
import { toProblem } from "@/api/problem";
import { ErrorState } from "@/ui/ErrorState";
import { Icon } from "@/ui/Icon";
import { SkeletonText } from "@/ui/Skeleton";
import { renderQuery } from "./files";
import styles from "./Prompt.module.css";
import { useSettled } from "./useSettled";

interface RenderedPromptProps {
  project: string;
  path: string;
  ref_: string;
  /** The text in an editor; without it the file as it is at the ref. */
  source?: string | undefined;
  variables: Record<string, unknown>;
}

/** A prompt's messages with the variables filled in, as a model would get them. */
export function RenderedPrompt({ project, path, ref_, source, variables }: RenderedPromptProps) {
  const rendered = useQuery(
    renderQuery(project, { path, ref: ref_, source, variables: useSettled(variables) }),
  );
  if (rendered.isPending) return <SkeletonText lines={6} />;
  if (rendered.isError && toProblem(rendered.error).status !== 422)
    return <ErrorState error={rendered.error} />;
  if (rendered.isError) {
    return (
      <p className={styles.cannot} role="status">
        <Icon name="info" /> {toProblem(rendered.error).detail}
      </p>
    );
  }
  return (
    <ol className={styles.messages} aria-label="Messages">
      {rendered.data.messages.map((message, index) => (
        <li key={index} className={styles.message}>
          <div className={styles.role}>{message.role}</div>
          <div className={styles.text}>{words(message.content)}</div>
        </li>
      ))}
    </ol>
  );
}

function words(content: unknown): string {
  return typeof content === "string" ? content.trim() : JSON.stringify(content, null, 2);
}
