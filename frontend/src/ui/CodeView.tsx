import { useMemo } from "react";
import { cx } from "@/lib/cx";
import styles from "./Code.module.css";
import { type Language, type Token, tokenize } from "./syntax";

interface CodeViewProps {
  text: string;
  language?: Language;
  label: string;
  /** Line numbers with anchors `#L12`. */
  lines?: boolean;
  wrap?: boolean;
}

/** Text of an artefact for reading: coloured, numbered, copied without its numbers. */
export function CodeView({ text, language = "text", label, lines = false, wrap = false }: CodeViewProps) {
  const rows = useMemo(() => tokenize(text.replace(/\n$/, ""), language), [text, language]);
  return (
    <section className={cx(styles.view, wrap && styles.wrap)} aria-label={label} tabIndex={0}>
      <code>
        {rows.map((tokens, index) => (
          <div key={index} className={styles.line} id={lines ? `L${index + 1}` : undefined}>
            {lines && (
              <a href={`#L${index + 1}`} className={styles.number} aria-label={`Line ${index + 1}`}>
                {index + 1}
              </a>
            )}
            <span className={styles.text}>
              <Tokens tokens={tokens} />
            </span>
          </div>
        ))}
      </code>
    </section>
  );
}

export function Tokens({ tokens }: { tokens: Token[] }) {
  if (tokens.length === 0) return "\u200b";
  return tokens.map((token, index) =>
    token.kind === "plain" ? (
      token.text
    ) : (
      <span key={index} className={styles[token.kind === "number" ? "num" : token.kind]}>
        {token.text}
      </span>
    ),
  );
}
