import { lazy, Suspense } from "react";
import styles from "./Markdown.module.css";

const MarkdownText = lazy(() => import("./MarkdownText"));

/** What a person wrote, as Markdown: paragraphs, lists, tables, code and links. The plain text stands there first. */
export function Markdown({ text }: { text: string }) {
  return (
    <Suspense fallback={<p className={styles.plain}>{text}</p>}>
      <MarkdownText text={text} />
    </Suspense>
  );
}
