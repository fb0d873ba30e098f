import Markdown, { type MarkdownToJSX, RuleType } from "markdown-to-jsx/react";
import { type ComponentProps, memo, type ReactNode, useMemo } from "react";
import type { MarkdownProps } from "./Markdown";
import styles from "./Markdown.module.css";

/** Beyond it, in letters, a text is shown as it is: reading it as Markdown could hold the page up. */
const LONG = 20_000;

const OPTIONS: MarkdownToJSX.Options = {
  disableParsingRawHTML: true,
  forceBlock: true,
  preserveFrontmatter: true,
  wrapper: "div",
  overrides: {
    a: (props: ComponentProps<"a">) => (
      <a href={props.href} rel="noreferrer nofollow">
        {props.children}
      </a>
    ),
    // An image would tell a foreign server who reads this.
    img: (props: ComponentProps<"img">) => (
      <a href={props.src} rel="noreferrer nofollow">
        {props.alt || props.src}
      </a>
    ),
    table: (props: ComponentProps<"table">) => (
      <div className={styles.wide} tabIndex={0} role="region" aria-label="Table">
        <table>{props.children}</table>
      </div>
    ),
    // A task cannot be ticked here, so it is a sign and no control.
    input: (props: ComponentProps<"input">) => (
      <span role="img" aria-label={props.checked ? "done" : "to do"}>
        {props.checked ? "☑" : "☐"}
      </span>
    ),
    // Without the ids that would be made of what was written: they could be those of the page.
    div: (props: ComponentProps<"div">) => <div className={props.className}>{props.children}</div>,
    h1: H3,
    h2: H3,
    h3: H4,
    h4: H4,
    h5: H4,
    h6: H4,
  },
};

function H3({ children }: { children?: ReactNode }) {
  return <h3>{children}</h3>;
}

function H4({ children }: { children?: ReactNode }) {
  return <h4>{children}</h4>;
}

/** The drawing part of Markdown.tsx; raw HTML in the text stays text. */
function MarkdownText({ text, words }: MarkdownProps) {
  const options = useMemo(() => (words ? { ...OPTIONS, renderRule: shown(words) } : OPTIONS), [words]);
  if (text.length > LONG) return <p className={styles.plain}>{words ? words(text) : text}</p>;
  return (
    <Markdown options={options} className={styles.text}>
      {text}
    </Markdown>
  );
}

export default memo(MarkdownText);

/** Words outside of code go through `words`. */
function shown(words: (text: string) => ReactNode): NonNullable<MarkdownToJSX.Options["renderRule"]> {
  return (next, node, _render, state) =>
    node.type === RuleType.text ? <span key={state.key}>{words(node.text)}</span> : next();
}
