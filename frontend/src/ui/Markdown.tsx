import { lazy, type ReactNode, Suspense } from "react";
import styles from "./Markdown.module.css";

const MarkdownText = lazy(() => import("./MarkdownText"));

export interface MarkdownProps {
  text: string;
  /** How words outside of code are shown; left out, as they are. */
  words?: (text: string) => ReactNode;
}

/** What a person wrote, as Markdown: paragraphs, lists, tables, code and links. The plain text stands there first. */
export function Markdown({ text, words }: MarkdownProps) {
  return (
    <Suspense fallback={<p className={styles.plain}>{words ? words(text) : text}</p>}>
      <MarkdownText text={text} {...(words ? { words } : {})} />
    </Suspense>
  );
}
